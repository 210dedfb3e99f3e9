import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod, Toleration } from "../../schema/types/core-v1.ts";
import { planEviction } from "./plan.ts";

const now = Date.UTC(2026, 0, 1);
const taint = { key: "node.kubernetes.io/unreachable", effect: "NoExecute" };
const pod = (...tolerations: Toleration[]): Pod => ({ spec: { containers: [{ name: "c" }], tolerations } });
const toleration = (tolerationSeconds?: number): Toleration => ({
  key: taint.key,
  operator: "Exists",
  effect: "NoExecute",
  ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
});

test("a pod without a toleration goes at once", () => {
  assert.deepEqual(planEviction(pod(), [taint], undefined, now), { type: "evict", cancelled: false });
});

test("tolerationSeconds put it off, from the first time it was looked at", () => {
  assert.deepEqual(planEviction(pod(toleration(300)), [taint], undefined, now), { type: "wait", until: now + 300_000 });
  assert.deepEqual(planEviction(pod(toleration(300)), [taint], now + 300_000, now + 100_000), { type: "wait", until: now + 300_000 });
  assert.deepEqual(planEviction(pod(toleration(300)), [taint], now + 300_000, now + 300_000), { type: "evict", cancelled: false });
});

test("a pod that tolerates for ever stays; a node that is clean again cancels", () => {
  assert.deepEqual(planEviction(pod(toleration()), [taint], undefined, now), { type: "stay", cancelled: false });
  assert.deepEqual(planEviction(pod(toleration(300)), [], now + 300_000, now), { type: "stay", cancelled: true });
});

test("the shortest of several tolerations counts, one that is missing outweighs all", () => {
  const other = { key: "other", effect: "NoExecute" };
  const both = pod(toleration(300), { key: "other", operator: "Exists", effect: "NoExecute", tolerationSeconds: 5 });
  assert.deepEqual(planEviction(both, [taint, other], undefined, now), { type: "wait", until: now + 5000 });
  assert.deepEqual(planEviction(pod(toleration(300)), [taint, other], now + 300_000, now), { type: "evict", cancelled: true });
});
