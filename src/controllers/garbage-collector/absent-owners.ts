/** Owners that were found not to exist: uids are never used again, so they need not be asked for twice. Keeps the latest few. */
import type { Identity } from "./graph.ts";

const capacity = 500;

export class AbsentOwners {
  readonly #keys = new Set<string>();

  add(identity: Identity): void {
    const key = keyOf(identity);
    this.#keys.delete(key);
    this.#keys.add(key);
    if (this.#keys.size > capacity) for (const oldest of this.#keys) return void this.#keys.delete(oldest);
  }

  has(identity: Identity): boolean {
    return this.#keys.has(keyOf(identity));
  }
}

function keyOf({ apiVersion, kind, namespace, name, uid }: Identity): string {
  return JSON.stringify([apiVersion, kind, namespace, name, uid]);
}
