/**
 * Plays `test/scenarios/*.txt`. A script is a list of blocks: a command line, lines that belong to it, `----`, and what it
 * answers, up to an empty line. `node test/scenarios.test.ts --update [name…]` writes the answers of now into the files.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { parseYamlAll } from "../src/lang/yaml.ts";
import { valuesAt } from "../src/node/simulated/stage.ts";
import type { KubeObject } from "../src/schema/object.ts";
import { apiVersionOf, type ResourceRef } from "../src/schema/resource-ref.ts";
import { deployments, replicasets } from "../src/schema/types/apps-v1.ts";
import { jobs } from "../src/schema/types/batch-v1.ts";
import {
  configmaps,
  endpoints,
  events,
  namespaces,
  nodes,
  pods,
  replicationcontrollers,
  resourcequotas,
  secrets,
  serviceaccounts,
  services,
  type Event,
} from "../src/schema/types/core-v1.ts";
import { endpointslices } from "../src/schema/types/discovery-v1.ts";
import { startScenarioCluster, type ScenarioCluster } from "./scenarios/scenario-cluster.ts";

/** What a script may name, and the columns that `get` prints. */
const resources: readonly { ref: ResourceRef; columns: Readonly<Record<string, string>> }[] = [
  {
    ref: pods,
    columns: {
      NAME: ".metadata.name",
      PHASE: ".status.phase",
      READY: ".status.conditions[Ready].status",
      NODE: ".spec.nodeName",
      OWNER: ".metadata.ownerReferences[].name",
      DELETED: ".metadata.deletionTimestamp",
    },
  },
  {
    ref: deployments,
    columns: {
      NAME: ".metadata.name",
      DESIRED: ".spec.replicas",
      REPLICAS: ".status.replicas",
      UPDATED: ".status.updatedReplicas",
      AVAILABLE: ".status.availableReplicas",
      UNAVAILABLE: ".status.unavailableReplicas",
      DELETED: ".metadata.deletionTimestamp",
    },
  },
  {
    ref: replicasets,
    columns: {
      NAME: ".metadata.name",
      DESIRED: ".spec.replicas",
      REPLICAS: ".status.replicas",
      READY: ".status.readyReplicas",
      REVISION: ".metadata.annotations.deployment.kubernetes.io/revision",
      OWNER: ".metadata.ownerReferences[].name",
    },
  },
  {
    ref: replicationcontrollers,
    columns: { NAME: ".metadata.name", DESIRED: ".spec.replicas", REPLICAS: ".status.replicas", READY: ".status.readyReplicas" },
  },
  { ref: services, columns: { NAME: ".metadata.name" } },
  {
    ref: endpoints,
    columns: {
      NAME: ".metadata.name",
      READY: ".subsets[].addresses[].ip",
      "NOT READY": ".subsets[].notReadyAddresses[].ip",
      PORTS: ".subsets[].ports[].port",
    },
  },
  {
    ref: endpointslices,
    columns: {
      NAME: ".metadata.name",
      ADDRESSES: ".endpoints[].addresses[]",
      READY: ".endpoints[].conditions.ready",
      SERVING: ".endpoints[].conditions.serving",
      PORTS: ".ports[].port",
    },
  },
  {
    ref: nodes,
    columns: {
      NAME: ".metadata.name",
      READY: ".status.conditions[Ready].status",
      REASON: ".status.conditions[Ready].reason",
      CIDR: ".spec.podCIDR",
      TAINTS: ".spec.taints[].key",
      EFFECTS: ".spec.taints[].effect",
    },
  },
  { ref: namespaces, columns: { NAME: ".metadata.name", PHASE: ".status.phase" } },
  {
    ref: configmaps,
    columns: { NAME: ".metadata.name", OWNERS: ".metadata.ownerReferences[].name", FINALIZERS: ".metadata.finalizers[]" },
  },
  { ref: secrets, columns: { NAME: ".metadata.name" } },
  { ref: serviceaccounts, columns: { NAME: ".metadata.name" } },
  { ref: jobs, columns: { NAME: ".metadata.name" } },
  {
    ref: resourcequotas,
    columns: {
      NAME: ".metadata.name",
      PODS: ".status.used.pods",
      "OF PODS": ".status.hard.pods",
      CPU: ".status.used.cpu",
      "OF CPU": ".status.hard.cpu",
    },
  },
];

function resourceNamed(name: string): (typeof resources)[number] {
  const found = resources.find((r) => r.ref.resource === name || r.ref.kind.toLowerCase() === name.toLowerCase());
  if (found === undefined) throw new Error(`scripts know no resource "${name}"`);
  return found;
}

interface Command {
  readonly words: readonly string[];
  readonly flags: Readonly<Record<string, string>>;
  /** The lines below the command. */
  readonly text: string;
}

type Run = (cluster: ScenarioCluster, command: Command) => Promise<string>;

