/** What is done to good bodies so that they are bad: to the tree, to the text, to the bytes. */
import type { Chance } from "./random.ts";

type Json = unknown;

const nasty: readonly Json[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  1.5,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  1e308,
  "",
  " ",
  "0",
  "-1",
  "true",
  "null",
  "a".repeat(300),
  "\u0000",
  "\ud800",
  "é́",
  "../..",
  "a/b/c",
  "{}",
  "%2e%2e",
  "$(x)",
  "100m",
  "1e400",
  "9".repeat(40),
  "2026-11-21T00:00:00Z",
  [],
  [null],
  [[]],
  [{}],
  ["", ""],
  {},
  { "": "" },
  { a: null },
  { $patch: "delete" },
  { $patch: "replace" },
  { $retainKeys: ["a"] },
  { "f:metadata": {} },
  { "k:{}": {} },
  { kind: 1, apiVersion: 2 },
];

function nastyValue(chance: Chance): Json {
  if (chance.often(0.03)) return deep(chance.pick([100, 1000]), chance.often(0.5));
  if (chance.often(0.02)) return Array.from({ length: 3000 }, (_, i) => ({ name: `n${i % 7}`, value: i }));
  return structuredClone(chance.pick(nasty));
}

function deep(levels: number, lists: boolean): Json {
  let value: Json = 1;
  for (let i = 0; i < levels; i++) value = lists ? [value] : { a: value };
  return value;
}

/** Every place in a tree: its holder and the key. */
function places(value: Json, found: { holder: Record<string, Json>; key: string }[] = []): typeof found {
  if (typeof value !== "object" || value === null) return found;
  for (const key of Object.keys(value)) {
    found.push({ holder: value as Record<string, Json>, key });
    places((value as Record<string, Json>)[key], found);
  }
  return found;
}

const keys = [
  "__proto__",
  "constructor",
  "toString",
  "",
  "metadata",
  "spec",
  "status",
  "0",
  "$patch",
  "$setElementOrder/containers",
  "namе",
];

/** Changes a tree in a few places; the caller's stays as it is. */
export function mutateTree(chance: Chance, given: Json): Json {
  let tree = structuredClone(given);
  for (let n = 1 + chance.below(4); n > 0; n--) {
    const all = places(tree);
    if (all.length === 0 || chance.often(0.02)) {
      tree = nastyValue(chance);
      continue;
    }
    const { holder, key } = chance.pick(all);
    const set = (name: string, value: Json): void =>
      void Object.defineProperty(holder, name, { value, writable: true, enumerable: true, configurable: true });
    const kind = chance.below(all.length > 4000 ? 3 : 5);
    if (kind === 0) delete holder[key];
    else if (kind === 1) set(key, nastyValue(chance));
    else if (kind === 2) set(chance.pick(keys), chance.often(0.5) ? nastyValue(chance) : holder[key]);
    else if (kind === 3) set(key, JSON.parse(JSON.stringify(chance.pick(all).holder)));
    else if (typeof holder[key] === "string") set(key, mutateText(chance, holder[key]));
  }
  return tree;
}

const pieces = [
  '"',
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  "\\",
  "\n",
  "\u0000",
  "é",
  "'",
  "&a ",
  "*a",
  "!!binary ",
  "|",
  "- ",
  "? ",
  "1e999",
  "-0",
  "0x1",
];

/** Cuts, doubles, and puts in what hurts parsers. */
export function mutateText(chance: Chance, text: string): string {
  const at = chance.below(text.length + 1);
  switch (chance.below(5)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + chance.pick(pieces) + text.slice(at);
    case 2:
      return text.slice(0, at) + text.slice(Math.max(0, at - chance.below(40)));
    case 3:
      return text.slice(0, at) + text.slice(at + 1 + chance.below(3));
    default:
      return text.slice(0, at) + chance.pick(pieces).repeat(1 + chance.below(50)) + text.slice(at);
  }
}

/** Flips, cuts and doubles bytes. */
export function mutateBytes(chance: Chance, bytes: Uint8Array): Buffer {
  const changed = Buffer.from(bytes);
  for (let n = 1 + chance.below(6); n > 0 && changed.length > 0; n--) changed[chance.below(changed.length)] = chance.below(256);
  if (chance.often(0.2)) return changed.subarray(0, chance.below(changed.length + 1));
  if (chance.often(0.1)) return Buffer.concat([changed, changed.subarray(chance.below(changed.length + 1))]);
  return changed;
}
