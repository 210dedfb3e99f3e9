import assert from "node:assert/strict";
import { test } from "node:test";
import { unifiedDiff } from "./unified-diff.ts";

test("a changed line is shown with its surroundings", () => {
  const before = "a\nb\nc\nd\ne\nf\ng\nh";
  const diff = unifiedDiff(before, before.replace("e", "E"));
  assert.match(diff, /^@@ -\d+,\d+ \+\d+,\d+ @@$/m);
  assert.ok(diff.includes("-e\n+E\n"));
  assert.equal(unifiedDiff(before, before), "");
});
