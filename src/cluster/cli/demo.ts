/** `tsukube demo`: a cluster with a small application on it that answers over HTTP. What `npm start` runs. */
import { existsSync, readFileSync } from "node:fs";
import { parseYamlAll } from "../../lang/yaml.ts";
import type { Client } from "../../client/client.ts";
import { httpClient } from "../../client/http-client.ts";
import { loadKubeconfig, resolveContext } from "../../client/kubeconfig.ts";
import { hasReason } from "../../core/api-error.ts";
import { sleep, systemClock } from "../../core/clock.ts";
import { resourceRows } from "../../schema/scheme.ts";
import type { KubeObject } from "../../schema/object.ts";
import type { ResourceRef } from "../../schema/resource-ref.ts";
import { deployments } from "../../schema/types/apps-v1.ts";
import { services } from "../../schema/types/core-v1.ts";
import { buildDemoImage, demoImageName } from "../demo/image.ts";
import { demoManifests } from "../demo/manifests.ts";
import { findProgram, missing } from "../capabilities.ts";
import { imageDir } from "../layout.ts";
import { machineOf, type Machine } from "../machines/machine.ts";
import { clusterFlags } from "../options.ts";
import { ClusterError, locate, locateExisting, running } from "../state.ts";
import { join } from "node:path";
import { fix } from "./doctor.ts";
import { pullEverywhere } from "./image.ts";
import type { Command } from "./command.ts";
import type { Output } from "./output.ts";
import { up } from "./up.ts";

export const demo: Command = {
  spec: {
    name: "demo",
    summary: "Starts a cluster, puts a small application on it, and asks it for its page.",
    options: up.spec.options,
    notes: "The cluster stays up: `tsukube down` stops it.",
  },
  run: async (parsed, output) => {
    const v = parsed.values as Record<string, never>;
    const where = { name: v["name"] as string | undefined, dataDir: v["data-dir"] as string | undefined };
    if (missing(v["containerd"]).length > 0 || findProgram("busybox") === undefined) await fix(v["containerd"], v["yes"] === true, output);
    if (running(locate(where).dataDir) === undefined) {
      const code = await up.run({ ...parsed, values: { ...parsed.values, detach: true } }, output);
      if (code !== 0) return code;
    } else output.progress("the cluster is up already");
    const config = locateExisting(where);
    const nodes = Array.from({ length: running(config.dataDir)?.nodes ?? 0 }, (_, i) => machineOf(config, i + 1));
    const client = httpClient((await resolveContext(await loadKubeconfig(join(config.dataDir, "kubeconfig")))).config);
    try {
      if (nodes.length > 0) await bringImage(imageDir(config), nodes, output);
      output.progress("applying the demo: a Deployment, a Service, a ConfigMap and a Secret");
      for (const object of parseYamlAll(demoManifests) as KubeObject[]) await apply(client, object);
      await available(client, output);
      await show(client, nodes, output);
    } finally {
      client.close();
    }
    const flag = clusterFlags(config);
    output.print(`Next: kubectl --context tsukube-${config.name} -n demo get pods   ·   tsukube status${flag}   ·   tsukube down${flag}`);
    return 0;
  },
};

async function bringImage(dir: string, nodes: readonly Machine[], output: Output): Promise<void> {
  const busybox = findProgram("busybox");
  if (busybox === undefined || !existsSync(busybox))
    throw new ClusterError("the demo's image is made from busybox, which is missing; `apt-get install busybox-static`");
  buildDemoImage(dir, readFileSync(busybox));
  await pullEverywhere(nodes, demoImageName, output);
}

/** Creates the object, or brings the one that is there to this state. */
async function apply(client: Client, object: KubeObject): Promise<void> {
  const row = resourceRows.find(
    (r) => r.responseKind.kind === object.kind && `${r.group === "" ? "" : `${r.group}/`}${r.version}` === object.apiVersion,
  );
  if (row === undefined) throw new Error(`the demo holds an unknown kind ${object.apiVersion} ${object.kind}`);
  const ref: ResourceRef<KubeObject> = {
    group: row.group,
    version: row.version,
    resource: row.resource,
    kind: row.responseKind.kind,
    namespaced: row.scope === "Namespaced",
  };
  const api = client.resource(ref, object.metadata?.namespace ?? "");
  try {
    await api.create(object);
  } catch (error) {
    if (!hasReason(error, "AlreadyExists")) throw error;
    await api.patch(object.metadata?.name ?? "", "merge", object);
  }
}

/** How long the application may take to come up. */
const patience = 120_000;

async function available(client: Client, output: Output): Promise<void> {
  const api = client.resource(deployments, "demo");
  const end = systemClock.monotonic() + patience;
  let said = "";
  for (;;) {
    const d = await api.get("my-app");
    const text = `${d.status?.availableReplicas ?? 0} of ${d.spec?.replicas ?? 1} replicas available`;
    if (text !== said) output.progress(text);
    said = text;
    if (d.status?.observedGeneration === d.metadata?.generation && d.status?.availableReplicas === d.spec?.replicas) return;
    if (systemClock.monotonic() > end)
      throw new ClusterError("the demo did not come up within two minutes; `kubectl -n demo describe pods` tells why");
    await sleep(systemClock, 100);
  }
}

async function show(client: Client, nodes: readonly Machine[], output: Output): Promise<void> {
  const service = await client.resource(services, "demo").get("my-app-service");
  const first = nodes[0];
  if (first === undefined) {
    output.print("The demo's pods run on simulated nodes, which have no network: there is no page to fetch here.");
    return;
  }
  const url = `http://${first.address}:${service.spec?.ports?.[0]?.nodePort ?? 0}/`;
  let answer = "";
  for (let i = 0; i < 50; i++) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
      answer = await response.text();
      if (response.ok) break;
    } catch (error) {
      if (i === 49) throw new ClusterError(`${url} does not answer: ${(error as Error).message}`);
      await sleep(systemClock, 100);
    }
  }
  output.print(`The demo answers at ${url}: ${/<h1>(.*?)<\/h1>/.exec(answer)?.[1] ?? answer.slice(0, 60)}`);
}
