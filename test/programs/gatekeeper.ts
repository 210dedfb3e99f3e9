/** Gatekeeper: its CRDs, its webhooks by URL, a template and a constraint that denies. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { load, loadAll } from "js-yaml";
import { freePort } from "../control-plane/free-port.ts";
import { eventually, type Cluster, goProgram, kubectl, kubectlRefused, moduleDirectory, selfSigned, start } from "./program.ts";

const gatekeeper = "github.com/open-policy-agent/gatekeeper/v3@v3.23.1";

interface Manifest {
  kind: string;
  metadata: { name: string };
  webhooks?: { clientConfig: { service?: { path: string }; url?: string; caBundle?: string } }[];
}

const notBuilt = new Set(["Deployment", "PodDisruptionBudget", "Service"]);

/** Its own manifests, but for what runs it inside a cluster; the webhooks ask this machine. */
function manifests(port: number, certificate: string): { objects: Manifest[]; webhooks: Manifest[] } {
  const text = readFileSync(join(moduleDirectory(gatekeeper), "deploy", "gatekeeper.yaml"), "utf8");
  const all = (loadAll(text) as (Manifest | null)[]).filter((m) => m !== null);
  const caBundle = readFileSync(certificate).toString("base64");
  for (const { webhooks } of all) {
    for (const { clientConfig } of webhooks ?? []) {
      clientConfig.url = `https://127.0.0.1:${port}${clientConfig.service?.path ?? ""}`;
      clientConfig.caBundle = caBundle;
      delete clientConfig.service;
    }
  }
  return {
    objects: all.filter((m) => m.webhooks === undefined && !notBuilt.has(m.kind)),
    webhooks: all.filter((m) => m.webhooks !== undefined),
  };
}

const template = load(`
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: { name: mustbelabelled }
spec:
  crd:
    spec:
      names: { kind: MustBeLabelled }
      validation:
        openAPIV3Schema:
          type: object
          properties: { label: { type: string } }
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package mustbelabelled
        violation[{"msg": msg}] {
          not input.review.object.metadata.labels[input.parameters.label]
          msg := sprintf("%v has no label %v", [input.review.object.metadata.name, input.parameters.label])
        }
`);

const constraint = load(`
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: MustBeLabelled
metadata: { name: teams }
spec:
  match: { kinds: [{ apiGroups: [""], kinds: [ConfigMap] }], namespaces: [gated] }
  parameters: { label: team }
`);

const configMap = (name: string, labels: Record<string, string>): string =>
  JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "gated", labels } });

export async function checkGatekeeper(cluster: Cluster): Promise<void> {
  const executable = goProgram(cluster, gatekeeper);
  const [port, prometheus, health] = [await freePort(), await freePort(), await freePort()];
  const { certificate } = selfSigned(cluster, "127.0.0.1");
  const { objects, webhooks } = manifests(port, certificate);
  const list = (items: unknown[]): string => JSON.stringify({ apiVersion: "v1", kind: "List", items });
  kubectl(cluster, ["apply", "--server-side", "-f", "-"], list(objects.filter((o) => o.kind === "Namespace")));
  kubectl(cluster, ["apply", "--server-side", "-f", "-"], list(objects));
  kubectl(cluster, ["create", "namespace", "gated"]);
  kubectl(cluster, ["create", "configmap", "-n", "gated", "old-one"]);
  const auditDirectory = join(cluster.work, "audit");
  mkdirSync(auditDirectory);
  const running = start(
    cluster,
    executable,
    [
      "--kubeconfig",
      cluster.kubeconfig,
      "--port",
      String(port),
      "--host",
      "127.0.0.1",
      "--cert-dir",
      cluster.work,
      "--disable-cert-rotation",
      "--debug-use-fake-pod",
      "--prometheus-port",
      String(prometheus),
      "--health-addr",
      `127.0.0.1:${health}`,
      "--exempt-namespace",
      "gatekeeper-system",
      "--audit-interval",
      "5",
      "--api-cache-dir",
      auditDirectory,
    ],
    { POD_NAMESPACE: "gatekeeper-system", POD_NAME: "no-pod", NAMESPACE: "gatekeeper-system", CONTAINER_NAME: "manager" },
  );
  try {
    kubectl(cluster, ["apply", "-f", "-"], JSON.stringify(template));
    await eventually("the constraint's own CRD", 60, () =>
      kubectl(cluster, ["get", "crd"]).includes("mustbelabelled.constraints.gatekeeper.sh"),
    );
    await eventually("a constraint", 30, () => kubectl(cluster, ["apply", "-f", "-"], JSON.stringify(constraint)) !== "");
    kubectl(cluster, ["apply", "-f", "-"], list(webhooks));
    let refusal = "";
    await eventually("a refused ConfigMap", 60, () => {
      refusal = kubectlRefused(cluster, ["create", "--dry-run=server", "-f", "-"], configMap("nobodys", {}));
      return refusal.includes('admission webhook "validation.gatekeeper.sh" denied the request: [teams] nobodys has no label team');
    });
    if (!refusal.includes("Error from server (Forbidden)")) throw new Error(`the refusal is no 403: ${refusal}`);
    kubectl(cluster, ["create", "-f", "-"], configMap("ours", { team: "a" }));
    await eventually("the audit's finding of the old ConfigMap", 60, () => {
      const violations = kubectl(cluster, ["get", "mustbelabelled", "teams", "-o", "jsonpath={.status.violations[*].name}"]);
      return violations.includes("old-one");
    });
    kubectl(cluster, ["delete", "mustbelabelled", "teams"]);
    await eventually(
      "ConfigMaps without the label again",
      30,
      () => kubectl(cluster, ["create", "-f", "-"], configMap("nobodys", {})) !== "",
    );
  } finally {
    kubectl(cluster, ["delete", "-f", "-", "--ignore-not-found"], list(webhooks));
    await running.stop();
  }
}
