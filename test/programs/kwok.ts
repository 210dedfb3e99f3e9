/** kwok's controller with its own stages: nodes it answers for become Ready, pods on them run and go. */
import { join } from "node:path";
import { freePort } from "../control-plane/free-port.ts";
import { eventually, type Cluster, goProgram, kubectl, moduleDirectory, start } from "./program.ts";

const version = "v0.8.0";
const nodes = 20;
const replicas = 100;

const stages = [
  "node/fast/node-initialize.yaml",
  "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
  "pod/fast/pod-ready.yaml",
  "pod/fast/pod-complete.yaml",
  "pod/fast/pod-delete.yaml",
];

function node(index: number): object {
  const name = `kwok-${index}`;
  const labels = { type: "kwok", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64" };
  const room = { cpu: "32", memory: "256Gi", pods: "110" };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels, annotations: { "kwok.x-k8s.io/node": "fake" } },
    spec: { taints: [{ key: "kwok.x-k8s.io/node", value: "fake", effect: "NoSchedule" }] },
    status: { allocatable: room, capacity: room },
  };
}

const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "many", namespace: "default" },
  spec: {
    replicas,
    selector: { matchLabels: { app: "many" } },
    template: {
      metadata: { labels: { app: "many" } },
      spec: {
        nodeSelector: { type: "kwok" },
        tolerations: [{ key: "kwok.x-k8s.io/node", operator: "Exists" }],
        containers: [{ name: "c", image: "nothing.example/at-all:1" }],
      },
    },
  },
};

export async function checkKwok(cluster: Cluster): Promise<void> {
  const executable = goProgram(cluster, `sigs.k8s.io/kwok/cmd/kwok@${version}`);
  const stage = join(moduleDirectory(`sigs.k8s.io/kwok@${version}`), "kustomize", "stage");
  const running = start(cluster, executable, [
    "--kubeconfig",
    cluster.kubeconfig,
    "--manage-all-nodes=false",
    "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
    "--server-address",
    `127.0.0.1:${await freePort()}`,
    "--node-lease-duration-seconds",
    "40",
    ...stages.flatMap((file) => ["--config", join(stage, file)]),
  ]);
  const count = (kind: string, selector: string, path: string, value: string): number =>
    kubectl(cluster, ["get", kind, "-l", selector, "-o", `jsonpath={range .items[*]}{${path}}{"\\n"}{end}`])
      .split("\n")
      .filter((line) => line === value).length;
  try {
    const items = Array.from({ length: nodes }, (_, i) => node(i));
    kubectl(cluster, ["create", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    await eventually(
      `${nodes} nodes Ready`,
      60,
      () => count("nodes", "type=kwok", '.status.conditions[?(@.type=="Ready")].status', "True") === nodes,
    );
    kubectl(cluster, ["create", "-f", "-"], JSON.stringify(deployment));
    await eventually(`${replicas} pods Running`, 60, () => count("pods", "app=many", ".status.phase", "Running") === replicas);
    kubectl(cluster, ["rollout", "status", "deployment/many", "--timeout=30s"]);
    kubectl(cluster, ["delete", "deployment", "many"]);
    await eventually("no pod", 60, () => count("pods", "app=many", ".metadata.namespace", "default") === 0);
    kubectl(cluster, ["delete", "nodes", "-l", "type=kwok"]);
  } finally {
    await running.stop();
  }
}
