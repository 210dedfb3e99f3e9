/** metrics-server behind an APIService whose Service's endpoint is this machine; `kubectl top` asks it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../control-plane/free-port.ts";
import { eventually, type Cluster, goProgram, kubectl, moduleDirectory, ownAddress, start } from "./program.ts";

const version = "v0.9.0";

export async function checkMetricsServer(cluster: Cluster): Promise<void> {
  const executable = goProgram(cluster, `sigs.k8s.io/metrics-server/cmd/metrics-server@${version}`);
  const base = join(moduleDirectory(`sigs.k8s.io/metrics-server@${version}`), "manifests", "base");
  const [port, address] = [await freePort(), ownAddress()];
  for (const file of ["rbac.yaml", "apiservice.yaml"]) kubectl(cluster, ["apply", "-f", join(base, file)]);
  const metadata = { name: "metrics-server", namespace: "kube-system" };
  const ports = [{ name: "https", port, protocol: "TCP" }];
  const service = { apiVersion: "v1", kind: "Service", metadata, spec: { ports: [{ ...ports[0], port: 443, targetPort: port }] } };
  const slice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { ...metadata, labels: { "kubernetes.io/service-name": "metrics-server" } },
    addressType: "IPv4",
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports,
  };
  kubectl(cluster, ["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: [service, slice] }));
  const config = cluster.kubeconfig;
  const running = start(cluster, executable, [
    "--kubeconfig",
    config,
    "--authentication-kubeconfig",
    config,
    "--authorization-kubeconfig",
    config,
    "--secure-port",
    String(port),
    "--cert-dir",
    join(cluster.work, "metrics-server"),
    "--kubelet-insecure-tls",
    "--kubelet-preferred-address-types=InternalIP",
    "--metric-resolution",
    "15s",
  ]);
  const condition = 'jsonpath={.status.conditions[?(@.type=="Available")].status}';
  try {
    await eventually("the APIService to be available", 90, () =>
      kubectl(cluster, ["get", "apiservice", "v1beta1.metrics.k8s.io", "-o", condition]).includes("True"),
    );
    await eventually("its resources in discovery", 60, () => /pods +.*metrics\.k8s\.io\/v1beta1/.test(kubectl(cluster, ["api-resources"])));
    await eventually("its types in explain", 60, () =>
      kubectl(cluster, ["explain", "nodemetrics", "--api-version", "metrics.k8s.io/v1beta1"]).includes("NodeMetrics"),
    );
    const nodes = kubectl(cluster, ["get", "nodes", "-o", "name"]).trim();
    if (nodes === "") {
      console.log("  no node to measure: kubectl top is left out");
      return;
    }
    await eventually("kubectl top nodes", 90, () => /\d+m .*\d+Mi/.test(kubectl(cluster, ["top", "nodes"])));
    const pods = kubectl(cluster, ["get", "pods", "-A", "--field-selector", "status.phase=Running", "-o", "name"]).trim();
    if (pods === "") console.log("  no pod runs: kubectl top pods is left out");
    else await eventually("kubectl top pods", 90, () => /\d+m .*\d+Mi/.test(kubectl(cluster, ["top", "pods", "-A"])));
  } finally {
    kubectl(cluster, ["delete", "-f", join(base, "apiservice.yaml")]);
    await running.stop();
  }
  if (readFileSync(join(cluster.work, "metrics-server.log"), "utf8").includes("panic"))
    throw new Error("metrics-server panicked: see its log");
}
