/** Lists of type `set` and `map` hold nothing twice. */
import { duplicate, type FieldError, FieldPath, invalidField } from "../field-error.ts";
import { encodeJson } from "../json.ts";
import type { StructuralSchema } from "./schema.ts";

type JsonObject = Record<string, unknown>;

/** Field errors of doubled items, for a custom resource and everything in it. */
export function validateListTypes(object: JsonObject, schema: StructuralSchema, path: FieldPath = new FieldPath()): FieldError[] {
  if (!schema.within.keyedLists) return [];
  const errors: FieldError[] = [];
  const { additionalProperties } = schema;
  if (typeof additionalProperties === "object") {
    for (const key of Object.keys(object)) visit(object[key], additionalProperties, path.key(key), errors);
  }
  for (const key of Object.keys(object)) {
    const property = schema.properties.get(key);
    if (property !== undefined) visit(object[key], property, path.child(key), errors);
  }
  return errors;
}

function visit(value: unknown, schema: StructuralSchema, path: FieldPath, errors: FieldError[]): void {
  if (!schema.within.keyedLists) return;
  if (Array.isArray(value)) {
    const type = schema.source["x-kubernetes-list-type"];
    if (type === "set") for (const i of doubled(value)) errors.push(duplicate(path.index(i), value[i]));
    else if (type === "map") checkMap(value, schema.source["x-kubernetes-list-map-keys"] ?? [], path, errors);
    if (schema.items !== undefined) for (const [i, item] of value.entries()) visit(item, schema.items, path.index(i), errors);
  } else if (typeof value === "object" && value !== null) errors.push(...validateListTypes(value as JsonObject, schema, path));
}

/** The second appearance of each item that comes more than once. */
function doubled(items: readonly unknown[]): number[] {
  const times = new Map<string, number>();
  return items.flatMap((item, i) => {
    const key = identify(item);
    const seen = times.get(key) ?? 0;
    times.set(key, seen + 1);
    return seen === 1 ? [i] : [];
  });
}

/** A text that equal items share. */
function identify(item: unknown): string {
  if (typeof item !== "object" || item === null) return `${typeof item} ${String(item as string | number | null)}`;
  return encodeJson(sorted(item));
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.keys(value)
    .sort()
    .map((key) => [key, sorted((value as JsonObject)[key])]);
}

function checkMap(items: readonly unknown[], keys: readonly string[], path: FieldPath, errors: FieldError[]): void {
  const wrong = items.findIndex((item) => item !== null && (typeof item !== "object" || Array.isArray(item)));
  if (wrong >= 0) {
    errors.push(invalidField(path.index(wrong), items[wrong], "must be an object for an array of list-type map"));
    return;
  }
  const identities = items.map((item) => {
    const identity: JsonObject = {};
    for (const key of keys) if (item !== null && Object.hasOwn(item as JsonObject, key)) identity[key] = (item as JsonObject)[key];
    return identity;
  });
  for (const i of doubled(identities)) errors.push(duplicate(path.index(i), identities[i]));
}
