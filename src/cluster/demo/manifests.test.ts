import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { demoManifests } from "./manifests.ts";

test("the demo that the command carries is the example that people read", () => {
  assert.equal(demoManifests.trim(), readFileSync(new URL("../../../examples/demo/demo.yaml", import.meta.url), "utf8").trim());
});
