import assert from "node:assert/strict";
import { test } from "node:test";
import { adoptPatch, aggregate, controllerOf, planClaim, releasePatch } from "./ownership.ts";
import { replicasets } from "../schema/types/apps-v1.ts";

const owner = { metadata: { name: "web", namespace: "ns", uid: "u1" } };
const ownedBy = (uid: string) => ({
  metadata: {
    name: "p",
    namespace: "ns",
    ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid, controller: true }],
  },
});

test("an orphan that matches is adopted, one that does not is left alone", () => {
  assert.equal(planClaim(owner, { metadata: { namespace: "ns" } }, true), "adopt");
  assert.equal(planClaim(owner, { metadata: { namespace: "ns" } }, false), "ignore");
  assert.equal(planClaim(owner, { metadata: { namespace: "other" } }, true), "ignore");
  assert.equal(planClaim(owner, { metadata: { namespace: "ns", deletionTimestamp: "2026-01-01T00:00:00Z" } }, true), "ignore");
});

test("an owned object that stops matching is released, unless its owner is being deleted", () => {
  assert.equal(planClaim(owner, ownedBy("u1"), true), "owned");
  assert.equal(planClaim(owner, ownedBy("u1"), false), "release");
  const going = { metadata: { ...owner.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } };
  assert.equal(planClaim(going, ownedBy("u1"), false), "ignore");
  assert.equal(planClaim(going, { metadata: { namespace: "ns" } }, true), "ignore");
});

test("what another controller owns is never touched", () => {
  assert.equal(planClaim(owner, ownedBy("u2"), true), "ignore");
});

test("only the reference marked as controller counts", () => {
  const object = { metadata: { ownerReferences: [{ apiVersion: "v1", kind: "A", name: "a", uid: "1" }] } };
  assert.equal(controllerOf(object), undefined);
});

test("adoption and release are patches bound to the uid", () => {
  assert.deepEqual(adoptPatch(owner, replicasets, "p1"), {
    metadata: {
      ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: "u1", controller: true, blockOwnerDeletion: true }],
      uid: "p1",
    },
  });
  assert.deepEqual(releasePatch("p1", ["u1"]), { metadata: { uid: "p1", ownerReferences: [{ $patch: "delete", uid: "u1" }] } });
});

test("several errors are joined, the same text once", () => {
  assert.equal(aggregate([new Error("a"), new Error("b"), new Error("a")]).message, "[a, b]");
  assert.equal(aggregate([new Error("a")]).message, "a");
});
