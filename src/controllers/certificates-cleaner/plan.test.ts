import assert from "node:assert/strict";
import { test } from "node:test";
import { createCa } from "../../host/pki.ts";
import type { CertificateSigningRequest } from "../../schema/types/certificates-v1.ts";
import { isOver } from "./plan.ts";

const now = Date.parse("2030-01-02T00:00:00Z");
const before = (hours: number): string => new Date(now - hours * 3_600_000 - 1000).toISOString();

function request(type: string | undefined, hours: number, certificate = ""): CertificateSigningRequest {
  const conditions = type === undefined ? [] : [{ type, status: "True", lastUpdateTime: before(hours) }];
  return {
    metadata: { name: "r", creationTimestamp: before(hours) },
    spec: { request: "", signerName: "example.org/s" },
    status: { conditions, ...(certificate === "" ? {} : { certificate }) },
  };
}

const pem = Buffer.from(createCa({ commonName: "x", days: 36_500 }).certificate).toString("base64");
const ended = Buffer.from(createCa({ commonName: "x", days: -1 }).certificate).toString("base64");

test("a request is over an hour after its end, a day after nothing happened, or when its certificate ends", () => {
  for (const [hours, over] of [
    [0.5, false],
    [1, true],
  ] as const) {
    assert.equal(isOver(request("Denied", hours), now), over);
    assert.equal(isOver(request("Failed", hours), now), over);
    assert.equal(isOver(request("Approved", hours, pem), now), over);
  }
  for (const [hours, over] of [
    [23, false],
    [24, true],
  ] as const) {
    assert.equal(isOver(request(undefined, hours), now), over);
    assert.equal(isOver(request("Approved", hours), now), over);
  }
  assert.equal(isOver(request("Approved", 0, ended), now), true);
  assert.equal(isOver(request("Approved", 0, Buffer.from("no PEM").toString("base64")), now), false);
});
