import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../../schema/object.ts";
import type { OwnerReference } from "../../schema/types/meta-v1.ts";
import { decide } from "./decision.ts";
import { DependencyGraph, type GraphEffects, type Identity } from "./graph.ts";

const time = "2026-01-01T00:00:00Z";

const identity = (uid: string, over: Partial<Identity> = {}): Identity => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  namespace: "n",
  name: uid,
  uid,
  ...over,
});
const ref = (uid: string, over: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  name: uid,
  uid,
  ...over,
});
const object = (over: NonNullable<KubeObject["metadata"]> = {}): KubeObject => ({ metadata: over });

/** A graph that writes down what it wants. */
function graph(known: Record<string, KubeObject> = {}): { graph: DependencyGraph; log: string[] } {
  const log: string[] = [];
  const effects: GraphEffects = {
    attemptDelete: (uid) => void log.push(`delete ${uid}`),
    attemptOrphan: (uid) => void log.push(`orphan ${uid}`),
    invalidOwner: (dependent, owner) => void log.push(`invalid ${dependent.uid} of ${owner.uid}`),
    absent: (i) => void log.push(`absent ${i.uid}`),
    lookup: (owner) =>
      known[owner.uid] === undefined ? undefined : { object: known[owner.uid] as KubeObject, identity: identity(owner.uid) },
  };
  return { graph: new DependencyGraph(effects), log };
}

test("objects without owners and dependents take no room", () => {
  const g = graph();
  g.graph.observe(identity("a"), object(), undefined);
  assert.equal(g.graph.size, 0);
});

test("when an owner goes, its dependents are looked at, and the owner is known to be absent", () => {
  const g = graph({ a: object() });
  g.graph.observe(identity("b"), object({ ownerReferences: [ref("a")] }), undefined);
  assert.deepEqual(g.log, []);
  g.graph.removed(identity("a"));
  assert.deepEqual(g.log, ["absent a", "delete b"]);
});

test("an owner that no cache knows is looked for, and its absence disowns", () => {
  const g = graph();
  g.graph.observe(identity("b"), object({ ownerReferences: [ref("a")] }), undefined);
  assert.deepEqual(g.log.splice(0), ["delete a"]);
  assert.ok(g.graph.get("a")?.virtual);
  g.graph.foundAbsent(identity("a"));
  assert.deepEqual(g.log, ["absent a", "delete b"]);
});

test("an owner that shows up later is no longer in doubt", () => {
  const g = graph();
  g.graph.observe(identity("b"), object({ ownerReferences: [ref("a")] }), undefined);
  g.graph.observe(identity("a"), object(), undefined);
  assert.equal(g.graph.get("a")?.virtual, false);
  g.graph.observe(identity("b"), object({ ownerReferences: [] }), undefined);
  assert.equal(g.graph.size, 0);
});

test("foreground deletion looks at all dependents, then at the owner whenever one goes", () => {
  const g = graph({ a: object() });
  g.graph.observe(identity("b"), object({ ownerReferences: [ref("a", { blockOwnerDeletion: true })] }), undefined);
  g.graph.observe(identity("a"), object({ deletionTimestamp: time, finalizers: ["foregroundDeletion"] }), object());
  assert.deepEqual(g.log.splice(0), ["delete b", "delete a"]);
  g.graph.removed(identity("b"));
  assert.deepEqual(g.log, ["delete a"]);
});

test("a reference that stops blocking wakes the owner", () => {
  const g = graph({ a: object() });
  g.graph.observe(identity("b"), object({ ownerReferences: [ref("a", { blockOwnerDeletion: true })] }), undefined);
  g.graph.observe(identity("a"), object({ deletionTimestamp: time, finalizers: ["foregroundDeletion"] }), object());
  g.log.length = 0;
  g.graph.observe(identity("b"), object({ ownerReferences: [ref("a", { blockOwnerDeletion: false })] }), undefined);
  assert.deepEqual(g.log, ["delete a"]);
});

test("the orphan finalizer lets dependents go", () => {
  const g = graph({ a: object() });
  g.graph.observe(identity("b"), object({ ownerReferences: [ref("a")] }), undefined);
  g.graph.observe(identity("a"), object({ deletionTimestamp: time, finalizers: ["orphan"] }), object());
  assert.deepEqual(g.log, ["orphan a"]);
});

test("an owner in another namespace is reported and the dependent looked at", () => {
  const g = graph({ a: object() });
  g.graph.observe(identity("x"), object({ ownerReferences: [ref("a")] }), undefined);
  g.graph.observe(identity("b", { namespace: "other" }), object({ ownerReferences: [ref("a")] }), undefined);
  assert.deepEqual(g.log, ["invalid b of a", "delete b"]);
});

test("dependents that name one uid by different coordinates are told apart", () => {
  const g = graph();
  g.graph.observe(identity("good"), object({ ownerReferences: [ref("a", { kind: "Pod" })] }), undefined);
  g.graph.observe(identity("bad"), object({ ownerReferences: [ref("a", { kind: "Secret" })] }), undefined);
  g.log.length = 0;
  g.graph.foundAbsent(identity("a", { kind: "Pod" }));
  assert.deepEqual(g.log, ["absent a", "delete good", "delete a"]);
  assert.equal(g.graph.get("a")?.identity.kind, "Secret");
});

test("an object goes when all owners are gone, and lets go of the dead while one lives", () => {
  const owner = (uid: string, state: "absent" | KubeObject) => ({ ref: ref(uid), state });
  const base = { object: object(), hasDependents: false, dependentWaits: false };
  assert.deepEqual(decide({ ...base, owners: [owner("a", "absent")] }), { type: "delete", policy: "Background", unblock: false });
  assert.deepEqual(decide({ ...base, owners: [owner("a", "absent"), owner("b", object())] }), { type: "disown", owners: ["a"] });
  assert.deepEqual(decide({ ...base, owners: [owner("b", object())] }), { type: "keep" });
  assert.deepEqual(decide({ ...base, owners: [] }), { type: "keep" });
});

test("what blocks a foreground deletion is deleted in the foreground too; a circle is opened", () => {
  const waiting = { ref: ref("a"), state: object({ deletionTimestamp: time, finalizers: ["foregroundDeletion"] }) };
  assert.deepEqual(decide({ object: object(), owners: [waiting], hasDependents: true, dependentWaits: true }), {
    type: "delete",
    policy: "Foreground",
    unblock: true,
  });
  assert.deepEqual(decide({ object: object(), owners: [waiting], hasDependents: false, dependentWaits: false }), {
    type: "delete",
    policy: "Background",
    unblock: false,
  });
});

test("a finalizer that asks for orphans is honoured when the object is collected", () => {
  assert.deepEqual(
    decide({
      object: object({ finalizers: ["orphan"] }),
      owners: [{ ref: ref("a"), state: "absent" }],
      hasDependents: true,
      dependentWaits: false,
    }),
    { type: "delete", policy: "Orphan", unblock: false },
  );
});
