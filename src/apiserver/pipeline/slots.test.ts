import assert from "node:assert/strict";
import { test } from "node:test";
import { Slots } from "./slots.ts";

void test("beyond the limit requests are refused, but for urgent ones", () => {
  const slots = new Slots(2);
  assert.equal(slots.take(false), true);
  assert.equal(slots.take(false), true);
  assert.equal(slots.take(false), false);
  assert.equal(slots.take(true), true);
  assert.equal(slots.used, 3);
  slots.release();
  assert.equal(slots.take(false), false, "the urgent one's place was none");
  slots.release();
  assert.equal(slots.take(false), true);
});

void test("zero is no limit", () => {
  const slots = new Slots(0);
  for (let i = 0; i < 1000; i++) assert.equal(slots.take(false), true);
  assert.equal(slots.used, 1000);
});
