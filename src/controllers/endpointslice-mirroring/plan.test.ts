import assert from "node:assert/strict";
import { test } from "node:test";
import type { Endpoints } from "../../schema/types/core-v1.ts";
import { planMirror, shouldMirror } from "./plan.ts";

const endpoints: Endpoints = {
  metadata: {
    name: "s",
    namespace: "n",
    uid: "eu",
    labels: { a: "b" },
    annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}", note: "x" },
  },
  subsets: [
    {
      addresses: [{ ip: "10.0.0.1", hostname: "h" }, { ip: "fd00::1" }],
      notReadyAddresses: [{ ip: "10.0.0.2" }],
      ports: [{ name: "p", port: 80, protocol: "TCP" }],
    },
  ],
};

test("only endpoints of services without a selector are mirrored, unless they opt out", () => {
  assert.ok(shouldMirror(endpoints, { spec: {} }));
  assert.ok(!shouldMirror(endpoints, undefined));
  assert.ok(!shouldMirror(endpoints, { spec: { selector: { a: "b" } } }));
  const skipped = { ...endpoints, metadata: { ...endpoints.metadata, labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } } };
  assert.ok(!shouldMirror(skipped, { spec: {} }));
});

test("each address family gets its slices, readiness by where the address stood", () => {
  const plan = planMirror(endpoints, [], 100);
  assert.deepEqual(
    plan.create.map((s) => [s.addressType, s.endpoints]),
    [
      [
        "IPv4",
        [
          { addresses: ["10.0.0.1"], conditions: { ready: true }, hostname: "h" },
          { addresses: ["10.0.0.2"], conditions: { ready: false } },
        ],
      ],
      ["IPv6", [{ addresses: ["fd00::1"], conditions: { ready: true } }]],
    ],
  );
  assert.deepEqual(plan.create[0]?.metadata, {
    generateName: "s-",
    namespace: "n",
    ownerReferences: [{ apiVersion: "v1", kind: "Endpoints", name: "s", uid: "eu", controller: true, blockOwnerDeletion: true }],
    labels: {
      a: "b",
      "kubernetes.io/service-name": "s",
      "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
    },
    annotations: { note: "x" },
  });
});

test("what is mirrored already is left alone; without addresses the slices go", () => {
  const slices = planMirror(endpoints, [], 100).create.map((s, i) => ({ ...s, metadata: { ...s.metadata, name: `s-${i}` } }));
  const same = planMirror(endpoints, slices, 100);
  assert.deepEqual([same.create, same.update, same.remove], [[], [], []]);
  assert.equal(planMirror({ ...endpoints, subsets: [] }, slices, 100).remove.length, 2);
});
