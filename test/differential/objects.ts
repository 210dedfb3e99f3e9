/** Changing one place of a JSON object, and writing it with keys that JSON.stringify cannot repeat. */
import { sample } from "./samples.ts";
import type { Key, WalkedField } from "./walk.ts";
import { locate } from "./walk.ts";
import { type FieldRow, type Shape, typeRow } from "../../src/schema/scheme.ts";

export type Json = Record<string, unknown>;

/** A copy with `change` run on the holder of the path's end; what the path lacks is made from samples. */
export function changed(base: Json, typeName: string, field: WalkedField, change: (holder: Record<Key, unknown>, key: Key) => void): Json {
  const copy = structuredClone(base);
  const { path } = field;
  const place = locate(copy, path);
  let holder: Record<Key, unknown> = copy;
  let shape: Shape = { kind: "message", type: typeName };
  let row: FieldRow | undefined;
  for (let i = 0; i < path.length; i++) {
    const segment = path[i] as string;
    if (shape.kind === "message" && segment !== "*" && segment !== "{}") {
      row = typeRow(shape.type).byName.get(segment);
      shape = row?.shape ?? { kind: "any" };
    } else if (shape.kind === "list") shape = shape.item;
    else if (shape.kind === "map") shape = shape.value;
    const key: Key = i < place.found ? (place.keys[i] as Key) : segment === "*" ? 0 : segment === "{}" ? "sample" : segment;
    if (i === path.length - 1) {
      change(holder, key);
      return copy;
    }
    const next = path[i + 1];
    const present = holder[key];
    if (typeof present !== "object" || present === null) {
      holder[key] = next === "*" ? [] : next === "{}" ? {} : sample(shape, row);
    }
    holder = holder[key] as Record<Key, unknown>;
  }
  return copy;
}

/** What is at the path in the object; undefined when it is not there. */
export function valueAt(base: Json, field: WalkedField): unknown {
  const place = locate(base, field.path);
  if (place.found < field.path.length) return undefined;
  let value: unknown = base;
  for (const key of place.keys) value = (value as Record<Key, unknown>)[key];
  return value;
}

/** Before a key in an object: the key is written without it, and so twice when the other is there too. */
const again = "@again@";

/** The holder's key a second time, with the same value. */
export function repeat(holder: Record<Key, unknown>, key: Key): void {
  if (holder[key] !== undefined) holder[`${again}${key}`] = holder[key];
}

export function textOf(object: Json): string {
  return JSON.stringify(object).replaceAll(again, "");
}
