import assert from "node:assert/strict";
import { test } from "node:test";
import type { JSONSchemaProps } from "../types/apiextensions-v1.ts";
import { customSchemas } from "./custom.ts";

const name = "com.example.v1.Foo";

function published(spec: JSONSchemaProps, dialect: "v2" | "v3"): unknown {
  const resource = { group: "example.com", version: "v1", kind: "Foo", resource: "foos", listKind: "FooList", namespaced: true, verbs: [] };
  const schema: JSONSchemaProps = { type: "object", properties: { spec } };
  const schemas = customSchemas({ ...resource, subresources: [], schema, selectableFields: ["spec.a"] }, dialect);
  const { properties } = schemas[name] as { properties: Record<string, unknown> };
  return properties["spec"];
}

void test("v2 leaves types open where a value may be null or have unknown fields, and asks for nothing that may be null", () => {
  assert.deepEqual(published({ type: "string", nullable: true, enum: ["a"] }, "v2"), { enum: ["a"] });
  const a = { type: "string", nullable: true };
  assert.deepEqual(published({ type: "object", required: ["a", "b"], properties: { a, b: { type: "string" } } }, "v2"), {
    type: "object",
    required: ["b"],
    properties: { a: {}, b: { type: "string" } },
  });
  assert.deepEqual(published({ type: "object", "x-kubernetes-preserve-unknown-fields": true, required: ["a"], properties: { a } }, "v2"), {
    "x-kubernetes-preserve-unknown-fields": true,
    required: ["a"],
  });
});

void test("v3 says all of the schema, with examples and external documentation", () => {
  const spec = { type: "string", nullable: true, default: "x", example: "y", externalDocs: { url: "https://example.com" } };
  assert.deepEqual(published(spec, "v3"), spec);
  assert.deepEqual(published({ "x-kubernetes-int-or-string": true }, "v3"), {
    "x-kubernetes-int-or-string": true,
    anyOf: [{ type: "integer" }, { type: "string" }],
  });
});

void test("an embedded resource has kind, apiVersion and metadata, unless v2 would take them for all that there may be", () => {
  const open = { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true };
  assert.deepEqual(published(open, "v2"), { "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true });
  for (const dialect of ["v2", "v3"] as const) {
    const closed = published({ type: "object", "x-kubernetes-embedded-resource": true, properties: {} }, dialect) as {
      required: string[];
      properties: object;
    };
    assert.deepEqual(closed.required, ["kind", "apiVersion"]);
    assert.deepEqual(Object.keys(closed.properties), ["apiVersion", "kind", "metadata"]);
  }
});
