import assert from "node:assert/strict";
import { test } from "node:test";
import type { Secret, ServiceAccount } from "../../schema/types/core-v1.ts";
import { fateOf, secretNamesOf, trackedSince } from "./plan.ts";

const keepFrom = Date.parse("2030-06-15T12:00:00Z");
const account: ServiceAccount = { metadata: { name: "a" }, secrets: [{ name: "s" }] };
const secret = (labels: Record<string, string> = {}, created = "2029-01-01T00:00:00Z"): Secret => ({
  metadata: { name: "s", creationTimestamp: created, labels },
  type: "kubernetes.io/service-account-token",
});
const used = (day: string): Record<string, string> => ({ "kubernetes.io/legacy-token-last-used": day });
const invalid = (day: string): Record<string, string> => ({ "kubernetes.io/legacy-token-invalid-since": day });

test("what was not used for long is revoked first, and removed after as long again", () => {
  assert.equal(fateOf(secret(), account, false, keepFrom), "invalidate");
  assert.equal(fateOf(secret(used("2030-06-14")), account, false, keepFrom), "invalidate");
  assert.equal(fateOf(secret({ ...used("2030-06-14"), ...invalid("2030-06-16") }), account, false, keepFrom), "keep");
  assert.equal(fateOf(secret({ ...used("2030-06-14"), ...invalid("2030-06-14") }), account, false, keepFrom), "delete");
  assert.equal(fateOf(secret(invalid("some day")), account, false, keepFrom), "invalidate");
});

test("what is young, in use, mounted, or made by hand stays", () => {
  assert.equal(fateOf(secret({}, "2030-06-15T12:00:00Z"), account, false, keepFrom), "keep");
  assert.equal(fateOf(secret(used("2030-06-15")), account, false, keepFrom), "keep");
  assert.equal(fateOf(secret(used("lately")), account, false, keepFrom), "keep");
  assert.equal(fateOf(secret(), account, true, keepFrom), "keep");
  assert.equal(fateOf(secret(), { metadata: { name: "a" } }, false, keepFrom), "keep");
  assert.equal(fateOf(secret(), undefined, false, keepFrom), "keep");
  assert.equal(fateOf({ ...secret(), type: "Opaque" }, account, false, keepFrom), "keep");
});

test("tracking counts from the day after it began; pods name secrets in many places", () => {
  assert.equal(trackedSince("2030-01-31"), Date.parse("2030-02-01T00:00:00Z"));
  assert.equal(trackedSince("today"), undefined);
  const names = secretNamesOf({
    spec: {
      imagePullSecrets: [{ name: "pull" }],
      containers: [
        {
          name: "c",
          env: [{ name: "E", valueFrom: { secretKeyRef: { name: "env", key: "k" } } }],
          envFrom: [{ secretRef: { name: "all" } }],
        },
      ],
      volumes: [
        { name: "v", secret: { secretName: "volume" } },
        { name: "p", projected: { sources: [{ secret: { name: "projected" } }] } },
        { name: "x", csi: { driver: "d", nodePublishSecretRef: { name: "csi" } } },
      ],
    },
  });
  assert.deepEqual([...names].sort(), ["all", "csi", "env", "projected", "pull", "volume"]);
});
