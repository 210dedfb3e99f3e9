/** Tells how long the store takes, under the names that upstream gives etcd's answers. */
import type { Clock } from "../core/clock.ts";
import type { Cell, Histogram, MetricsRegistry, Observations } from "../core/metrics.ts";
import type { KeyValue, RangeOptions, RangeResult, Store, Write, WriteResult } from "./store.ts";
import { StoreView } from "./store-view.ts";

const buckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
const labels = ["operation", "group", "resource"] as const;

/** Of what resource a key is. */
export type ResourceOfKey = (key: string) => { readonly group: string; readonly resource: string } | undefined;

interface Series {
  readonly count: Cell;
  readonly seconds: Observations;
}

class MeteredStore extends StoreView {
  readonly #clock: Clock;
  readonly #resourceOf: ResourceOfKey;
  readonly #requests: ReturnType<MetricsRegistry["counter"]>;
  readonly #durations: Histogram;
  readonly #series = new Map<string, Series>();

  constructor(store: Store, registry: MetricsRegistry, clock: Clock, resourceOf: ResourceOfKey) {
    super(store);
    this.#clock = clock;
    this.#resourceOf = resourceOf;
    this.#requests = registry.counter("etcd_requests_total", "Etcd request counts for each operation and object type.", labels);
    this.#durations = registry.histogram(
      "etcd_request_duration_seconds",
      "Etcd request latency in seconds for each operation and object type.",
      labels,
      buckets,
    );
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

  override get(key: string): Promise<KeyValue | undefined> {
    return this.#timed("get", key, this.below.get(key));
  }

  override range(prefix: string, options?: RangeOptions): Promise<RangeResult> {
    return this.#timed("list", prefix, this.below.range(prefix, options));
  }

  override transact(writes: readonly Write[]): Promise<WriteResult> {
    const [first] = writes;
    const work = this.below.transact(writes);
    if (first === undefined) return work;
    const operation = first.type === "delete" ? "delete" : first.expect === 0 ? "create" : "update";
    return this.#timed(operation, first.key, work);
  }

  override close(): Promise<void> {
    return this.below.close();
  }
}

/** The same store, measured. */
export function meteredStore(store: Store, registry: MetricsRegistry, clock: Clock, resourceOf: ResourceOfKey): Store {
  return new MeteredStore(store, registry, clock, resourceOf);
}
