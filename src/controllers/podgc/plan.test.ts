import assert from "node:assert/strict";
import { test } from "node:test";
import { failedStatus, isOutOfService, isUnscheduledTerminating, orphanCondition, surplusTerminated } from "./plan.ts";

const gone = "2026-01-01T00:00:00Z";

test("finished pods beyond the threshold go, evicted ones first, then the oldest", () => {
  const pod = (name: string, phase: string, created: string, reason?: string) => ({
    metadata: { name, creationTimestamp: created },
    status: { phase, ...(reason === undefined ? {} : { reason }) },
  });
  const pods = [
    pod("new", "Succeeded", "2026-01-03T00:00:00Z"),
    pod("old", "Failed", "2026-01-01T00:00:00Z"),
    pod("evicted", "Failed", "2026-01-04T00:00:00Z", "Evicted"),
    pod("running", "Running", "2025-01-01T00:00:00Z"),
  ];
  assert.deepEqual(
    surplusTerminated(pods, 1).map((p) => p.metadata?.name),
    ["evicted", "old"],
  );
  assert.deepEqual(surplusTerminated(pods, 3), []);
  assert.deepEqual(surplusTerminated(pods, 0), []);
});

test("a terminating pod that has no node is nobody's", () => {
  assert.ok(isUnscheduledTerminating({ metadata: { deletionTimestamp: gone } }));
  assert.ok(!isUnscheduledTerminating({ metadata: { deletionTimestamp: gone }, spec: { containers: [], nodeName: "n" } }));
  assert.ok(!isUnscheduledTerminating({ metadata: {} }));
});

test("out of service counts only for nodes that are not ready", () => {
  const pod = { metadata: { deletionTimestamp: gone } };
  const node = (ready: string) => ({
    spec: { taints: [{ key: "node.kubernetes.io/out-of-service", effect: "NoExecute" }] },
    status: { conditions: [{ type: "Ready", status: ready }] },
  });
  assert.ok(isOutOfService(pod, node("Unknown")));
  assert.ok(!isOutOfService(pod, node("True")));
  assert.ok(!isOutOfService(pod, undefined));
});

test("an orphan is marked failed with the reason before it is removed, a finished one is not touched", () => {
  const pod = { metadata: { generation: 1 }, status: { phase: "Running" } };
  const condition = orphanCondition(pod, Date.parse(gone));
  assert.deepEqual(failedStatus(pod, condition), { phase: "Failed", observedGeneration: 1, conditions: [condition] });
  assert.equal(condition.message, "PodGC: node no longer exists");
  assert.equal(failedStatus({ status: { phase: "Succeeded" } }, condition), undefined);
});
