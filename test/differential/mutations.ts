/** What is put in a field's place: by its shape, things that fit, nearly fit, and do not. */
import { type FieldRow, type Shape, typeRow } from "../../src/schema/scheme.ts";
import { sample } from "./samples.ts";

export interface Mutation {
  readonly title: string;
  /** `undefined`: the field is taken away. */
  readonly value?: unknown;
}

const strings: readonly string[] = [
  "",
  "sample",
  "Bad_Name!",
  "-a",
  "a.b-c",
  "example.com/a",
  "/abs",
  "../up",
  "a b",
  "a".repeat(64),
  "a".repeat(254),
  "1.2.3.4",
  "é",
  "5",
];
const integers: readonly unknown[] = [0, 1, -1, 2, 65536, 2147483647, 2147483648, 1.5, "1", "", "x", null, {}, true];
const quantities: readonly unknown[] = [
  "0",
  "-1",
  "1500m",
  "1Gi",
  "x",
  "",
  2,
  1.5,
  "1e30",
  null,
  {},
  true,
  "0.0001",
  "99999999999999999999",
];
const times: readonly unknown[] = ["2021-02-03T04:05:06Z", "2021-02-03T04:05:06.789123Z", "2021-02-03", "", "x", 5, null, {}];
const integersOrStrings: readonly unknown[] = [
  0,
  -1,
  2,
  65536,
  "50%",
  "150%",
  "-1%",
  "http",
  "",
  "x_y",
  "5",
  true,
  1.5,
  null,
  {},
  2147483648,
];

/** Values for a shape, wrong types among them. `current`: what is there, for lists. */
export function mutationsOf(shape: Shape, row: FieldRow, current: unknown): Mutation[] {
  return [{ title: "absent" }, ...unique(valuesOf(shape, row, current)).map((value) => ({ title: show(value), value }))];
}

function unique(values: readonly unknown[]): unknown[] {
  return [...new Map(values.map((v) => [JSON.stringify(v), v])).values()];
}

function show(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= 40 ? text : `${text.slice(0, 24)}…${text.length}`;
}

function valuesOf(shape: Shape, row: FieldRow, current: unknown): readonly unknown[] {
  switch (shape.kind) {
    case "string":
      return [...(row.enum ?? []), ...strings, null, 5, true, {}, ["a"]];
    case "bool":
      return [true, false, null, "true", 1, {}];
    case "bytes":
      return ["", "aGk=", "!!!", "aGk", null, 5, {}];
    case "any":
      return [{}, { a: 1 }, [], "x", 1, null];
    case "list":
      return listValues(shape.item, row, current);
    case "map":
      return mapValues(shape.value, row, current);
    case "message":
      return messageValues(shape.type, current);
    case "float64":
      return [0, 1.5, -1, "x", null, {}];
    default:
      return integers;
  }
}

function listValues(item: Shape, row: FieldRow, current: unknown): unknown[] {
  const first: unknown = (Array.isArray(current) ? (current as unknown[])[0] : undefined) ?? sample(item, row);
  return [
    [],
    [first, first],
    [sample(item, row)],
    [null],
    null,
    "x",
    5,
    {},
    [[]],
    [item.kind === "string" ? 5 : "x"],
    Array<unknown>(65).fill(first),
  ];
}

const badKeys = ["", "sample", "Bad Key!", "example.com/a", "-a", "a".repeat(64), "a/b/c", "a".repeat(254), "é"];

function mapValues(value: Shape, row: FieldRow, current: unknown): unknown[] {
  const held = typeof current === "object" && current !== null ? Object.values(current)[0] : undefined;
  const fit: unknown = held ?? sample(value, row);
  return [{}, null, "x", 5, [], { sample: value.kind === "string" ? 5 : "x" }, { sample: null }, ...badKeys.map((k) => ({ [k]: fit }))];
}

function messageValues(type: string, current: unknown): readonly unknown[] {
  switch (typeRow(type).special) {
    case "Quantity":
      return quantities;
    case "Time":
    case "MicroTime":
      return times;
    case "IntOrString":
      return integersOrStrings;
    case "RawExtension":
    case "FieldsV1":
    case "JSON":
      return [{}, { a: 1 }, { kind: "A", apiVersion: "v1" }, [], "x", 1, null];
    case undefined:
      return current === undefined ? [sample({ kind: "message", type }), {}, null, "x", 5, [], true] : [{}, null, "x", 5, [], true];
    default:
      return [{}, true, false, null, "x", 1, ["a"], { type: "string" }];
  }
}
