/** Objects of any type with whatever in them mean the same as JSON, as protobuf and in memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeJson, decodeProtobufBody, encodeJson, encodeProtobufBody, normalize } from "../src/schema/codec.ts";
import { type Shape, typeNames, typeRow } from "../src/schema/scheme.ts";
import { type Chance, chance } from "./fuzz/random.ts";

/** What a value of a special type can be, as Go would write it. */
const special: Readonly<Record<string, readonly unknown[]>> = {
  Quantity: ["0", "1", "1500m", "2Gi", "-3", "1e3", "0.5", "12345678901234567890"],
  Time: [null, "2026-01-02T03:04:05Z", "1970-01-01T00:00:00Z", "0001-01-02T00:00:00Z"],
  MicroTime: [null, "2026-01-02T03:04:05.678901Z", "2026-01-02T03:04:05.000000Z"],
  IntOrString: [0, -7, 2 ** 31 - 1, "", "25%", "http", "0"],
  RawExtension: [{}, { a: [1, "x", null, 9007199254740993n, { "<": "&" }] }, { kind: "X", apiVersion: "y/v1" }],
  FieldsV1: [{}, { "f:spec": { ".": {}, 'k:{"name":"x"}': {} } }],
  JSON: [null, 0, "", [], { default: true }],
  JSONSchemaPropsOrArray: [{ type: "string" }, [{ type: "string" }, {}]],
  JSONSchemaPropsOrBool: [true, false, { type: "object" }],
  JSONSchemaPropsOrStringArray: [["a", ""], { type: "string" }],
};

const texts = ["", "a", "b", "é☃𝄞", "<&>", '"\\\n', "10", "9"];
const scalars: Readonly<Record<string, readonly unknown[]>> = {
  string: texts,
  bool: [true, false],
  int32: [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)],
  uint32: [0, 1, 2 ** 32 - 1],
  int64: [0, 1, -1, 2 ** 53, -9007199254740993n, 2n ** 63n - 1n, -(2n ** 63n)],
  float64: [0, 0.25, -1e300, 5, 1e-7],
  bytes: ["", "AA==", "AAEC/w=="],
  any: [1, "x", false],
};

function drawn(shape: Shape, depth: number, draw: Chance): unknown {
  const many = Array.from({ length: draw.below(3) });
  if (shape.kind === "list") return many.map(() => drawn(shape.item, depth, draw));
  if (shape.kind === "map") return Object.fromEntries(many.map(() => [draw.pick(texts), drawn(shape.value, depth, draw)]));
  if (shape.kind !== "message") return draw.pick(scalars[shape.kind] as readonly unknown[]);
  const row = typeRow(shape.type);
  if (row.special !== undefined) return draw.pick(special[row.special] as readonly unknown[]);
  const object: Record<string, unknown> = {};
  if (depth === 0 || row.fields.length === 0) return object;
  // A few fields of many: most objects are like that, and all are met in time.
  for (let i = draw.below(6); i > 0; i--) {
    const field = draw.pick(row.fields);
    // kind and apiVersion are not on the wire.
    if (field.number !== 0) object[field.name] = drawn(field.shape, depth - 1, draw);
  }
  return object;
}

/** Types that are JSON only. */
const jsonOnly = /\.(Table\w*|InternalEvent|Info|Unknown)$/;
const types = [...typeNames()].filter((name) => !jsonOnly.test(name) && typeRow(name).special === undefined);

test("objects of all types survive JSON and protobuf, and normalising again changes nothing", () => {
  fc.assert(
    fc.property(fc.constantFrom(...types), fc.nat(), (name, seed) => {
      const object = normalize<Record<string, unknown>>(name, drawn({ kind: "message", type: name }, 4, chance(seed)) as object);
      // No managers at all is a wish of writes (to forget them), which is not kept.
      const { metadata } = object as { metadata?: { managedFields?: unknown[] } };
      if (metadata?.managedFields?.length === 0) delete metadata.managedFields;
      const json = encodeJson(object);
      assert.equal(encodeJson(normalize(name, object)), json);
      assert.equal(encodeJson(decodeJson(json, name, "Strict").object), json);
      const bytes = encodeProtobufBody(name, object);
      const back = decodeProtobufBody(name, bytes);
      assert.equal(encodeJson(back), json);
      assert.deepEqual(encodeProtobufBody(name, back as object), bytes);
    }),
    { numRuns: 2000 },
  );
});
