import assert from "node:assert/strict";
import { test } from "node:test";
import type { Secret } from "../../schema/types/core-v1.ts";
import { missingData, withData } from "./plan.ts";

const secret: Secret = {
  metadata: { name: "s", namespace: "ns", annotations: { "kubernetes.io/service-account.name": "a" } },
  type: "kubernetes.io/service-account-token",
};
const text = (value: string | undefined): string => Buffer.from(value ?? "", "base64").toString();

test("a secret is given token, namespace and certificates once, and whose it is", () => {
  const full = withData(secret, { name: "a", uid: "u" }, "PEM", () => "tok");
  assert.equal(text(full.data?.["token"]), "tok");
  assert.equal(text(full.data?.["namespace"]), "ns");
  assert.equal(text(full.data?.["ca.crt"]), "PEM");
  assert.equal(full.metadata?.annotations?.["kubernetes.io/service-account.uid"], "u");
  assert.equal(missingData(full, "PEM").any, false);
  const other = withData(full, { name: "a", uid: "u" }, "NEW", () => assert.fail("there is a token"));
  assert.equal(text(other.data?.["ca.crt"]), "NEW");
  assert.equal(text(other.data?.["token"]), "tok");
});
