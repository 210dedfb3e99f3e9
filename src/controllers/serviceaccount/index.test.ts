import assert from "node:assert/strict";
import { test } from "node:test";
import { missingAccounts } from "./index.ts";

test("an active namespace lacks the default account until it exists", () => {
  const active = { status: { phase: "Active" } };
  assert.deepEqual(
    missingAccounts(active, () => false),
    ["default"],
  );
  assert.deepEqual(
    missingAccounts(active, () => true),
    [],
  );
});

test("a namespace that terminates or is gone gets nothing", () => {
  assert.deepEqual(
    missingAccounts({ status: { phase: "Terminating" } }, () => false),
    [],
  );
  assert.deepEqual(
    missingAccounts(undefined, () => false),
    [],
  );
});
