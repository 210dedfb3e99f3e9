/**
 * OpenAPI documents are upstream's but for descriptions. `openapi.json` holds a digest of every schema and path that
 * v1.36.3 publishes, `openapi-custom.json` those of a custom resource.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { customSchemas } from "../src/schema/openapi/custom.ts";
import { loadDescriptions } from "../src/schema/openapi/descriptions.ts";
import type { PublishedResource } from "../src/schema/openapi/published.ts";
import { openApiV2 } from "../src/schema/openapi/v2.ts";
import { encodeOpenApiV2 } from "../src/schema/openapi/v2-protobuf.ts";
import { openApiV3, openApiV3Index } from "../src/schema/openapi/v3.ts";
import { type ResourceRow, resourceRows, typeNameOf } from "../src/schema/scheme.ts";
import type { JSONSchemaProps } from "../src/schema/types/apiextensions-v1.ts";

const read = <T>(name: string): T => JSON.parse(readFileSync(new URL(`schema-samples/${name}.json`, import.meta.url), "utf8")) as T;

function published(row: ResourceRow): PublishedResource {
  const gvk = (kind: ResourceRow["responseKind"]): { group: string; version: string; kind: string } =>
    kind.version === "" ? { group: row.group, version: row.version, kind: kind.kind } : kind;
  const own = gvk(row.responseKind);
  return {
    group: row.group,
    version: row.version,
    kind: own.kind,
    resource: row.resource,
    listKind: `${own.kind}List`,
    namespaced: row.scope === "Namespaced",
    verbs: row.verbs,
    typeName: typeNameOf(own),
    subresources: (row.subresources ?? []).map((s) => ({ name: s.subresource, verbs: s.verbs, ...gvk(s.responseKind) })),
  };
}

const resources = resourceRows.filter((r) => r.servedByDefault).map(published);

function stripped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stripped);
  if (typeof value !== "object" || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!(key === "description" && typeof inner === "string")) result[key] = stripped(inner);
  }
  return result;
}

const digest = (value: unknown): string =>
  createHash("sha256")
    .update(JSON.stringify(stripped(value)))
    .digest("base64url")
    .slice(0, 10);

interface Digests {
  schemas: Record<string, string>;
  paths: Record<string, string>;
}

describe("OpenAPI v3", () => {
  for (const [gv, expected] of Object.entries(read<Record<string, Digests>>("openapi"))) {
    test(`${gv} is what upstream publishes`, () => {
      const [group, version] = gv.includes("/") ? (gv.split("/") as [string, string]) : ["", gv];
      const document = openApiV3(
        { group, version },
        resources.filter((r) => r.group === group && r.version === version),
      ) as unknown as { components: { schemas: Record<string, unknown> }; paths: Record<string, unknown> };
      assert.deepEqual(Object.keys(document.paths).sort(), Object.keys(expected.paths).sort());
      for (const [path, wanted] of Object.entries(expected.paths)) assert.equal(digest(document.paths[path]), wanted, path);
      for (const [name, wanted] of Object.entries(expected.schemas)) {
        assert.equal(digest(document.components.schemas[name]), wanted, name);
      }
    });
  }

  test("the index names each document with its hash", () => {
    assert.deepEqual(openApiV3Index({ "apis/apps/v1": "AB" }), {
      paths: { "apis/apps/v1": { serverRelativeURL: "/openapi/v3/apis/apps/v1?hash=AB" } },
    });
  });
});

test("a custom resource is published as upstream does, in both formats", () => {
  const custom = read<{ v2: object; v3: object; list: object }>("openapi-custom");
  const { schema } = read<{ schema: JSONSchemaProps }>("custom-resources");
  const kind = { group: "schema.example.com", version: "v1", kind: "Wid", listKind: "WidList", resource: "wids" };
  const wid: PublishedResource = { ...kind, namespaced: true, verbs: ["get"], schema, subresources: [] };
  assert.deepEqual(stripped(customSchemas(wid, "v3")["com.example.schema.v1.Wid"]), custom.v3);
  assert.deepEqual(stripped(customSchemas(wid, "v2")["com.example.schema.v1.Wid"]), custom.v2);
  assert.deepEqual(stripped(customSchemas(wid, "v2")["com.example.schema.v1.WidList"]), custom.list);
});

const gizSchema: JSONSchemaProps = {
  type: "object",
  properties: {
    spec: { type: "object", properties: { replicas: { type: "integer" } } },
    status: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  },
};

test("whole documents are what upstream publishes: everything as v2, and a custom resource with subresources", () => {
  const expected = read<{ v2: object; custom: object }>("openapi-documents");
  const { definitions, paths } = openApiV2(resources);
  assert.deepEqual({ definitions: digest(definitions), paths: digest(paths) }, expected.v2);
  const gv = { group: "schema.example.com", version: "v1" };
  const verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
  const giz: PublishedResource = {
    ...gv,
    kind: "Giz",
    listKind: "GizList",
    resource: "gizs",
    namespaced: true,
    verbs,
    schema: gizSchema,
    subresources: [
      { name: "status", verbs: ["get", "patch", "update"], ...gv, kind: "Giz" },
      { name: "scale", verbs: ["get", "patch", "update"], group: "autoscaling", version: "v1", kind: "Scale" },
    ],
  };
  const v2Paths = Object.entries(openApiV2([giz]).paths).filter(([path]) => path.startsWith("/apis/schema.example.com/"));
  assert.deepEqual({ v3: digest(openApiV3(gv, [giz])), v2Paths: digest(Object.fromEntries(v2Paths)) }, expected.custom);
});

test("OpenAPI v2 defines every type it refers to, and encodes to protobuf", () => {
  const document = openApiV2(resources);
  for (const [, name] of JSON.stringify(document).matchAll(/"#\/definitions\/([^"]+)"/g)) {
    assert.ok(Object.hasOwn(document.definitions, name as string), name);
  }
  const bytes = Buffer.from(encodeOpenApiV2(document));
  // swagger = 1: "2.0"
  assert.deepEqual(bytes.subarray(0, 5), Buffer.from([0x0a, 3, 0x32, 0x2e, 0x30]));
  assert.ok(bytes.includes("io.k8s.api.core.v1.Pod"));
});

test("descriptions are there when they were generated, and nothing fails when not", async () => {
  const descriptions = await loadDescriptions();
  const document = openApiV3(
    { group: "apps", version: "v1" },
    resources.filter((r) => r.group === "apps"),
    descriptions,
  ) as unknown as { components: { schemas: Record<string, { description?: string }> } };
  assert.equal(
    document.components.schemas["io.k8s.api.apps.v1.Deployment"]?.description,
    descriptions("io.k8s.api.apps.v1.Deployment").type,
  );
});