const namespaceOf = (command: Command, ref: ResourceRef): string => (ref.namespaced ? (command.flags["n"] ?? "default") : "");

function target(cluster: ScenarioCluster, command: Command): { ref: ResourceRef; name: string; namespace: string } {
  const [kind = "", name = ""] = (command.words[1] ?? "").split("/");
  const { ref } = resourceNamed(kind);
  return { ref, name: cluster.actual(name), namespace: namespaceOf(command, ref) };
}

const commands: Readonly<Record<string, Run>> = {
  /** Creates what is below it, or merges it into what is there. */
  apply: async (cluster, command) => {
    const lines: string[] = [];
    for (const document of parseYamlAll(command.text)) {
      const object = document as KubeObject;
      const { ref } = resourceNamed(object.kind ?? "");
      const { name = "", namespace = namespaceOf(command, ref) } = object.metadata ?? {};
      const client = cluster.client.resource(ref, namespace);
      const exists = (await client.list({ fieldSelector: `metadata.name=${name}` })).items.length > 0;
      if (exists) await client.patch(name, "merge", object);
      else await client.create({ ...object, apiVersion: apiVersionOf(ref) });
      lines.push(`${ref.resource}/${name} ${exists ? "changed" : "created"}`);
    }
    await cluster.tick(0);
    return lines.join("\n");
  },
  /** `patch deployment/web`, with a merge patch below. */
  patch: async (cluster, command) => {
    const { ref, name, namespace } = target(cluster, command);
    const [patch] = parseYamlAll(command.text);
    const subresource = command.flags["subresource"];
    await cluster.client.resource(ref, namespace).patch(name, "merge", patch, subresource === undefined ? {} : { subresource });
    await cluster.tick(0);
    return "";
  },
  /** `delete deployment/web policy=Orphan` */
  delete: async (cluster, command) => {
    const { ref, name, namespace } = target(cluster, command);
    const propagationPolicy = command.flags["policy"];
    await cluster.client.resource(ref, namespace).delete(name, propagationPolicy === undefined ? {} : { propagationPolicy });
    await cluster.tick(0);
    return "";
  },
  /** `own configmap/child configmap/owner`: makes the second an owner of the first. `from`: the owner's namespace. */
  own: async (cluster, command) => {
    const { ref, name, namespace } = target(cluster, command);
    const owner = target(cluster, { ...command, words: command.words.slice(1) });
    const from = command.flags["from"] ?? owner.namespace;
    const { metadata } = await cluster.client.resource<KubeObject>(owner.ref, from).get(owner.name);
    const reference = {
      apiVersion: apiVersionOf(owner.ref),
      kind: owner.ref.kind,
      name: owner.name,
      uid: metadata?.uid,
      blockOwnerDeletion: true,
    };
    await cluster.client.resource(ref, namespace).patch(name, "merge", { metadata: { ownerReferences: [reference] } });
    await cluster.tick(0);
    return "";
  },
  tick: async (cluster, command) => {
    const match = /^(\d+)(ms|s|m|h)$/.exec(command.words[1] ?? "");
    if (match === null) throw new Error(`"${command.words[1] ?? ""}" is no duration`);
    await cluster.tick(Number(match[1]) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match[2] as "ms" | "s" | "m" | "h"]);
    return "";
  },
  /** `get pods`, or `get pods .metadata.name .status.podIP` */
  get: async (cluster, command) => {
    const [, name = "", ...paths] = command.words;
    const { ref, columns } = resourceNamed(name);
    const shown: [string, string][] = paths.length === 0 ? Object.entries(columns) : paths.map((p) => [p, p]);
    const selector = command.flags["l"];
    const { items } = await cluster.client
      .resource<KubeObject>(ref, namespaceOf(command, ref))
      .list(selector === undefined ? {} : { labelSelector: selector });
    const rows = items.map((object) => shown.map(([, path]) => cell(object, path)).map((text) => cluster.readable(text)));
    rows.sort((a, b) => ((a[0] ?? "") < (b[0] ?? "") ? -1 : 1));
    return rows.length === 0 ? "none" : table([shown.map(([title]) => title), ...rows]);
  },
  /** `conditions deployment/web` */
  conditions: async (cluster, command) => {
    const { ref, name, namespace } = target(cluster, command);
    const object = await cluster.client.resource<KubeObject>(ref, namespace).get(name);
    const list =
      (object as { status?: { conditions?: { type: string; status: string; reason?: string; message?: string }[] } }).status?.conditions ??
      [];
    return cluster.readable(list.map((c) => `${c.type}=${c.status} ${c.reason ?? ""}: ${c.message ?? ""}`).join("\n"));
  },
  /** `events deployment/web`, or all of a namespace; repeated ones with their count. */
  events: async (cluster, command) => {
    const [kind, name] = (command.words[1] ?? "").split("/");
    const { items } = await cluster.client.resource(events, command.flags["n"] ?? "default").list();
    const about = (e: Event): boolean =>
      kind === "" ||
      kind === undefined ||
      (e.involvedObject.kind?.toLowerCase() === resourceNamed(kind).ref.kind.toLowerCase() &&
        (name === undefined || e.involvedObject.name === name));
    const times = (n: number | undefined): string => ((n ?? 1) > 1 ? ` (x${n ?? 1})` : "");
    const lines = items
      .filter(about)
      .map((e) => `${e.type ?? ""} ${e.reason ?? ""} ${e.source?.component ?? ""}: ${e.message ?? ""}${times(e.count)}`);
    return lines.length === 0 ? "none" : cluster.readable(lines.join("\n"));
  },
  /** `node fail node-1`, `node recover node-1` */
  node: async (cluster, { words }) => {
    const [, what, name = ""] = words;
    if (what === "fail") cluster.nodes.fail(name);
    else cluster.nodes.recover(name);
    await cluster.tick(0);
    return "";
  },
};

