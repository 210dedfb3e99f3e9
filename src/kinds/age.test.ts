import assert from "node:assert/strict";
import { test } from "node:test";
import { age, humanDuration, timeSince } from "./age.ts";

test("durations are told in two units at most", () => {
  const told: [seconds: number, text: string][] = [
    [-2, "<invalid>"],
    [-1, "0s"],
    [0, "0s"],
    [119, "119s"],
    [120, "2m"],
    [330, "5m30s"],
    [600, "10m"],
    [3 * 3600 - 1, "179m"],
    [3 * 3600, "3h"],
    [5 * 3600 + 61, "5h1m"],
    [8 * 3600 + 600, "8h"],
    [48 * 3600, "2d"],
    [50 * 3600, "2d2h"],
    [9 * 86_400, "9d"],
    [2 * 365 * 86_400, "2y"],
    [(2 * 365 + 3) * 86_400, "2y3d"],
    [(9 * 365 + 3) * 86_400, "9y"],
  ];
  for (const [seconds, text] of told) assert.equal(humanDuration(seconds * 1000), text);
});

test("a time that was never set is unknown", () => {
  assert.equal(timeSince(undefined, 0), "<unknown>");
  assert.equal(age({}, 0), "<unknown>");
  assert.equal(age({ metadata: { creationTimestamp: "2026-01-01T00:00:00Z" } }, Date.parse("2026-01-01T00:05:00Z")), "5m");
});
