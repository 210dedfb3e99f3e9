import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../schema/types/core-v1.ts";
import { delayOf, podStages, stageOf, valuesAt } from "./stage.ts";

const pod = (over: Pod): Pod => ({ metadata: { name: "a" }, spec: { containers: [{ name: "c" }] }, ...over });
const ready = (status: string) => [{ type: "ContainersReady", status }];

test("paths lead to fields, to every item of a list, and to the item of a type", () => {
  const object = {
    a: [
      { type: "X", v: 1 },
      { name: "Y", v: 2 },
    ],
    b: { c: null },
  };
  assert.deepEqual(valuesAt(object, ".a[].v"), [1, 2]);
  assert.deepEqual(valuesAt(object, ".a[X].v"), [1]);
  assert.deepEqual(valuesAt(object, ".a[Y].v"), [2]);
  assert.deepEqual(valuesAt(object, ".b.c"), []);
  assert.deepEqual(valuesAt(object, ".b.d.e"), []);
});

test("a pod goes from stage to stage and stays when it is ready", () => {
  const stage = (p: Pod) => stageOf(p, podStages)?.name;
  const started = { startTime: "2026-01-01T00:00:00Z" };
  assert.equal(stage(pod({ status: { phase: "Pending" } })), "create");
  assert.equal(stage(pod({ status: { phase: "Pending", ...started } })), "start");
  assert.equal(stage(pod({ status: { phase: "Running", ...started, conditions: ready("False") } })), "ready");
  assert.equal(stage(pod({ status: { phase: "Running", ...started, conditions: ready("True") } })), undefined);
  const owned = { name: "a", ownerReferences: [{ apiVersion: "batch/v1", kind: "Job", name: "j", uid: "u" }] };
  assert.equal(stage(pod({ metadata: owned, status: { phase: "Running", ...started, conditions: ready("True") } })), "complete");
  assert.equal(
    stage(pod({ metadata: { name: "a", deletionTimestamp: started.startTime }, status: { phase: "Running", ...started } })),
    "delete",
  );
});

test("init containers come before the start", () => {
  const p = pod({
    spec: { containers: [{ name: "c" }], initContainers: [{ name: "i" }] },
    status: { phase: "Pending", startTime: "2026-01-01T00:00:00Z", conditions: [{ type: "Initialized", status: "False" }] },
  });
  assert.equal(stageOf(p, podStages)?.name, "initialize");
});

test("a delay grows by chance and by the pod's own seconds, and does not exceed its grace", () => {
  const p = pod({
    metadata: { deletionGracePeriodSeconds: 1 },
    spec: { containers: [{ name: "c", readinessProbe: { initialDelaySeconds: 5 } }] },
  });
  assert.equal(
    delayOf(p, { duration: 100, jitter: 200 }, () => 0.5),
    200,
  );
  assert.equal(
    delayOf(p, { duration: 100, addSeconds: ".spec.containers[].readinessProbe.initialDelaySeconds" }, () => 0),
    5100,
  );
  assert.equal(
    delayOf(p, { duration: 9000, atMostSeconds: ".metadata.deletionGracePeriodSeconds" }, () => 0),
    1000,
  );
});
