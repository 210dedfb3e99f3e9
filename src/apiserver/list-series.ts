/** What is counted of lists and of the beginnings of watches. */
import type { Cell, Counter, Histogram, MetricsRegistry, Observations } from "../core/metrics.ts";
import type { ResourceDefinition } from "./resource.ts";

const waitBuckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3];
const watchListBuckets = [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 15, 20, 30, 45, 60];
const labels = ["group", "resource"] as const;

interface Cells {
  readonly lists: Cell;
  readonly fetched: Cell;
  readonly returned: Cell;
  readonly consistent: Cell;
  readonly waits: Observations;
}

export class ListSeries {
  readonly #lists: Counter;
  readonly #fetched: Counter;
  readonly #returned: Counter;
  readonly #consistent: Counter;
  readonly #waits: Histogram;
  readonly #initial: Counter;
  readonly #watchLists: Histogram;
  readonly #cells = new WeakMap<ResourceDefinition, Cells>();

  constructor(registry: MetricsRegistry) {
    const indexed = [...labels, "index"];
    this.#lists = registry.counter("apiserver_cache_list_total", "Number of LIST requests served from watch cache", indexed);
    this.#fetched = registry.counter(
      "apiserver_cache_list_fetched_objects_total",
      "Number of objects read from watch cache in the course of serving a LIST request",
      indexed,
    );
    this.#returned = registry.counter(
      "apiserver_cache_list_returned_objects_total",
      "Number of objects returned for a LIST request from watch cache",
      labels,
    );
    this.#consistent = registry.counter("apiserver_watch_cache_consistent_read_total", "Counter for consistent reads from cache.", [
      ...labels,
      "success",
      "fallback",
    ]);
    this.#waits = registry.histogram(
      "apiserver_watch_cache_read_wait_seconds",
      "Histogram of time spent waiting for a watch cache to become fresh.",
      labels,
      waitBuckets,
    );
    this.#initial = registry.counter(
      "apiserver_init_events_total",
      "Counter of init events processed in watch cache broken by resource type.",
      labels,
    );
    this.#watchLists = registry.histogram(
      "apiserver_watch_list_duration_seconds",
      "Response latency distribution in seconds for watch list requests broken by group, version, resource and scope.",
      [...labels, "version", "scope"],
      watchListBuckets,
    );
  }

  #of(definition: ResourceDefinition): Cells {
    let cells = this.#cells.get(definition);
    if (cells === undefined) {
      const { group, resource } = definition;
      const of = { group, resource };
      cells = {
        lists: this.#lists.cell(of),
        fetched: this.#fetched.cell(of),
        returned: this.#returned.cell(of),
        consistent: this.#consistent.cell({ ...of, success: "true", fallback: "false" }),
        waits: this.#waits.series(of),
      };
      this.#cells.set(definition, cells);
    }
    return cells;
  }

  /** A page: how many objects were looked at, and how many were answered. */
  listed(definition: ResourceDefinition, fetched: number, returned: number): void {
    const cells = this.#of(definition);
    cells.lists.value++;
    cells.fetched.value += fetched;
    cells.returned.value += returned;
  }

  /** A read of what is there now, which had to wait so long for it. */
  consistent(definition: ResourceDefinition, seconds: number): void {
    const cells = this.#of(definition);
    cells.consistent.value++;
    cells.waits.observe(seconds);
  }

  /** A watch that began with the objects there were. */
  began({ group, resource }: ResourceDefinition, version: string, namespaced: boolean, events: number, seconds: number): void {
    this.#initial.inc({ group, resource }, events);
    this.#watchLists.observe(seconds, { group, resource, version, scope: namespaced ? "namespace" : "cluster" });
  }
}
