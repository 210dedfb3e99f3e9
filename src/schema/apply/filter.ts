/** What a strategy resets, nobody can own: `status` in a write to the object, `spec` in one to its status. */
import { type Entry, FieldSet } from "./field-set.ts";
import { fieldElement } from "./path-element.ts";

export type FieldFilter = (set: FieldSet) => FieldSet;

/** Leaves out these fields and all below them. */
export function excludeFields(...paths: readonly (readonly string[])[]): FieldFilter {
  const reset = FieldSet.fromFields(...paths);
  return (set) => set.recursiveDifference(reset);
}

/** A step of a pattern: a field's name, or any element. */
export const anyElement: unique symbol = Symbol("any element");
export type PatternStep = string | typeof anyElement;

/** Keeps what lies on a pattern or below it. */
export function includeFields(...patterns: readonly (readonly PatternStep[])[]): FieldFilter {
  return (set) => keep(set, patterns);
}

function keep(set: FieldSet, patterns: readonly (readonly PatternStep[])[]): FieldSet {
  if (patterns.some((pattern) => pattern.length === 0)) return set;
  const entries: Entry[] = [];
  for (const entry of set.entries) {
    const fitting = patterns.filter(([step]) => step === anyElement || (step !== undefined && fieldElement(step) === entry.element));
    if (fitting.length === 0) continue;
    const children =
      entry.children === undefined
        ? undefined
        : keep(
            entry.children,
            fitting.map((pattern) => pattern.slice(1)),
          );
    const below = children?.isEmpty ? undefined : children;
    if (entry.member || below !== undefined) entries.push({ ...entry, children: below });
  }
  return FieldSet.of(entries);
}
