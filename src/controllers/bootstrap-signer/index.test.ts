import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import type { Secret } from "../../schema/types/core-v1.ts";
import { detachedSignature, signingToken } from "./index.ts";

const now = Date.parse("2030-01-01T00:00:00Z");

function secret(data: Record<string, string>, name = "bootstrap-token-abcdef"): Secret {
  const all = { "token-id": "abcdef", "token-secret": "s", "usage-bootstrap-signing": "true", ...data };
  return { metadata: { name }, data: Object.fromEntries(Object.entries(all).map(([k, v]) => [k, Buffer.from(v).toString("base64")])) };
}

test("a token signs while it is for that and has not ended", () => {
  assert.deepEqual(signingToken(secret({}), now), ["abcdef", "s"]);
  assert.deepEqual(signingToken(secret({ expiration: "2030-01-01T00:00:01Z" }), now), ["abcdef", "s"]);
  assert.equal(signingToken(secret({ expiration: "2029-12-31T23:59:59Z" }), now), undefined);
  assert.equal(signingToken(secret({ expiration: "soon" }), now), undefined);
  assert.equal(signingToken(secret({ "usage-bootstrap-signing": "false" }), now), undefined);
  assert.equal(signingToken(secret({}, "bootstrap-token-other"), now), undefined);
});

test("who knows the token can check the signature over the content", () => {
  const [header = "", content, signature] = detachedSignature("kubeconfig", "abcdef", "secret").split(".");
  assert.equal(content, "");
  assert.deepEqual(JSON.parse(Buffer.from(header, "base64url").toString()), { alg: "HS256", kid: "abcdef" });
  const signed = `${header}.${Buffer.from("kubeconfig").toString("base64url")}`;
  assert.equal(signature, createHmac("sha256", "secret").update(signed).digest("base64url"));
});
