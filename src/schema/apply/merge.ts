/** Lays an applied configuration over the live object: nothing is removed, order follows what was applied. */
import { setOwn } from "../json-exact.ts";
import { isObject, type JsonObject } from "../patch/tree.ts";
import { type Atom, firstForm, formOf, keyAtom, type ListAtom, type MapAtom } from "./atom.ts";
import { itemElement } from "./list-item.ts";

/** The merged value; undefined when nothing is left. Neither input is changed, parts of both may be shared. */
export function merge(live: unknown, applied: unknown, atom: Atom): unknown {
  if (applied === undefined || live === applied) return live;
  switch (formOf(atom, applied) ?? firstForm(atom)) {
    case "scalar":
      return applied;
    case "list":
      return mergeLists(live, applied, atom.list as ListAtom);
    default:
      return mergeMaps(live, applied, atom.map as MapAtom);
  }
}

function mergeMaps(live: unknown, applied: unknown, map: MapAtom): unknown {
  const left = isObject(live) ? live : {};
  const right = isObject(applied) ? applied : {};
  const [keys, others] = [Object.keys(left), Object.keys(right)];
  if (map.atomic || (keys.length === 0 && others.length === 0)) return applied;
  const result: JsonObject = {};
  for (const key of keys) put(result, key, left[key], Object.hasOwn(right, key) ? right[key] : undefined, map);
  for (const key of others) if (!Object.hasOwn(left, key)) put(result, key, undefined, right[key], map);
  return Object.keys(result).length === 0 ? undefined : result;
}

function put(result: JsonObject, key: string, live: unknown, applied: unknown, map: MapAtom): void {
  const atom = keyAtom(map, key);
  const value = atom === undefined ? (applied ?? live) : merge(live, applied, atom);
  if (value !== undefined) setOwn(result, key, value);
}

function mergeLists(live: unknown, applied: unknown, list: ListAtom): unknown {
  const left = Array.isArray(live) ? (live as unknown[]) : [];
  const right = Array.isArray(applied) ? (applied as unknown[]) : [];
  if (list.atomic || (left.length === 0 && right.length === 0)) return applied;
  const result = new ListMerge(left, right, list).run();
  return result.length === 0 ? undefined : result;
}

/** Items of both lists come in the order of the applied one, with the live one's own items where they stood. */
class ListMerge {
  readonly #left: readonly unknown[];
  /** What the items are known by: the texts of their elements. */
  readonly #lefts: readonly string[];
  readonly #rights: readonly string[];
  readonly #lives = new Map<string, unknown>();
  readonly #applieds = new Map<string, unknown>();
  readonly #shared: Iterator<string, undefined>;
  readonly #merged = new Set<string>();
  readonly #list: ListAtom;
  readonly #result: unknown[] = [];

  constructor(left: readonly unknown[], right: readonly unknown[], list: ListAtom) {
    this.#left = left;
    this.#list = list;
    this.#lefts = left.map((item) => itemElement(list, item).text);
    this.#rights = right.map((item) => itemElement(list, item).text);
    // Live items that are there twice are not merged with: the applied one replaces them.
    for (const [i, text] of this.#lefts.entries()) this.#lives.set(text, this.#lives.has(text) ? null : left[i]);
    for (const [i, text] of this.#rights.entries()) this.#applieds.set(text, right[i]);
    this.#shared = this.#rights.filter((text) => this.#lives.has(text)).values();
  }

  run(): unknown[] {
    const [lefts, rights] = [this.#lefts, this.#rights];
    let next = this.#shared.next().value;
    for (let l = 0, r = 0; l < lefts.length || r < rights.length; ) {
      const [left, right] = [lefts[l], rights[r]];
      if (left !== undefined && right !== undefined) {
        if (left === right) {
          this.#take(left);
          l++;
          r++;
          next = this.#shared.next().value;
          continue;
        }
        if (this.#applieds.has(left) && next !== undefined && next !== left) {
          l++;
          continue;
        }
      }
      if (left !== undefined) {
        if (!this.#applieds.has(left)) {
          this.#result.push(this.#left[l]);
          l++;
          continue;
        }
        if (this.#merged.has(left)) l++;
      }
      if (right !== undefined) {
        this.#take(right);
        r++;
        if (next === right) next = this.#shared.next().value;
      }
    }
    return this.#result;
  }

  #take(text: string): void {
    this.#merged.add(text);
    const item = merge(this.#lives.get(text), this.#applieds.get(text), this.#list.element());
    if (item !== undefined) this.#result.push(item);
  }
}
