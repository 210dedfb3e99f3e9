import { LocalStore, type LocalStoreOptions } from "./local-store.ts";
import type { Store } from "./store.ts";

/** A store that forgets everything when the process ends: for tests and throw-away clusters. */
export function memoryStore(options: LocalStoreOptions): Store {
  return new LocalStore(options);
}
