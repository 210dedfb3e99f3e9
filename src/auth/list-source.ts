/** An {@link ObjectSource} that is filled by hand: for embedding the authorizers without a server or informers. */
import { objectKey } from "../schema/object.ts";
import type { KubeObject } from "../schema/object.ts";
import type { ObjectHandlers, ObjectSource } from "./object-source.ts";

export interface ListSource<T extends object> extends ObjectSource<T> {
  /** Adds, or replaces the object of the same namespace and name. */
  put(object: T): void;
  remove(namespace: string, name: string): void;
}

export function listSource<T extends KubeObject>(...initial: readonly T[]): ListSource<T> {
  const objects = new Map(initial.map((o) => [objectKey(o), o]));
  const all = new Set<ObjectHandlers<T>>();
  return {
    addHandlers(handlers) {
      all.add(handlers);
      for (const object of objects.values()) handlers.onAdd?.(object, true);
      return () => void all.delete(handlers);
    },
    put(object) {
      const key = objectKey(object);
      const old = objects.get(key);
      objects.set(key, object);
      for (const handlers of all) {
        if (old === undefined) handlers.onAdd?.(object, false);
        else handlers.onUpdate?.(object, old);
      }
    },
    remove(namespace, name) {
      const key = namespace === "" ? name : `${namespace}/${name}`;
      const old = objects.get(key);
      if (old === undefined) return;
      objects.delete(key);
      for (const handlers of all) handlers.onDelete?.(old);
    },
  };
}
