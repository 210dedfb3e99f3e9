import assert from "node:assert/strict";
import { test } from "node:test";
import { upgradeDefinition } from "./custom-resource-definition-v1beta1.ts";

const stored = (spec: Record<string, unknown>): ReturnType<typeof upgradeDefinition> =>
  upgradeDefinition({ apiVersion: "apiextensions.k8s.io/v1beta1", kind: "CustomResourceDefinition", metadata: { name: "w.x" }, spec });

test("what v1beta1 kept beside the versions becomes each version's", () => {
  const schema = { openAPIV3Schema: { type: "object" } };
  const { apiVersion, spec } = stored({
    group: "x",
    version: "v1",
    validation: schema,
    subresources: { status: {} },
    additionalPrinterColumns: [{ name: "A", type: "string", JSONPath: ".a" }],
    versions: [
      { name: "v1", served: true, storage: true },
      { name: "v2", served: true, storage: false },
    ],
    conversion: { strategy: "None" },
    preserveUnknownFields: false,
  });
  const version = {
    served: true,
    schema,
    subresources: { status: {} },
    additionalPrinterColumns: [{ name: "A", type: "string", jsonPath: ".a" }],
  };
  assert.equal(apiVersion, "apiextensions.k8s.io/v1");
  assert.deepEqual(spec, {
    group: "x",
    versions: [
      { ...version, name: "v1", storage: true },
      { ...version, name: "v2", storage: false },
    ],
    conversion: { strategy: "None" },
  });
});

test("a version's own schema comes first, and the webhook of a conversion moves together", () => {
  const { spec } = stored({
    validation: { openAPIV3Schema: { type: "string" } },
    versions: [{ name: "v1", schema: { openAPIV3Schema: { type: "object" } } }],
    conversion: { strategy: "Webhook", webhookClientConfig: { url: "https://x" }, conversionReviewVersions: ["v1"] },
  });
  assert.deepEqual(spec, {
    versions: [{ name: "v1", schema: { openAPIV3Schema: { type: "object" } } }],
    conversion: { strategy: "Webhook", webhook: { clientConfig: { url: "https://x" }, conversionReviewVersions: ["v1"] } },
  });
});
