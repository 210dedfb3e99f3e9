/** Protobuf to objects, straight into the shape in which Go would marshal them to JSON. One closure a type. */
import { parseJson } from "./json.ts";
import { setOwn } from "./json-exact.ts";
import { normalize, sortedKeys } from "./normalize.ts";
import { ProtobufError, type ProtobufReader } from "./protobuf-reader.ts";
import { canonicalQuantity, QuantityError } from "../core/quantity.ts";
import { type FieldRow, type Shape, type SpecialType, type TypeRow, typeRow } from "./scheme.ts";
import { formatMicros, formatSeconds } from "./time.ts";

type JsonObject = Record<string, unknown>;
/** Reads a message up to the reader's end. */
type MessageDecoder = (reader: ProtobufReader) => unknown;
/** Reads a field's value; `before` is what earlier occurrences gave, for lists and maps. */
type FieldDecoder = (reader: ProtobufReader, wireType: number, before: unknown) => unknown;

const decoders = new Map<string, MessageDecoder>();

/** The decoder of a type's message. */
export function messageDecoder(typeName: string): MessageDecoder {
  let known = decoders.get(typeName);
  if (known === undefined) {
    const row = typeRow(typeName);
    known = row.special === undefined ? compileMessage(row) : specials[row.special];
    decoders.set(typeName, known);
  }
  return known;
}

interface Plan {
  /** Indexed by the field's number. */
  readonly decoders: readonly (FieldDecoder | undefined)[];
  /** Indexed by the field's number: where its value is kept until the object is made. */
  readonly slots: readonly number[];
  readonly slotCount: number;
  /** In the order of Go's struct. */
  readonly fields: readonly FieldPlan[];
}

interface FieldPlan {
  readonly name: string;
  readonly slot: number;
  /** The embedded struct's field of the same name: the slot then holds the struct. */
  readonly embedded: boolean;
  /** A value that is left out; undefined when none is. */
  readonly omit: unknown;
  /** Makes the value of an absent field; undefined leaves it out. */
  readonly absent: (() => unknown) | undefined;
  readonly isMap: boolean;
}

function compileMessage(row: TypeRow): MessageDecoder {
  let plan: Plan | undefined;
  return (reader) => {
    plan ??= planOf(row);
    const values = new Array<unknown>(plan.slotCount).fill(undefined);
    while (reader.at < reader.end) {
      const tag = reader.uint32();
      const number = tag >>> 3;
      const decode = plan.decoders[number];
      if (decode === undefined) {
        if (number === 0) throw new ProtobufError(`proto: ${row.goName}: illegal tag ${number} (wire type ${tag})`);
        reader.skip(tag & 7);
        continue;
      }
      const slot = plan.slots[number] as number;
      values[slot] = decode(reader, tag & 7, values[slot]);
    }
    return assemble(plan, values);
  };
}

function assemble(plan: Plan, values: unknown[]): JsonObject {
  const result: JsonObject = {};
  for (const field of plan.fields) {
    let value = values[field.slot];
    if (field.embedded && value !== undefined) value = (value as JsonObject)[field.name];
    if (value === undefined) {
      if (field.absent === undefined) continue;
      value = field.absent();
    } else if (field.isMap) value = inOrder(value as JsonObject);
    if (value !== field.omit || field.omit === undefined) result[field.name] = value;
  }
  return result;
}

function planOf(row: TypeRow): Plan {
  const decoders: (FieldDecoder | undefined)[] = [];
  const slots: number[] = [];
  let slotCount = 0;
  const fields: FieldPlan[] = [];
  const embedSlots = new Map<object, number>();
  for (const embed of row.embeds) {
    embedSlots.set(embed, slotCount);
    decoders[embed.number] = messageField(embed.type);
    slots[embed.number] = slotCount++;
  }
  for (const field of row.fields) {
    const absent = absentValue(field, row);
    if (field.embed !== undefined) {
      fields.push({ name: field.name, slot: embedSlots.get(field.embed) as number, embedded: true, omit: undefined, absent, isMap: false });
      continue;
    }
    if (field.number > 0) {
      decoders[field.number] = fieldDecoder(field.shape);
      slots[field.number] = slotCount;
    }
    fields.push({
      name: field.name,
      slot: slotCount++,
      embedded: false,
      omit: omittedValue(field),
      absent,
      isMap: field.shape.kind === "map",
    });
  }
  return { decoders, slots, slotCount, fields };
}

