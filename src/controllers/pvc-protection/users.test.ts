import assert from "node:assert/strict";
import { test } from "node:test";
import type { PersistentVolumeClaim, Pod } from "../../schema/types/core-v1.ts";
import { protectionStep } from "../protection.ts";
import { claimNames, usesClaim } from "./users.ts";

const pod = (metadata: Pod["metadata"], nodeName?: string): Pod => ({
  metadata: { name: "p", uid: "1", ...metadata },
  spec: {
    containers: [],
    ...(nodeName === undefined ? {} : { nodeName }),
    volumes: [
      { name: "a", persistentVolumeClaim: { claimName: "data" } },
      { name: "tmp", ephemeral: {} },
      { name: "c", emptyDir: {} },
    ],
  },
});
const claim = (name: string, owner?: string): PersistentVolumeClaim => ({
  metadata: {
    name,
    ownerReferences: owner === undefined ? [] : [{ apiVersion: "v1", kind: "Pod", name: "p", uid: owner, controller: true }],
  },
});

test("a pod uses the claims that it names, and those that were made for it, once it has a node", () => {
  assert.deepEqual(claimNames(pod({})), ["data", "p-tmp"]);
  assert.equal(usesClaim(pod({}), claim("data")), false);
  assert.equal(usesClaim(pod({}, "n"), claim("data")), true);
  assert.equal(usesClaim(pod({}, "n"), claim("p-tmp", "1")), true);
  assert.equal(usesClaim(pod({}, "n"), claim("p-tmp", "2")), false);
  const done = { deletionTimestamp: "t", deletionGracePeriodSeconds: 0 };
  assert.equal(usesClaim(pod(done, "n"), claim("p-tmp", "1")), false);
  assert.equal(usesClaim(pod(done, "n"), claim("data")), true);
});

test("a finalizer is added while an object lives, and looked at when it goes", () => {
  assert.equal(protectionStep({ metadata: {} }, "f"), "add");
  assert.equal(protectionStep({ metadata: { finalizers: ["f"] } }, "f"), "none");
  assert.equal(protectionStep({ metadata: { finalizers: ["f"], deletionTimestamp: "t" } }, "f"), "release");
  assert.equal(protectionStep({ metadata: { finalizers: ["x"], deletionTimestamp: "t" } }, "f"), "none");
});
