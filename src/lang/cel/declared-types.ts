/** CEL types out of JSON schemas (upstream's `SchemaDeclType`), with the sizes that the cost estimate goes by. */
import { escapeFieldName } from "./field-names.ts";
import { BOOL, BYTES, type CelType, DOUBLE, DURATION, DYN, INT, listOf, mapOf, objectType, STRING, TIMESTAMP } from "./types.ts";
import type { ValueSchema } from "./value-schema.ts";

const MAX_REQUEST = 3 * 1024 * 1024;
const MIN_STRING = 2;

/** A type with the greatest size a value of it can have. */
export interface DeclaredType {
  readonly type: CelType;
  /** Code points, bytes, elements or entries; undefined where the type has no size. */
  readonly maxElements: number | undefined;
  /** The fewest bytes that a value takes as JSON. */
  readonly minSerialized: number;
  /** Element of a list, value of a map. */
  readonly element?: DeclaredType;
  /** Fields of an object by escaped names. */
  readonly fields?: ReadonlyMap<string, DeclaredType>;
}

/** Undefined where expressions cannot see values of this schema. Object types are named by their path below `name`. */
export function declareType(schema: ValueSchema, name: string): DeclaredType | undefined {
  switch (schema.kind) {
    case "int-or-string":
      return { type: DYN, maxElements: maxLength(schema) ?? MAX_REQUEST - 2, minSerialized: 1 };
    case "array":
      return declareList(schema, name);
    case "object":
      return schema.additional && schema.source.additionalProperties !== true ? declareMap(schema, name) : declareObject(schema, name);
    case "string":
      return declareString(schema);
    case "boolean":
      return { type: BOOL, maxElements: undefined, minSerialized: 4 };
    case "number":
      return { type: DOUBLE, maxElements: undefined, minSerialized: 1 };
    case "integer":
      return { type: INT, maxElements: undefined, minSerialized: 1 };
    default:
      return undefined;
  }
}

/** A code point may take four bytes. */
function maxLength(schema: ValueSchema): number | undefined {
  const { maxLength: limit } = schema.source;
  return limit === undefined || limit === null ? undefined : Math.max(0, limit) * 4;
}

function declareList(schema: ValueSchema, name: string): DeclaredType | undefined {
  const element = schema.items && declareType(schema.items, `${name}.@idx`);
  if (element === undefined) return undefined;
  const { maxItems } = schema.source;
  const most =
    maxItems === undefined || maxItems === null ? Math.trunc((MAX_REQUEST - 2) / (element.minSerialized + 1)) : Math.max(0, maxItems);
  return { type: listOf(element.type), maxElements: most, minSerialized: 2, element };
}

function declareMap(schema: ValueSchema, name: string): DeclaredType | undefined {
  const element = schema.additional && declareType(schema.additional, `${name}.@elem`);
  if (element === undefined) return undefined;
  const { maxProperties: limit } = schema.source;
  const most = limit === undefined || limit === null ? Math.trunc((MAX_REQUEST - 2) / (element.minSerialized + 6)) : Math.max(0, limit);
  return { type: mapOf(STRING, element.type), maxElements: most, minSerialized: 2, element };
}

function declareObject(schema: ValueSchema, name: string): DeclaredType {
  const fields = new Map<string, DeclaredType>();
  const required = new Set(schema.source.required ?? []);
  let minSerialized = 2;
  for (const property of Object.keys(schema.properties ?? {})) {
    const own = schema.field(property) as ValueSchema;
    const escaped = escapeFieldName(property);
    const field = declareType(own, `${name}.${escaped ?? property}`);
    if (field === undefined) continue;
    if (escaped !== undefined) fields.set(escaped, field);
    const defaulted = own.source.default !== undefined && own.source.default !== null;
    if (required.has(property) && !defaulted) minSerialized += new TextEncoder().encode(property).length + field.minSerialized + 4;
  }
  return { type: objectType(name), maxElements: undefined, minSerialized, fields };
}

function declareString(schema: ValueSchema): DeclaredType {
  switch (schema.format) {
    case "byte": {
      const { maxLength: limit } = schema.source;
      const most = limit === undefined || limit === null ? MAX_REQUEST - 2 : Math.max(0, limit);
      return { type: BYTES, maxElements: most, minSerialized: MIN_STRING };
    }
    case "duration":
      return { type: DURATION, maxElements: 32, minSerialized: 3 };
    case "date":
      return { type: TIMESTAMP, maxElements: 12, minSerialized: 12 };
    case "date-time":
      return { type: TIMESTAMP, maxElements: 32, minSerialized: 21 };
    default:
      return { type: STRING, maxElements: maxLength(schema) ?? longestEnum(schema) ?? MAX_REQUEST - 2, minSerialized: MIN_STRING };
  }
}

function longestEnum(schema: ValueSchema): number | undefined {
  const values = schema.source.enum ?? [];
  if (values.length === 0) return undefined;
  return Math.max(0, ...values.map((v) => (typeof v === "string" ? new TextEncoder().encode(v).length : 0)));
}

/** The object types within a declared type, as an environment takes them. */
export function objectsOf(declared: DeclaredType): Record<string, Record<string, CelType>> {
  const found: Record<string, Record<string, CelType>> = {};
  const visit = (at: DeclaredType): void => {
    if (at.element) visit(at.element);
    if (!at.fields) return;
    found[at.type.name] = Object.fromEntries([...at.fields].map(([field, of]) => [field, of.type]));
    for (const of of at.fields.values()) visit(of);
  };
  visit(declared);
  return found;
}
