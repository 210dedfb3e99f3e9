/** An ordered map of string keys with constant-time copies (a copy-on-write B+ tree). Its package is CommonJS: hence this file. */
import sortedBtree from "sorted-btree";

export type OrderedMap<V> = sortedBtree.default<string, V>;

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export function orderedMap<V>(): OrderedMap<V> {
  return new sortedBtree.default<string, V>(undefined, order);
}

/** The first string after all that begin with `prefix`. */
export function prefixEnd(prefix: string): string {
  return prefix === "" ? "\uffff" : prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}
