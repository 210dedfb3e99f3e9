/** CEL's types, as the checker and the conversions see them. */
export interface CelType {
  readonly kind:
    | "int"
    | "uint"
    | "double"
    | "bool"
    | "string"
    | "bytes"
    | "null"
    | "dyn"
    | "error"
    | "timestamp"
    | "duration"
    | "list"
    | "map"
    | "type"
    | "optional"
    | "param"
    | "object"
    | "opaque";
  /** What `type(x)` shows: `int`, `google.protobuf.Duration`, the name of an object type, `A` of a type parameter. */
  readonly name: string;
  /** The element of a list or optional, key and value of a map, what a `type` is the type of. */
  readonly params: readonly CelType[];
}

const simple = (kind: CelType["kind"], name: string = kind): CelType => ({ kind, name, params: [] });

export const INT: CelType = simple("int");
export const UINT: CelType = simple("uint");
export const DOUBLE: CelType = simple("double");
export const BOOL: CelType = simple("bool");
export const STRING: CelType = simple("string");
export const BYTES: CelType = simple("bytes");
export const NULL: CelType = simple("null", "null_type");
export const DYN: CelType = simple("dyn");
export const ERROR: CelType = simple("error", "*error*");
/** Of data that no schema describes. */
export const UNKNOWN: CelType = simple("opaque", "unknown");
export const TIMESTAMP: CelType = simple("timestamp", "google.protobuf.Timestamp");
export const DURATION: CelType = simple("duration", "google.protobuf.Duration");

export const listOf = (element: CelType): CelType => ({ kind: "list", name: "list", params: [element] });
export const mapOf = (key: CelType, value: CelType): CelType => ({ kind: "map", name: "map", params: [key, value] });
export const typeOf = (of: CelType): CelType => ({ kind: "type", name: "type", params: [of] });
export const optionalOf = (of: CelType): CelType => ({ kind: "optional", name: "optional_type", params: [of] });
/** Stands for any one type within a declaration. */
export const param = (name: string): CelType => simple("param", name);
/** A type with declared fields, which the environment knows by this name. */
export const objectType = (name: string): CelType => simple("object", name);
/** A type that only functions can look into, such as `kubernetes.URL`. */
export const opaqueType = (name: string): CelType => simple("opaque", name);

export const LIST: CelType = listOf(DYN);
export const MAP: CelType = mapOf(DYN, DYN);
export const TYPE: CelType = typeOf(DYN);

/** As cel-go writes types in its messages: `list(int)`, `map(string, dyn)`. */
export function formatType(type: CelType): string {
  if (type.kind === "type" && type.params[0]?.kind === "dyn") return "type";
  if (type.kind === "null" || type.kind === "duration" || type.kind === "timestamp") return type.kind;
  if (type.kind === "error") return "!error!";
  return type.params.length === 0 ? type.name : `${type.name}(${type.params.map(formatType).join(", ")})`;
}
