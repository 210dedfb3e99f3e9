import assert from "node:assert/strict";
import { test } from "node:test";
import type { Taint, Toleration } from "../../schema/types/core-v1.ts";
import { toleratesTaint } from "./tolerations.ts";

const taint: Taint = { key: "a", value: "b", effect: "NoSchedule" };

test("what tolerates a taint", () => {
  const cases: [toleration: Toleration, tolerates: boolean][] = [
    [{ key: "a", operator: "Equal", value: "b", effect: "NoSchedule" }, true],
    [{ key: "a", value: "b" }, true],
    [{ key: "a", value: "c" }, false],
    [{ key: "a", operator: "Exists" }, true],
    [{ operator: "Exists" }, true],
    [{ key: "a", operator: "Exists", effect: "NoExecute" }, false],
    [{ key: "z", operator: "Exists" }, false],
  ];
  for (const [toleration, tolerates] of cases) assert.equal(toleratesTaint(toleration, taint), tolerates, JSON.stringify(toleration));
});
