/** Every field of a type, nested ones too, and where in an object it is. */
import { type FieldRow, type Shape, typeRow } from "../../src/schema/scheme.ts";

/** A field's name; `*` for an item of a list, `{}` for a value of a map. */
export type Segment = string;

export interface WalkedField {
  readonly path: readonly Segment[];
  readonly shape: Shape;
  /** Of the field itself; of the list or map for what is in it. */
  readonly row: FieldRow;
}

/** A type may hold itself this often: schemas of schemas. */
const recursion = 1;

/** In the order of the table: a field, then what is in it. `skip`: paths (`metadata.managedFields`) that are left out. */
export function* fieldsOf(typeName: string, skip: ReadonlySet<string> = new Set()): Generator<WalkedField> {
  yield* messageFields(typeName, [], [typeName], skip);
}

function* messageFields(
  typeName: string,
  path: readonly Segment[],
  within: readonly string[],
  skip: ReadonlySet<string>,
): Generator<WalkedField> {
  for (const row of typeRow(typeName).fields) {
    const at = [...path, row.name];
    if (!skip.has(at.join("."))) yield* shapeFields(row.shape, row, at, within, skip);
  }
}

function* shapeFields(
  shape: Shape,
  row: FieldRow,
  path: readonly Segment[],
  within: readonly string[],
  skip: ReadonlySet<string>,
): Generator<WalkedField> {
  yield { path, shape, row };
  if (shape.kind === "list") yield* shapeFields(shape.item, row, [...path, "*"], within, skip);
  if (shape.kind === "map") yield* shapeFields(shape.value, row, [...path, "{}"], within, skip);
  if (shape.kind !== "message" || typeRow(shape.type).special !== undefined) return;
  if (within.filter((t) => t === shape.type).length > recursion) return;
  yield* messageFields(shape.type, path, [...within, shape.type], skip);
}

export type Key = string | number;

/** The place of a path in a value: through the items that reach furthest. `found`: how many of the path's segments are there. */
export interface Place {
  readonly keys: readonly Key[];
  readonly found: number;
}

export function locate(value: unknown, path: readonly Segment[], from = 0): Place {
  const segment = path[from];
  if (segment === undefined || typeof value !== "object" || value === null) return { keys: [], found: from };
  const keys: Key[] =
    segment === "*" ? (Array.isArray(value) ? value.map((_, i) => i) : []) : segment === "{}" ? Object.keys(value) : [segment];
  let best: Place = { keys: [], found: from };
  for (const key of keys) {
    const child = (value as Record<Key, unknown>)[key];
    if (child === undefined) continue;
    const deeper = locate(child, path, from + 1);
    if (deeper.found > best.found) best = { keys: [key, ...deeper.keys], found: deeper.found };
  }
  return best;
}

/** `spec.containers[*].name` without what stands for items and keys: `spec.containers.name`. */
export function fieldName(path: readonly Segment[]): string {
  return path.filter((s) => s !== "*" && s !== "{}").join(".");
}