/** The zero that `omitempty` leaves out. */
function omittedValue(field: FieldRow): unknown {
  if (field.pointer) return undefined;
  if (field.omitZero) return null;
  if (!field.omitEmpty) return undefined;
  switch (field.shape.kind) {
    case "string":
    case "bytes":
      return "";
    case "bool":
      return false;
    case "int32":
    case "int64":
    case "uint32":
    case "float64":
      return 0;
    default:
      return undefined;
  }
}

function absentValue(field: FieldRow, row: TypeRow): (() => unknown) | undefined {
  const { shape } = field;
  if (field.pointer) return field.omitEmpty ? undefined : () => null;
  if (field.omitZero) return undefined;
  if (shape.kind === "message") {
    // Go's zero of a struct has zeros of its own in it.
    return () => zeroOf(shape.type);
  }
  if (field.omitEmpty) return undefined;
  if (field.name === "items" && row.name.endsWith("List")) return () => [];
  const zero =
    shape.kind === "string"
      ? ""
      : shape.kind === "bool"
        ? false
        : shape.kind === "list" || shape.kind === "map" || shape.kind === "bytes"
          ? null
          : 0;
  return () => zero;
}

function zeroOf(typeName: string): unknown {
  const { special } = typeRow(typeName);
  if (special === "Quantity") return "0";
  if (special === "IntOrString") return 0;
  if (special !== undefined) return null;
  return normalize(typeName, {});
}

const wireTypes: Record<string, number> = { string: 2, bytes: 2, bool: 0, int32: 0, int64: 0, uint32: 0, float64: 1 };

function scalar(kind: string, reader: ProtobufReader): unknown {
  switch (kind) {
    case "string":
      return reader.string();
    case "bytes":
      return reader.base64();
    case "bool":
      return reader.int64() !== 0;
    case "int32":
      return reader.int32();
    case "uint32":
      return reader.int32() >>> 0;
    case "float64":
      return reader.double();
    default:
      return reader.int64();
  }
}

function expect(found: number, wanted: number): void {
  if (found !== wanted) throw new ProtobufError(`proto: wrong wireType = ${found}`);
}

function fieldDecoder(shape: Shape): FieldDecoder {
  switch (shape.kind) {
    case "message":
      return messageField(shape.type);
    case "list":
      return shape.wrapped ? wrappedList(shape.item) : listField(shape.item);
    case "map":
      return mapField(shape.value);
    case "any":
      throw new Error("no protobuf for an interface");
    default: {
      const { kind } = shape;
      const wire = wireTypes[kind] as number;
      return (reader, wireType) => {
        expect(wireType, wire);
        return scalar(kind, reader);
      };
    }
  }
}

function messageField(type: string): FieldDecoder {
  let decode: MessageDecoder | undefined;
  return (reader, wireType) => {
    expect(wireType, 2);
    decode ??= messageDecoder(type);
    const outer = reader.enter();
    const value = decode(reader);
    reader.leave(outer);
    return value;
  };
}

function listField(item: Shape): FieldDecoder {
  const decode = fieldDecoder(item);
  const packable = item.kind !== "message" && item.kind !== "string" && item.kind !== "bytes";
  return (reader, wireType, before) => {
    const list = (before as unknown[] | undefined) ?? [];
    if (packable && wireType === 2) {
      const outer = reader.enter();
      while (reader.at < reader.end) list.push(scalar(item.kind, reader));
      reader.leave(outer);
    } else list.push(decode(reader, wireType, undefined));
    return list;
  };
}

/** A list in a message of its own: `items = 1`. Empty, it is a list without items, not nil. */
function wrappedList(item: Shape): FieldDecoder {
  const decode = listField(item);
  return (reader, wireType) => {
    expect(wireType, 2);
    const outer = reader.enter();
    let list: unknown;
    while (reader.at < reader.end) {
      const tag = reader.uint32();
      if (tag >>> 3 === 1) list = decode(reader, tag & 7, list);
      else reader.skip(tag & 7);
    }
    reader.leave(outer);
    return list ?? null;
  };
}

function mapField(shape: Shape): FieldDecoder {
  const decode = fieldDecoder(shape);
  const zero = (): unknown => {
    if (shape.kind === "message") return zeroOf(shape.type);
    return shape.kind === "string" || shape.kind === "bytes" ? "" : shape.kind === "list" ? null : 0;
  };
  return (reader, wireType, before) => {
    expect(wireType, 2);
    const map = (before as JsonObject | undefined) ?? {};
    const outer = reader.enter();
    let key = "";
    let value: unknown;
    while (reader.at < reader.end) {
      const tag = reader.uint32();
      if (tag === 0x0a) key = reader.string();
      else if (tag >>> 3 === 2) value = decode(reader, tag & 7, undefined);
      else reader.skip(tag & 7);
    }
    reader.leave(outer);
    setOwn(map, key, value ?? zero());
    return map;
  };
}

