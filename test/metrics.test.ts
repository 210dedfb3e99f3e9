import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import facts from "../facts/metrics.json" with { type: "json" };
import { ownRequest } from "../src/apiserver/object-source.ts";
import { silent } from "../src/core/log.ts";
import { memoryControlPlane } from "./control-plane/memory-control-plane.ts";

interface Fact {
  readonly type: string;
  readonly labels?: readonly string[];
}

const upstream = facts["kube-apiserver"] as Readonly<Record<string, Fact>>;

/** The table's first column, `*` for any ending. */
function excused(): RegExp[] {
  const text = readFileSync(new URL("../src/cluster/METRICS.md", import.meta.url), "utf8");
  return [...text.matchAll(/^\| `([^`]+)` \| .+ \|$/gm)].map(([, name = ""]) => new RegExp(`^${name.replaceAll("*", ".*")}$`));
}

/** Type and labels of every family that has values. */
function read(text: string): Map<string, Fact> {
  const found = new Map<string, { type: string; labels: Set<string> }>();
  for (const line of text.split("\n")) {
    const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (name !== undefined && type !== undefined) found.set(name, { type, labels: new Set() });
    const [, series = "", labels = ""] = /^([a-zA-Z_0-9]+)\{(.*)\} \S+$/.exec(line) ?? [];
    const family = found.get(series) ?? found.get(series.replace(/_(bucket|sum|count)$/, ""));
    for (const [, label = ""] of labels.matchAll(/(?:^|,)(\w+)="/g)) if (label !== "le") family?.labels.add(label);
  }
  return new Map([...found].map(([name, { type, labels }]) => [name, { type, labels: [...labels].sort() }]));
}

void test("metrics have upstream's names, types and labels, but for those that METRICS.md excuses", async (t) => {
  const { plane, ...started } = await memoryControlPlane({ name: "metrics" });
  t.after(() => started[Symbol.asyncDispose]());
  const { signal } = new AbortController();
  const { bytes } = await plane.server.handle({ ...ownRequest("GET", "/metrics", silent, signal), inProcess: false });
  assert.ok(bytes instanceof Uint8Array);
  const told = read(Buffer.from(bytes).toString());
  const patterns = excused();
  const missing: string[] = [];
  const different: string[] = [];
  for (const [name, fact] of Object.entries(upstream)) {
    const ours = told.get(name);
    if (ours === undefined) {
      if (!patterns.some((pattern) => pattern.test(name)) && !plane.metricNames().includes(name)) missing.push(name);
      continue;
    }
    const labels = (fact.labels ?? []).filter((label) => label !== "le").sort();
    if (ours.type !== fact.type) different.push(`${name} is a ${ours.type}, not a ${fact.type}`);
    if (ours.labels?.join() !== labels.join()) different.push(`${name} has labels ${ours.labels?.join()}, not ${labels.join()}`);
  }
  assert.deepEqual(different, []);
  assert.deepEqual(missing, [], "neither told nor excused");
  for (const pattern of patterns) {
    assert.ok(
      Object.keys(upstream).some((name) => pattern.test(name)),
      `${pattern.source} excuses nothing`,
    );
  }
});
