import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  quantityMilliValue,
  quantityValue,
  subQuantities,
} from "./quantity.ts";

const samples = JSON.parse(readFileSync(new URL("../../test/schema-samples/quantities.json", import.meta.url), "utf8")) as [
  string,
  string | null,
  string,
][];

test("quantities are read, written and added as Go does", () => {
  for (const [text, canonical, answer] of samples) {
    if (canonical === null) {
      assert.throws(() => canonicalQuantity(text), { message: answer }, text);
      continue;
    }
    assert.equal(canonicalQuantity(text), canonical, text);
    assert.equal(formatQuantity(addQuantities(text, "100m")), answer, text);
  }
});

test("values are rounded away from zero", () => {
  assert.equal(quantityValue("1.5Gi"), 1610612736);
  assert.equal(quantityValue("1m"), 1);
  assert.equal(quantityMilliValue("0.5"), 500);
  assert.equal(quantityMilliValue("1u"), 1);
  assert.equal(compareQuantities("1Gi", "1024Mi"), 0);
  assert.equal(compareQuantities("999m", "1"), -1);
  assert.equal(formatQuantity(subQuantities("1Gi", "512Mi")), "512Mi");
});