/** Maps come sorted from Go; another writer's are sorted here. */
function inOrder(map: JsonObject): JsonObject {
  const given = Object.keys(map);
  const keys = sortedKeys(map);
  if (keys.every((key, i) => key === given[i])) return map;
  const result: JsonObject = {};
  for (const key of keys) setOwn(result, key, map[key]);
  return result;
}

function timestamp(reader: ProtobufReader): { seconds: number; nanos: number } | undefined {
  if (reader.at >= reader.end) return undefined;
  let seconds = 0;
  let nanos = 0;
  while (reader.at < reader.end) {
    const tag = reader.uint32();
    if (tag === 0x08) seconds = Number(reader.int64());
    else if (tag === 0x10) nanos = reader.int32();
    else reader.skip(tag & 7);
  }
  return { seconds, nanos };
}

/** Decodes what a RawExtension holds when it is not JSON: an object in its envelope. Set by protobuf.ts. */
let decodeEnveloped: (bytes: Uint8Array) => unknown = () => {
  throw new ProtobufError("proto: an embedded object is not JSON");
};

export function onEnvelope(decode: (bytes: Uint8Array) => unknown): void {
  decodeEnveloped = decode;
}

function rawJson(reader: ProtobufReader): unknown {
  let value: unknown = null;
  while (reader.at < reader.end) {
    const tag = reader.uint32();
    if (tag !== 0x0a) {
      reader.skip(tag & 7);
      continue;
    }
    const bytes = reader.bytes();
    if (bytes.length === 0) value = null;
    else value = bytes[0] === 0x6b && bytes[3] === 0 ? decodeEnveloped(bytes) : parseJson(bytes);
  }
  return value;
}

/** A set of fields holds nothing but keys: no number in it can be rounded. */
function fieldSet(reader: ProtobufReader): unknown {
  const start = reader.at;
  if (reader.at >= reader.end || reader.uint32() !== 0x0a) {
    reader.at = start;
    return rawJson(reader);
  }
  const text = reader.text();
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    reader.at = start;
    return rawJson(reader);
  }
}

const jsonSchemaProps = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";

/** A union of a schema (`schemaNumber`) and something else; the schema wins, as in Go's marshallers, unless `other` is first. */
function schemaOr(schemaNumber: number, otherNumber: number, other: FieldDecoder, otherFirst: boolean): MessageDecoder {
  const schema = messageField(jsonSchemaProps);
  return (reader) => {
    let schemaValue: unknown;
    let otherValue: unknown;
    while (reader.at < reader.end) {
      const tag = reader.uint32();
      if (tag >>> 3 === schemaNumber) schemaValue = schema(reader, tag & 7, undefined);
      else if (tag >>> 3 === otherNumber) otherValue = other(reader, tag & 7, otherValue);
      else reader.skip(tag & 7);
    }
    return (otherFirst ? (otherValue ?? schemaValue) : (schemaValue ?? otherValue)) ?? null;
  };
}

const specials: Record<SpecialType, MessageDecoder> = {
  Quantity: (reader) => {
    let text = "0";
    while (reader.at < reader.end) {
      const tag = reader.uint32();
      if (tag === 0x0a) text = reader.string();
      else reader.skip(tag & 7);
    }
    try {
      return canonicalQuantity(text);
    } catch (error) {
      throw error instanceof QuantityError ? new ProtobufError(error.message) : error;
    }
  },
  Time: (reader) => {
    const time = timestamp(reader);
    return time === undefined ? null : formatSeconds(time.seconds);
  },
  MicroTime: (reader) => {
    const time = timestamp(reader);
    return time === undefined ? null : formatMicros(time.seconds, time.nanos);
  },
  IntOrString: (reader) => {
    let type = 0;
    let number = 0;
    let text = "";
    while (reader.at < reader.end) {
      const tag = reader.uint32();
      if (tag === 0x08) type = reader.int32();
      else if (tag === 0x10) number = reader.int32();
      else if (tag === 0x1a) text = reader.string();
      else reader.skip(tag & 7);
    }
    return type === 0 ? number : text;
  },
  RawExtension: rawJson,
  FieldsV1: fieldSet,
  JSON: rawJson,
  JSONSchemaPropsOrArray: schemaOr(1, 2, listField({ kind: "message", type: jsonSchemaProps }), true),
  JSONSchemaPropsOrBool: schemaOr(2, 1, fieldDecoder({ kind: "bool" }), false),
  JSONSchemaPropsOrStringArray: schemaOr(1, 2, listField({ kind: "string" }), true),
};
