/**
 * How long a pod takes from `create` until it is Running, its image present: one pod after another on a cluster that is
 * up. Prints p50, p90 and the longest of the times until it is bound to a node, Running and ready.
 * `node bench/pod-latency.ts [--kubeconfig PATH] [--pods 20] [--image IMAGE] [--node NAME]`
 * The namespace `pod-latency` is made for it and deleted at the end. The first pod warms up and is not counted.
 */
import { parseArgs } from "node:util";
import { httpClient } from "../src/client/http-client.ts";
import { loadKubeconfig, resolveContext } from "../src/client/kubeconfig.ts";
import { waitFor } from "../src/client/wait.ts";
import { namespaces, pods, serviceaccounts, type Pod } from "../src/schema/types/core-v1.ts";

const { values } = parseArgs({
  options: {
    kubeconfig: { type: "string" },
    pods: { type: "string", default: "20" },
    image: { type: "string", default: "registry.k8s.io/pause:3.10" },
    node: { type: "string" },
  },
});

interface Sample {
  /** From the call until each was seen in the watch, in milliseconds. */
  bound: number;
  running: number;
  ready: number;
}

const namespace = "pod-latency";
const { config } = await resolveContext(await loadKubeconfig(values.kubeconfig));
const client = httpClient(config);
const here = client.resource(pods, namespace);

async function measure(name: string): Promise<Sample> {
  const seen: Partial<Sample> = {};
  const note = (pod: Pod | undefined): boolean => {
    const at = performance.now() - started;
    if (pod?.spec?.nodeName !== undefined) seen.bound ??= at;
    if (pod?.status?.phase === "Running") seen.running ??= at;
    if (pod?.status?.conditions?.some((c) => c.type === "Ready" && c.status === "True") === true) seen.ready ??= at;
    return seen.ready !== undefined;
  };
  const spec: Pod["spec"] = {
    containers: [{ name: "main", image: values.image, imagePullPolicy: "IfNotPresent" }],
    terminationGracePeriodSeconds: 1,
    ...(values.node === undefined ? {} : { nodeSelector: { "kubernetes.io/hostname": values.node } }),
  };
  const started = performance.now();
  await here.create({ metadata: { name }, spec });
  await waitFor(here, name, note);
  const { bound = Number.NaN, running = Number.NaN, ready = Number.NaN } = seen;
  return { bound, running, ready };
}

function quantile(numbers: readonly number[], q: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * q) - 1)] ?? Number.NaN;
}

await client.resource(namespaces).create({ metadata: { name: namespace } });
try {
  await waitFor(client.resource(serviceaccounts, namespace), "default", (account) => account !== undefined);
  const samples: Sample[] = [];
  for (let i = 0; i <= Number(values.pods); i++) {
    const name = `latency-${i}`;
    const sample = await measure(name);
    if (i > 0) samples.push(sample);
    // Not forced: the next pod begins when the node has done with this one.
    await here.delete(name);
    await waitFor(here, name, (pod) => pod === undefined);
  }
  for (const phase of ["bound", "running", "ready"] as const) {
    const figures = samples.map((sample) => sample[phase]);
    const [p50, p90, longest] = [0.5, 0.9, 1].map((q) => quantile(figures, q).toFixed(0).padStart(5));
    console.log(`create → ${phase.padEnd(8)} p50 ${p50} ms   p90 ${p90} ms   longest ${longest} ms   (${samples.length} pods)`);
  }
} finally {
  await client.resource(namespaces).delete(namespace);
  client.close();
}
