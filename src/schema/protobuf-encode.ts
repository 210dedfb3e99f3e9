/**
 * Objects to protobuf, byte for byte as upstream's generated marshallers write them: every scalar that Go holds by value,
 * zeros too, lists unpacked, maps sorted, embedded structs as messages of their own. One closure a type.
 */
import { encodeJson } from "./json.ts";
import { sortedKeys } from "./normalize.ts";
import type { ProtobufWriter } from "./protobuf-writer.ts";
import { type FieldRow, type Shape, type SpecialType, type TypeRow, typeRow } from "./scheme.ts";
import { microTimeParts, timeSeconds } from "./time.ts";

type JsonObject = Record<string, unknown>;
/** Writes a message's content, without tag and length. */
type MessageEncoder = (value: unknown, writer: ProtobufWriter) => void;
/** Writes a field: content, length and tag; nothing when it is absent. */
type FieldEncoder = (value: unknown, writer: ProtobufWriter) => void;

const varint = 0;
const fixed64 = 1;
const lengthDelimited = 2;

const encoders = new Map<string, MessageEncoder>();

/** The encoder of a type's message. */
export function messageEncoder(typeName: string): MessageEncoder {
  let known = encoders.get(typeName);
  if (known === undefined) {
    const row = typeRow(typeName);
    known = row.special === undefined ? compileMessage(row) : specials[row.special];
    encoders.set(typeName, known);
  }
  return known;
}

function compileMessage(row: TypeRow): MessageEncoder {
  let names: string[] | undefined;
  let fields: FieldEncoder[] = [];
  return (value, writer) => {
    if (names === undefined) {
      const plan = fieldsOf(row).toSorted((a, b) => b.number - a.number);
      fields = plan.map((p) => p.encode);
      names = plan.map((p) => p.name);
    }
    const object = (value ?? {}) as JsonObject;
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      // An embedded struct has no name: its fields lie flat in the object.
      (fields[i] as FieldEncoder)(name === "" ? object : object[name], writer);
    }
  };
}

function fieldsOf(row: TypeRow): { number: number; name: string; encode: FieldEncoder }[] {
  const own = row.fields.filter((f) => f.number > 0).map((f) => ({ number: f.number, name: f.name, encode: fieldEncoder(f) }));
  const embedded = row.embeds.map((e) => ({ number: e.number, name: "", encode: messageField(e.number, e.type) }));
  return [...own, ...embedded];
}

function fieldEncoder(field: FieldRow): FieldEncoder {
  const { shape, number } = field;
  if (shape.kind === "list" || shape.kind === "map" || shape.kind === "bytes") return present(shape, number);
  if (field.pointer) {
    const encode = present(shape, number);
    return (value, writer) => {
      if (value !== undefined && value !== null) encode(value, writer);
    };
  }
  return valueField(shape, number);
}

/** A field that Go holds by value: written always. */
function valueField(shape: Shape, number: number): FieldEncoder {
  const tag =
    (number << 3) | (shape.kind === "float64" ? fixed64 : shape.kind === "string" || shape.kind === "message" ? lengthDelimited : varint);
  switch (shape.kind) {
    case "string":
      return (value, writer) => {
        writer.string((value as string | null | undefined) ?? "");
        writer.tag(tag);
      };
    case "bool":
      return (value, writer) => {
        writer.byte(value === true ? 1 : 0);
        writer.tag(tag);
      };
    case "int32":
    case "int64":
    case "uint32":
      return (value, writer) => {
        writer.int64((value as number | null | undefined) ?? 0);
        writer.tag(tag);
      };
    case "float64":
      return (value, writer) => {
        writer.double((value as number | null | undefined) ?? 0);
        writer.tag(tag);
      };
    case "message":
      return messageField(number, shape.type);
    default:
      throw new Error(`no protobuf for ${shape.kind}`);
  }
}

function messageField(number: number, type: string): FieldEncoder {
  const tag = (number << 3) | lengthDelimited;
  let encode: MessageEncoder | undefined;
  return (value, writer) => {
    encode ??= messageEncoder(type);
    const { mark } = writer;
    encode(value, writer);
    writer.lengthSince(mark);
    writer.tag(tag);
  };
}

