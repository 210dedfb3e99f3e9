/** Every type of the table, with every field set to something, survives JSON and protobuf. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeJson, decodeProtobufBody, encodeJson, encodeProtobufBody, normalize } from "../src/schema/codec.ts";
import { parseJsonExactly, plainJson } from "../src/schema/json-exact.ts";
import { countKeys, scanJson } from "../src/schema/json-scan.ts";
import { type Shape, typeNames, typeRow } from "../src/schema/scheme.ts";

/** Types that are JSON only. */
const jsonOnly = /\.(Table\w*|InternalEvent|Info|Unknown)$/;

const specialValues: Record<string, unknown> = {
  Quantity: "1500m",
  Time: "2026-01-02T03:04:05Z",
  MicroTime: "2026-01-02T03:04:05.678901Z",
  IntOrString: "25%",
  RawExtension: { a: [1, "x", null, 9007199254740993n] },
  FieldsV1: { "f:spec": { ".": {} } },
  JSON: { default: true },
  JSONSchemaPropsOrArray: [{ type: "string" }],
  JSONSchemaPropsOrBool: false,
  JSONSchemaPropsOrStringArray: ["a", "b"],
};

/** A value with every field set, down to a depth. */
function filled(shape: Shape, depth: number): unknown {
  switch (shape.kind) {
    case "string":
      return "é☃𝄞";
    case "bool":
      return true;
    case "int32":
      return -7;
    case "int64":
      return -9007199254740993n;
    case "uint32":
      return 4_000_000_000;
    case "float64":
      return 0.25;
    case "bytes":
      return "AAEC/w==";
    case "any":
      return 1;
    case "list":
      return [filled(shape.item, depth), filled(shape.item, depth)];
    case "map":
      return { a: filled(shape.value, depth), b: filled(shape.value, depth), __proto: filled(shape.value, depth) };
    case "message": {
      const row = typeRow(shape.type);
      if (row.special !== undefined) return specialValues[row.special];
      const object: Record<string, unknown> = {};
      if (depth > 0) for (const field of row.fields) object[field.name] = filled(field.shape, depth - 1);
      return object;
    }
  }
}

test("objects with every field set come back the same from protobuf and from JSON", () => {
  for (const name of typeNames()) {
    const row = typeRow(name);
    if (jsonOnly.test(name) || row.special !== undefined) continue;
    const object = normalize<Record<string, unknown>>(name, filled({ kind: "message", type: name }, 2) as object);
    assert.equal(encodeJson(decodeJson(encodeJson(object), name, "Strict").object), encodeJson(object), name);
    // kind and apiVersion are not on the wire.
    const bare = { ...object };
    for (const field of ["kind", "apiVersion"]) if (row.byName.get(field)?.number === 0) delete bare[field];
    assert.equal(withoutTypeMeta(decodeProtobufBody(name, encodeProtobufBody(name, bare))), withoutTypeMeta(bare), name);
  }
});

/** Lists of objects carry no kind and apiVersion in protobuf. */
function withoutTypeMeta(value: unknown): string {
  return encodeJson(value).replace(/"(?:kind|apiVersion)":"é☃𝄞",?/g, "");
}

test("an empty object of every type has Go's zero values, the same from either format", () => {
  for (const name of typeNames()) {
    if (jsonOnly.test(name) || typeRow(name).special !== undefined) continue;
    const object = normalize<Record<string, unknown>>(name, {});
    assert.equal(encodeJson(decodeProtobufBody(name, encodeProtobufBody(name, object))), encodeJson(object), name);
    assert.equal(encodeJson(decodeJson("{}", name, "Strict").object), encodeJson(object), name);
  }
});

test("a truncated message is refused, never misread into a crash", () => {
  const name = "io.k8s.api.core.v1.Pod";
  const bytes = encodeProtobufBody(name, normalize(name, filled({ kind: "message", type: name }, 2) as object));
  for (let length = 0; length < bytes.length; length += 7) {
    try {
      decodeProtobufBody(name, bytes.subarray(0, length));
    } catch (error) {
      assert.equal((error as { code?: number }).code, 400);
    }
  }
});

/** The integers only `bigint` holds, as `JSON.parse` has them. */
function rounded(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, rounded(child)]));
}

test("the exact parser reads what JSON.parse reads, and large integers exactly", () => {
  assert.deepEqual(plainJson(parseJsonExactly("[9007199254740993]")), [9007199254740993n]);
  fc.assert(
    fc.property(fc.json(), (text) => {
      assert.deepEqual(rounded(plainJson(parseJsonExactly(text))), JSON.parse(text));
    }),
  );
});

test("colons outside strings count the keys", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      assert.equal(scanJson(Buffer.from(text)).colons, countKeys(JSON.parse(text)));
    }),
  );
});
