import { noSuchOverload } from "../errors.ts";
import { type FunctionTable, global } from "../function.ts";
import { mapOf, param } from "../types.ts";
import { type CelMap, type CelValue, EntryMap } from "../values.ts";

const A = param("A");
const B = param("B");
const MAP_AB = mapOf(A, B);

function inserted(map: CelMap, added: Iterable<readonly [CelValue, CelValue]>): EntryMap {
  const copy = new EntryMap();
  for (const key of map.keys()) copy.insert(key, map.get(key) as CelValue);
  for (const [key, value] of added) copy.insert(key, value);
  return copy;
}

function* entries(map: CelMap): Iterable<readonly [CelValue, CelValue]> {
  for (const key of map.keys()) {
    const value = map.get(key);
    if (value === undefined) throw noSuchOverload();
    yield [key, value];
  }
}

/** What `transformMap` and `transformMapEntry` expand to; expressions cannot write this name. */
export const TWO_VARIABLE_FUNCTIONS: FunctionTable = {
  "cel.@mapInsert": [
    global("@mapInsert_map_map", [MAP_AB, MAP_AB], MAP_AB, (a: CelMap, b: CelMap) => inserted(a, entries(b))),
    global("@mapInsert_map_key_value", [MAP_AB, A, B], MAP_AB, (map: CelMap, key: CelValue, value: CelValue) =>
      inserted(map, [[key, value]]),
    ),
  ],
};