/** A field whose value is there; collections and bytes leave themselves out when they are nil. */
function present(shape: Shape, number: number): FieldEncoder {
  if (shape.kind === "bytes") {
    const tag = (number << 3) | lengthDelimited;
    return (value, writer) => {
      if (typeof value !== "string") return;
      writer.base64(value);
      writer.tag(tag);
    };
  }
  if (shape.kind === "list") return shape.wrapped ? wrappedList(shape, number) : list(shape.item, number);
  if (shape.kind === "map") return map(shape.value, number);
  return valueField(shape, number);
}

function list(item: Shape, number: number): FieldEncoder {
  const encode = valueField(item, number);
  return (value, writer) => {
    if (!Array.isArray(value)) return;
    for (let i = value.length - 1; i >= 0; i--) encode(value[i], writer);
  };
}

/** A list in a message of its own: `items = 1`. */
function wrappedList(shape: Shape & { kind: "list" }, number: number): FieldEncoder {
  const encode = list(shape.item, 1);
  const tag = (number << 3) | lengthDelimited;
  return (value, writer) => {
    if (!Array.isArray(value)) return;
    const { mark } = writer;
    encode(value, writer);
    writer.lengthSince(mark);
    writer.tag(tag);
  };
}

function map(shape: Shape, number: number): FieldEncoder {
  const tag = (number << 3) | lengthDelimited;
  const encode = shape.kind === "bytes" || shape.kind === "list" ? present(shape, 2) : valueField(shape, 2);
  return (value, writer) => {
    if (typeof value !== "object" || value === null) return;
    const keys = sortedKeys(value as JsonObject);
    for (let i = keys.length - 1; i >= 0; i--) {
      const key = keys[i] as string;
      const { mark } = writer;
      encode((value as JsonObject)[key], writer);
      writer.string(key);
      writer.byte(0x0a);
      writer.lengthSince(mark);
      writer.tag(tag);
    }
  };
}

function timestamp(seconds: number, nanos: number, writer: ProtobufWriter): void {
  writer.uint32(nanos);
  writer.byte(0x10);
  writer.int64(seconds);
  writer.byte(0x08);
}

/** `bytes raw = 1` that holds JSON. */
const rawJsonBytes: MessageEncoder = (value, writer) => {
  if (value === undefined || value === null) return;
  writer.string(encodeJson(value));
  writer.byte(0x0a);
};

const jsonSchemaProps = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";

const specials: Record<SpecialType, MessageEncoder> = {
  Quantity: (value, writer) => {
    writer.string((value as string | null | undefined) ?? "0");
    writer.byte(0x0a);
  },
  Time: (value, writer) => {
    if (typeof value === "string") timestamp(timeSeconds(value), 0, writer);
  },
  MicroTime: (value, writer) => {
    if (typeof value !== "string") return;
    const { seconds, nanos } = microTimeParts(value);
    timestamp(seconds, nanos, writer);
  },
  IntOrString: (value, writer) => {
    const isText = typeof value === "string";
    writer.string(isText ? value : "");
    writer.byte(0x1a);
    writer.int64(isText ? 0 : ((value as number | null | undefined) ?? 0));
    writer.byte(0x10);
    writer.byte(isText ? 1 : 0);
    writer.byte(0x08);
  },
  RawExtension: rawJsonBytes,
  FieldsV1: rawJsonBytes,
  JSON: rawJsonBytes,
  JSONSchemaPropsOrArray: (value, writer) => {
    if (Array.isArray(value)) list({ kind: "message", type: jsonSchemaProps }, 2)(value, writer);
    else if (value !== null && value !== undefined) messageField(1, jsonSchemaProps)(value, writer);
  },
  JSONSchemaPropsOrBool: (value, writer) => {
    const isSchema = typeof value === "object" && value !== null;
    if (isSchema) messageField(2, jsonSchemaProps)(value, writer);
    writer.byte(isSchema || value === true ? 1 : 0);
    writer.byte(0x08);
  },
  JSONSchemaPropsOrStringArray: (value, writer) => {
    if (Array.isArray(value)) list({ kind: "string" }, 2)(value, writer);
    else if (value !== null && value !== undefined) messageField(1, jsonSchemaProps)(value, writer);
  },
};
