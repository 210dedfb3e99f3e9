/** Lists whose order means nothing: how sets and lists by keys (`x-kubernetes-list-type`) are compared and joined. */
import { CelMap, type CelValue, equals, LIST_SEMANTICS, type ListSemantics } from "./values.ts";

/** Marks a list just made; `keys` are the escaped names of the fields that tell elements apart, undefined of a set. */
export function markUnordered(list: readonly CelValue[], keys: readonly string[] | undefined): void {
  Object.defineProperty(list, LIST_SEMANTICS, { value: keys === undefined ? SET : byKeys(keys) });
}

const SET: ListSemantics = {
  equal(a, b) {
    if (a.length !== b.length) return false;
    const known = new Set(a.map(scalarText));
    return b.every((value) => known.has(scalarText(value)));
  },
  join(a, b) {
    const joined = [...a];
    const known = new Set(a.map(scalarText));
    for (const value of b) {
      const text = scalarText(value);
      if (!known.has(text)) joined.push(value);
      known.add(text);
    }
    markUnordered(joined, undefined);
    return joined;
  },
};

/** In `a + b` an element of `b` takes the place of the one of `a` with its keys. */
function byKeys(keys: readonly string[]): ListSemantics {
  const keyOf = (value: CelValue): string =>
    JSON.stringify(keys.map((key) => (value instanceof CelMap ? scalarText(value.get(key) ?? null) : "")));
  return {
    equal(a, b) {
      if (a.length !== b.length) return false;
      const known = new Map(a.map((value) => [keyOf(value), value]));
      return b.every((value) => {
        const mine = known.get(keyOf(value));
        return mine !== undefined && equals(mine, value);
      });
    },
    join(a, b) {
      const joined = [...a];
      const places = new Map(a.map((value, i) => [keyOf(value), i]));
      for (const value of b) {
        const place = places.get(keyOf(value));
        if (place === undefined) joined.push(value);
        else joined[place] = value;
      }
      markUnordered(joined, keys);
      return joined;
    },
  };
}

/** One text for all scalars that Go's `==` takes for the same. */
function scalarText(value: CelValue): string {
  return typeof value === "object" ? `${value === null ? "null" : "object"}` : `${typeof value}:${String(value)}`;
}
