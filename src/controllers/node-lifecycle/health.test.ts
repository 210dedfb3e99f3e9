import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node } from "../../schema/types/core-v1.ts";
import { executeTaintsOf, missingLabels, scheduleTaintsOf, silentAt, silentConditions } from "./health.ts";
import { defaultRates, viewZones, ZoneCounts, zoneOf, type ZoneCount, type ZoneState } from "./zones.ts";

const now = Date.UTC(2026, 0, 1);
const time = "2026-01-01T00:00:00Z";
const condition = (type: string, status: string) => ({ type, status });
const node = (ready: string | undefined, over: Node = {}): Node => ({
  ...over,
  status: { conditions: ready === undefined ? [] : [condition("Ready", ready)] },
});

test("a node that reported gets fifty seconds, one that never did sixty", () => {
  const grace = { monitor: 50_000, startup: 60_000 };
  assert.equal(silentAt(node("True"), now, grace), now + 50_000);
  assert.equal(silentAt(node(undefined), now, grace), now + 60_000);
});

test("silence makes all conditions of the kubelet unknown, once", () => {
  const conditions = silentConditions(
    {
      status: { conditions: [condition("Ready", "True"), condition("NetworkUnavailable", "False"), condition("MemoryPressure", "False")] },
    },
    now,
  );
  assert.deepEqual(
    conditions?.map((c) => `${c.type} ${c.status} ${c.reason ?? ""} ${c.lastTransitionTime ?? ""}`),
    [
      `Ready Unknown NodeStatusUnknown ${time}`,
      "NetworkUnavailable False  ",
      `MemoryPressure Unknown NodeStatusUnknown ${time}`,
      `DiskPressure Unknown NodeStatusNeverUpdated ${time}`,
      `PIDPressure Unknown NodeStatusNeverUpdated ${time}`,
    ],
  );
  assert.equal(silentConditions({ status: { conditions } }, now + 1e6), undefined);
});

test("conditions and the unschedulable mark become NoSchedule taints; others stay", () => {
  const own = { key: "mine", effect: "NoSchedule" };
  const tainted = scheduleTaintsOf({ ...node("Unknown"), spec: { taints: [own], unschedulable: true } }, now);
  assert.deepEqual(tainted, [
    own,
    { key: "node.kubernetes.io/unreachable", effect: "NoSchedule", timeAdded: time },
    { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule", timeAdded: time },
  ]);
  assert.equal(scheduleTaintsOf({ ...node("Unknown"), spec: { taints: tainted, unschedulable: true } }, now), undefined);
  assert.deepEqual(scheduleTaintsOf({ ...node("True"), spec: { taints: tainted } }, now), [own]);
});

test("of the two NoExecute taints a node has the one that fits", () => {
  const notReady = { key: "node.kubernetes.io/not-ready", effect: "NoExecute" };
  assert.deepEqual(executeTaintsOf({ spec: { taints: [notReady] } }, "node.kubernetes.io/unreachable", now), [
    { key: "node.kubernetes.io/unreachable", effect: "NoExecute", timeAdded: time },
  ]);
  assert.equal(executeTaintsOf({ spec: { taints: [notReady] } }, "node.kubernetes.io/not-ready", now), undefined);
  assert.deepEqual(executeTaintsOf({ spec: { taints: [notReady] } }, undefined, now), []);
  assert.equal(executeTaintsOf({}, undefined, now), undefined);
});

test("labels of old names follow the new ones", () => {
  assert.deepEqual(missingLabels({ metadata: { labels: { "kubernetes.io/os": "linux", "beta.kubernetes.io/os": "x" } } }), {
    "beta.kubernetes.io/os": "linux",
  });
  assert.equal(missingLabels({ metadata: { labels: { a: "b" } } }), undefined);
});

const inZone = (zone: string, ready: string): Node => node(ready, { metadata: { labels: { "topology.kubernetes.io/zone": zone } } });
const none: ReadonlyMap<string, ZoneState> = new Map();

function counted(...nodes: Node[]): ReadonlyMap<string, ZoneCount> {
  const counts = new ZoneCounts();
  nodes.forEach((n, i) => counts.note(String(i), n));
  return counts.zones;
}

test("nodes are counted by zone as they come, change and go", () => {
  const counts = new ZoneCounts();
  counts.note("1", inZone("a", "True"));
  counts.note("2", inZone("a", "True"));
  counts.note("2", inZone("a", "Unknown"));
  counts.note("3", node("True", { metadata: { labels: { "node.kubernetes.io/exclude-disruption": "" } } }));
  assert.deepEqual([...counts.zones.values()], [{ ready: 1, unready: 1 }]);
  counts.note("1", undefined);
  counts.note("2", undefined);
  assert.equal(counts.zones.size, 0);
});

test("a zone is emptied slowly, a partly lost small one not at all", () => {
  const nodes = [inZone("a", "True"), inZone("a", "Unknown"), ...["True", "Unknown", "Unknown", "Unknown"].map((r) => inZone("b", r))];
  const view = viewZones(counted(...nodes), none, defaultRates);
  assert.equal(view.rates.get(zoneOf(inZone("a", ""))), 0.1);
  assert.equal(view.rates.get(zoneOf(inZone("b", ""))), 0);
  assert.equal(view.total, "no");
});

test("when every node is lost none is emptied, until one comes back", () => {
  const lost = viewZones(counted(inZone("a", "Unknown"), inZone("b", "False")), none, defaultRates);
  assert.equal(lost.total, "entered");
  assert.deepEqual([...lost.rates.values()], [0, 0]);
  const still = viewZones(counted(inZone("a", "Unknown"), inZone("b", "False")), lost.states, defaultRates);
  assert.equal(still.total, "yes");
  const back = viewZones(counted(inZone("a", "True"), inZone("b", "False")), still.states, defaultRates);
  assert.equal(back.total, "left");
  assert.deepEqual([...back.rates.values()], [0.1, 0.1]);
});
