/** The watches on one state, filed by their prefix: an event costs one look-up for each slash of its key, however many watch. */
import type { StoreError, StoreEvent, StoreWatch, StoreWatcher } from "./store.ts";

interface Watch {
  readonly prefix: string;
  readonly watcher: StoreWatcher;
  open: boolean;
}

export class WatchTable {
  readonly #watches = new Map<string, Set<Watch>>();
  /** Watches whose prefix does not end in a slash: asked one by one. */
  readonly #odd = new Set<Watch>();

  add(prefix: string, watcher: StoreWatcher): StoreWatch {
    const watch: Watch = { prefix, watcher, open: true };
    if (prefix.endsWith("/")) {
      const set = this.#watches.get(prefix) ?? new Set();
      this.#watches.set(prefix, set.add(watch));
    } else this.#odd.add(watch);
    return { close: () => this.#remove(watch) };
  }

  #remove(watch: Watch): void {
    watch.open = false;
    this.#odd.delete(watch);
    const set = this.#watches.get(watch.prefix);
    if (set?.delete(watch) && set.size === 0) this.#watches.delete(watch.prefix);
  }

  dispatch(event: StoreEvent): void {
    const { key } = event;
    for (let at = key.indexOf("/"); at >= 0; at = key.indexOf("/", at + 1)) {
      const set = this.#watches.get(key.slice(0, at + 1));
      if (set !== undefined) for (const watch of set) if (watch.open) watch.watcher.event(event);
    }
    for (const watch of this.#odd) if (watch.open && key.startsWith(watch.prefix)) watch.watcher.event(event);
  }

  /** Tells every watch that all up to `revision` has been delivered. */
  progress(revision: number): void {
    for (const set of this.#watches.values()) for (const watch of set) watch.watcher.progress?.(revision);
    for (const watch of this.#odd) watch.watcher.progress?.(revision);
  }

  /** Ends every watch. */
  end(error: StoreError | undefined): void {
    const all = [...this.#odd, ...[...this.#watches.values()].flatMap((set) => [...set])];
    this.#odd.clear();
    this.#watches.clear();
    for (const watch of all) {
      watch.open = false;
      watch.watcher.end(error);
    }
  }
}
