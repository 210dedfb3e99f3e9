import assert from "node:assert/strict";
import { test } from "node:test";
import { formatGoDuration, parseGoDuration } from "./go-duration.ts";

void test("durations are read as Go reads them", () => {
  assert.equal(parseGoDuration("1m0s"), 60_000);
  assert.equal(parseGoDuration("1.5h"), 5_400_000);
  assert.equal(parseGoDuration("-.5s"), -500);
  assert.equal(parseGoDuration("0"), 0);
  for (const bad of ["", "5", "s", "1x", "1m 0s", "01", "1s0"]) assert.equal(parseGoDuration(bad), undefined, bad);
});

void test("durations are written as Go writes them", () => {
  for (const text of ["0s", "1h0m0s", "1m30s", "1.5s", "300ms", "20µs", "-2m0s"])
    assert.equal(formatGoDuration(parseGoDuration(text) ?? NaN), text);
});
