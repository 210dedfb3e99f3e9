/** How many watches a write has to be told to. */
import type { RequestInfo } from "../request.ts";

/** Fields by which watches of a resource are kept apart: one that names a value hears of few writes. */
const indexedFields: Readonly<Record<string, RegExp>> = { pods: /(?:^|,)spec\.nodeName==?([^,]*)/ };

const keyOf = (group: string, resource: string, namespace: string, name: string): string => `${group}/${resource}/${namespace}/${name}`;

export class WatchTracker {
  readonly #counts = new Map<string, number>();

  /** Counts a watch; answers how to forget it. */
  register(info: RequestInfo, query: URLSearchParams): () => void {
    const field = indexedFields[info.resource];
    const value = field === undefined ? undefined : field.exec(query.get("fieldSelector") ?? "")?.[1];
    if (value !== undefined && value !== "") return () => undefined;
    const key = keyOf(info.group, info.resource, info.namespace, info.name);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    return () => {
      const left = (this.#counts.get(key) ?? 1) - 1;
      if (left === 0) this.#counts.delete(key);
      else this.#counts.set(key, left);
    };
  }

  /** Watches of everything, of the namespace, and of the object itself. */
  interested({ group, resource, namespace, name }: RequestInfo): number {
    const counts = this.#counts;
    if (counts.size === 0) return 0;
    let all = counts.get(keyOf(group, resource, "", "")) ?? 0;
    if (namespace !== "") all += counts.get(keyOf(group, resource, namespace, "")) ?? 0;
    if (name !== "") all += counts.get(keyOf(group, resource, namespace, name)) ?? 0;
    return all;
  }
}
