import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/clock.ts";
import { type ConditionLike, findCondition, setCondition } from "./conditions.ts";
import { Expectations } from "./expectations.ts";
import { slowStartBatch } from "./slow-start.ts";

void test("a controller waits until it has seen its creations, or five minutes have passed", async () => {
  const clock = new FakeClock();
  const expectations = new Expectations(clock);
  assert.equal(expectations.satisfied("a"), true);
  expectations.expectCreations("a", 2);
  expectations.creationObserved("a");
  assert.equal(expectations.satisfied("a"), false);
  expectations.creationObserved("a");
  assert.equal(expectations.satisfied("a"), true);
  expectations.expectCreations("a", 1);
  await clock.advance(300_001);
  assert.equal(expectations.satisfied("a"), true);
});

void test("a deletion that is seen twice counts once, one that was not expected not at all", () => {
  const expectations = new Expectations(new FakeClock());
  expectations.expectDeletions("a", ["u1", "u2"]);
  expectations.deletionObserved("a", "u1");
  expectations.deletionObserved("a", "u1");
  expectations.deletionObserved("a", "u3");
  assert.deepEqual(expectations.pending("a"), [0, 1]);
  expectations.deletionObserved("a", "u2");
  assert.equal(expectations.satisfied("a"), true);
});

void test("slow start doubles its batches and stops after the first batch that fails", async () => {
  const started: number[] = [];
  const all = await slowStartBatch(10, async (i) => void started.push(i));
  assert.deepEqual(all, { succeeded: 10, error: undefined });
  let tried = 0;
  const failing = await slowStartBatch(10, async (i) => {
    tried++;
    if (i === 2) throw new Error("quota");
  });
  assert.equal(tried, 3);
  assert.equal(failing.succeeded, 2);
  assert.equal((failing.error as Error).message, "quota");
});

void test("a condition's transition time moves with its status only", () => {
  const at = Date.UTC(2026, 0, 1);
  const first = setCondition<ConditionLike>(undefined, { type: "Ready", status: "True", reason: "A" }, at);
  const second = setCondition(first, { type: "Ready", status: "True", reason: "B" }, at + 5000);
  const third = setCondition(second, { type: "Ready", status: "False", reason: "B" }, at + 9000);
  assert.equal(findCondition(second, "Ready")?.lastTransitionTime, "2026-01-01T00:00:00Z");
  assert.equal(findCondition(third, "Ready")?.lastTransitionTime, "2026-01-01T00:00:09Z");
});