/** A path as {@link valuesAt} reads it; the last part of an annotation or label may hold dots and slashes. */
function cell(object: KubeObject, path: string): string {
  const map = /^\.metadata\.(annotations|labels)\.(.*)$/.exec(path);
  const found = map === null ? valuesAt(object, path) : [object.metadata?.[map[1] as "annotations" | "labels"]?.[map[2] as string] ?? ""];
  return found.length === 0 ? "-" : found.map(String).join(",") || "-";
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((r) => (r[i] ?? "").length)));
  return rows
    .map((r) =>
      r
        .map((text, i) => text.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

interface Block {
  /** Comments and empty lines before the command. */
  readonly lead: string;
  readonly input: string;
  readonly expected: string;
}

function parseScript(text: string): Block[] {
  const blocks: Block[] = [];
  let lead: string[] = [];
  let input: string[] | undefined;
  let expected: string[] | undefined;
  for (const line of [...text.replace(/\n+$/, "").split("\n"), ""]) {
    if (expected !== undefined && line === "") {
      blocks.push({ lead: lead.join("\n"), input: (input ?? []).join("\n"), expected: expected.join("\n") });
      lead = [];
      input = expected = undefined;
    } else if (expected !== undefined) expected.push(line);
    else if (line === "----" && input !== undefined) expected = [];
    else if (input !== undefined) input.push(line);
    else if (line === "" || line.startsWith("#")) lead.push(line);
    else input = [line];
  }
  if (input !== undefined) throw new Error(`a command has no "----": ${input[0] ?? ""}`);
  return blocks;
}

function parseCommand(input: string): Command {
  const [first = "", ...rest] = input.split("\n");
  const words = first.split(/\s+/);
  const flags = words
    .slice(1)
    .flatMap((w) => (/^[a-z]+=/.test(w) ? [[w.slice(0, w.indexOf("=")), w.slice(w.indexOf("=") + 1)] as const] : []));
  return { words: words.filter((w, i) => i === 0 || !/^[a-z]+=/.test(w)), flags: Object.fromEntries(flags), text: rest.join("\n") };
}

async function answer(cluster: ScenarioCluster, input: string): Promise<string> {
  const command = parseCommand(input);
  const run = commands[command.words[0] ?? ""];
  if (run === undefined) throw new Error(`scripts know no command "${command.words[0] ?? ""}"`);
  try {
    return await run(cluster, command);
  } catch (error) {
    return `error: ${cluster.readable(error instanceof Error ? error.message : String(error))}`;
  }
}

const directory = new URL("scenarios/", import.meta.url);
const scripts = readdirSync(directory).filter((f) => f.endsWith(".txt"));
const update = process.argv.includes("--update");
const chosen = process.argv.slice(2).filter((a) => !a.startsWith("--"));

async function play(file: string): Promise<void> {
  const path = new URL(file, directory);
  const text = readFileSync(path, "utf8");
  const blocks = parseScript(text);
  // A first line `# nodes: 3` says how many nodes there are.
  const count = Number(/^# nodes: (\d+)/m.exec(text)?.[1] ?? 2);
  await using cluster = await startScenarioCluster(count);
  const out: string[] = [];
  for (const { lead, input, expected } of blocks) {
    const got = await answer(cluster, input);
    out.push(`${lead === "" ? "" : `${lead}\n`}${input}\n----\n${got}${got === "" ? "" : "\n"}`);
    if (!update) assert.equal(got, expected, `${file}: ${input.split("\n")[0] ?? ""}`);
  }
  if (update) writeFileSync(path, `${out.join("\n")}`);
}

for (const file of scripts) {
  const name = file.replace(/\.txt$/, "");
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  void test(`scenario: ${name.replaceAll("-", " ")}`, () => play(file));
}
