import assert from "node:assert/strict";
import { test } from "node:test";
import type { Strategy, WriteContext } from "../../apiserver/resource.ts";
import { defaultFeatureGates, parseFeatureGates } from "../../core/feature-gates.ts";
import type { UnstructuredObject } from "../../schema/object.ts";
import { gatedStrategy } from "./gated-fields.ts";

const context = {} as WriteContext;

/** Drops what is off by default, as `kinds/` does. */
const base: Strategy = {
  prepareForCreate: (_context, object) => {
    const rolling = ((object["spec"] as Record<string, unknown>)["updateStrategy"] as { rollingUpdate: Record<string, unknown> })
      .rollingUpdate;
    delete rolling["maxUnavailable"];
  },
};

const set = (): UnstructuredObject => ({
  spec: {
    updateStrategy: { rollingUpdate: { maxUnavailable: 2 } },
    template: {
      spec: { hostnameOverride: "h", containers: [{ name: "c", env: [{ name: "A", valueFrom: { fileKeyRef: { key: "k" } } }] }] },
    },
  },
});

void test("under the default gates a strategy is what it was", () => {
  assert.equal(gatedStrategy(base, "apps/statefulsets", defaultFeatureGates), base);
  assert.equal(gatedStrategy(base, "/configmaps", parseFeatureGates(["AllAlpha=true"]).gates), base);
});

void test("a field whose gate is switched on stays", () => {
  const object = set();
  gatedStrategy(base, "apps/statefulsets", parseFeatureGates(["MaxUnavailableStatefulSet=true"]).gates).prepareForCreate?.(context, object);
  assert.deepEqual((object["spec"] as { updateStrategy: unknown }).updateStrategy, { rollingUpdate: { maxUnavailable: 2 } });
});

void test("a field whose gate is switched off is dropped, unless the object has it already", () => {
  const strategy = gatedStrategy(base, "apps/statefulsets", parseFeatureGates(["HostnameOverride=false,EnvFiles=false"]).gates);
  const created = set();
  strategy.prepareForCreate?.(context, created);
  assert.deepEqual((created["spec"] as { template: unknown }).template, {
    spec: { containers: [{ name: "c", env: [{ name: "A", valueFrom: {} }] }] },
  });
  const updated = set();
  strategy.prepareForUpdate?.(context, updated, set());
  assert.deepEqual(updated, set());
});
