/** The objects of an informer and the indexes over them. Knows nothing of time or servers. */
import type { KubeObject } from "../schema/object.ts";
import type { Lister } from "./informer.ts";

type Index<T> = { readonly values: (object: T) => string[]; readonly buckets: Map<string, Set<T>> };

/** Namespaces in a map of maps: no key strings are built, and a namespace is listed without looking at the others. */
export class InformerStore<T extends object> implements Lister<T> {
  readonly #objects = new Map<string, Map<string, T>>();
  readonly #indexes = new Map<string, Index<T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  addIndex(name: string, values: (object: T) => string[]): void {
    if (this.#indexes.has(name)) return;
    const index: Index<T> = { values, buckets: new Map() };
    this.#indexes.set(name, index);
    for (const object of this.values()) file(index, object);
  }

  get(namespace: string, name: string): T | undefined {
    return this.#objects.get(namespace)?.get(name);
  }

  list(namespace?: string): T[] {
    if (namespace !== undefined && namespace !== "") return [...(this.#objects.get(namespace)?.values() ?? [])];
    const all: T[] = [];
    for (const inside of this.#objects.values()) for (const object of inside.values()) all.push(object);
    return all;
  }

  byIndex(index: string, value: string): T[] {
    const found = this.#indexes.get(index);
    if (found === undefined) throw new Error(`there is no index "${index}"`);
    return [...(found.buckets.get(value) ?? [])];
  }

  *values(): IterableIterator<T> {
    for (const inside of this.#objects.values()) yield* inside.values();
  }

  /** Puts `object` in; answers the one that it replaces. */
  set(object: T): T | undefined {
    const { namespace = "", name = "" } = (object as KubeObject).metadata ?? {};
    let inside = this.#objects.get(namespace);
    if (inside === undefined) this.#objects.set(namespace, (inside = new Map()));
    const old = inside.get(name);
    inside.set(name, object);
    if (old === undefined) this.#size++;
    for (const index of this.#indexes.values()) {
      if (old !== undefined) unfile(index, old);
      file(index, object);
    }
    return old;
  }

  delete(namespace: string, name: string): T | undefined {
    const inside = this.#objects.get(namespace);
    const old = inside?.get(name);
    if (inside === undefined || old === undefined) return undefined;
    inside.delete(name);
    if (inside.size === 0) this.#objects.delete(namespace);
    this.#size--;
    for (const index of this.#indexes.values()) unfile(index, old);
    return old;
  }
}

function file<T>(index: Index<T>, object: T): void {
  for (const value of index.values(object)) {
    let bucket = index.buckets.get(value);
    if (bucket === undefined) index.buckets.set(value, (bucket = new Set()));
    bucket.add(object);
  }
}

function unfile<T>(index: Index<T>, object: T): void {
  for (const value of index.values(object)) {
    const bucket = index.buckets.get(value);
    bucket?.delete(object);
    if (bucket?.size === 0) index.buckets.delete(value);
  }
}
