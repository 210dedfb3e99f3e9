import assert from "node:assert/strict";
import { test } from "node:test";
import { Slots } from "./slots.ts";

void test("beyond the limit requests wait in line, in order, and urgent ones do not", async () => {
  const slots = new Slots(2);
  const done: string[] = [];
  assert.equal(slots.take(false), undefined);
  assert.equal(slots.take(false), undefined);
  const third = slots.take(false)?.then(() => done.push("third"));
  const fourth = slots.take(false)?.then(() => done.push("fourth"));
  assert.equal(slots.take(true), undefined);
  assert.equal(slots.used, 3);
  slots.release();
  assert.equal(slots.used, 2, "the urgent one's place is not passed on");
  slots.release();
  await third;
  assert.deepEqual(done, ["third"]);
  slots.release();
  await fourth;
  assert.deepEqual(done, ["third", "fourth"]);
  slots.release();
  slots.release();
  assert.equal(slots.used, 0);
});

void test("when the line is too long, requests are refused with 429", () => {
  const slots = new Slots(1);
  void slots.take(false);
  for (let i = 0; i < 25; i++) void slots.take(false);
  assert.throws(() => slots.take(false), { code: 429, reason: "TooManyRequests" });
});
