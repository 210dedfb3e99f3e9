import assert from "node:assert/strict";
import { test } from "node:test";
import { planRootCa } from "./plan.ts";

test("the certificate is published where it is missing, and described", () => {
  const write = planRootCa("ns", undefined, "PEM");
  assert.equal(write?.verb, "create");
  assert.deepEqual(write.configMap.data, { "ca.crt": "PEM" });
  assert.match(write.configMap.metadata?.annotations?.["kubernetes.io/description"] ?? "", /^Contains a CA bundle/);
});

test("a config map that was changed is put right, one that is right is left alone", () => {
  const right = planRootCa("ns", undefined, "PEM")?.configMap;
  assert.equal(planRootCa("ns", right, "PEM"), undefined);
  const write = planRootCa("ns", { ...right, data: { "ca.crt": "other", more: "x" } }, "PEM");
  assert.equal(write?.verb, "update");
  assert.deepEqual(write.configMap.data, { "ca.crt": "PEM" });
  assert.equal(planRootCa("ns", { ...right, metadata: { name: "kube-root-ca.crt" } }, "PEM")?.verb, "update");
});
