/** Tells how long the store takes, under the names that upstream gives etcd's answers. */
import type { Clock } from "../core/clock.ts";
import type { Cell, Histogram, MetricsRegistry, Observations } from "../core/metrics.ts";
import type { RangeOptions, RangeResult, Store, StoreStats, StoreWatch, StoreWatcher, Write, WriteResult, KeyValue } from "./store.ts";

const buckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
const labels = ["operation", "group", "resource"] as const;

/** Of what resource a key is. */
export type ResourceOfKey = (key: string) => { readonly group: string; readonly resource: string } | undefined;

interface Series {
  readonly count: Cell;
  readonly seconds: Observations;
}

class MeteredStore implements Store {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #resourceOf: ResourceOfKey;
  readonly #requests: ReturnType<MetricsRegistry["counter"]>;
  readonly #durations: Histogram;
  readonly #series = new Map<string, Series>();

  constructor(store: Store, registry: MetricsRegistry, clock: Clock, resourceOf: ResourceOfKey) {
    this.#store = store;
    this.#clock = clock;
    this.#resourceOf = resourceOf;
    this.#requests = registry.counter("etcd_requests_total", "Etcd request counts for each operation and object type.", labels);
    this.#durations = registry.histogram(
      "etcd_request_duration_seconds",
      "Etcd request latency in seconds for each operation and object type.",
      labels,
      buckets,
    );
    if (store.newestRevision !== undefined) this.newestRevision = () => (store.newestRevision as () => Promise<number>)();
    if (store.currentSeal !== undefined) this.currentSeal = () => (store.currentSeal as () => string)();
  }

  readonly newestRevision?: () => Promise<number>;
  readonly currentSeal?: () => string;

  get readsLater(): boolean | undefined {
    return this.#store.readsLater;
  }

  get revision(): number {
    return this.#store.revision;
  }

  get compactedRevision(): number {
    return this.#store.compactedRevision;
  }

  /** The resource is told by the first segments of a key. */
  #of(operation: string, key: string): Series {
    const slash = key.indexOf("/", key.indexOf("/", 1) + 1);
    const prefix = slash < 0 ? key : key.slice(0, slash);
    const id = `${operation} ${prefix}`;
    let series = this.#series.get(id);
    if (series === undefined) {
      const { group = "", resource = prefix.slice(prefix.lastIndexOf("/") + 1) } = this.#resourceOf(key) ?? {};
      const of = { operation, group, resource };
      this.#series.set(id, (series = { count: this.#requests.cell(of), seconds: this.#durations.series(of) }));
    }
    return series;
  }

  async #timed<T>(operation: string, key: string, work: Promise<T>): Promise<T> {
    const began = this.#clock.monotonic();
    try {
      return await work;
    } finally {
      const series = this.#of(operation, key);
      series.count.value++;
      series.seconds.observe((this.#clock.monotonic() - began) / 1000);
    }
  }

  get(key: string): Promise<KeyValue | undefined> {
    return this.#timed("get", key, this.#store.get(key));
  }

  range(prefix: string, options?: RangeOptions): Promise<RangeResult> {
    return this.#timed("list", prefix, this.#store.range(prefix, options));
  }

  transact(writes: readonly Write[]): Promise<WriteResult> {
    const [first] = writes;
    const work = this.#store.transact(writes);
    if (first === undefined) return work;
    const operation = first.type === "delete" ? "delete" : first.expect === 0 ? "create" : "update";
    return this.#timed(operation, first.key, work);
  }

  watch(prefix: string, fromRevision: number, watcher: StoreWatcher): StoreWatch {
    return this.#store.watch(prefix, fromRevision, watcher);
  }

  compact(revision: number): Promise<void> {
    return this.#store.compact(revision);
  }

  snapshot(): AsyncIterable<Uint8Array> {
    return this.#store.snapshot();
  }

  stats(): StoreStats {
    return this.#store.stats();
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

/** The same store, measured. */
export function meteredStore(store: Store, registry: MetricsRegistry, clock: Clock, resourceOf: ResourceOfKey): Store {
  return new MeteredStore(store, registry, clock, resourceOf);
}
