/** The server's metrics under upstream's names, labels and buckets. */
import type { Counter, Gauge, Histogram, MetricsRegistry } from "../core/metrics.ts";
import type { Traffic } from "./pipeline/traffic.ts";
import { FilterSeries } from "./filter-series.ts";
import { ListSeries } from "./list-series.ts";
import type { RequestInfo } from "./request.ts";
import { requestLabelsOf } from "./request-labels.ts";
import { RequestSeries } from "./request-series.ts";

export interface ResourceMeasurement {
  readonly group: string;
  readonly resource: string;
  readonly objects: number;
  readonly revision: number;
  /** Events that the cache has received, and handed to watches. */
  /** Of all stored objects, about. */
  readonly bytes: number;
  readonly received: number;
  readonly dispatched: number;
}

/** What gauges are set from, right before they are read. */
export interface Measurements {
  readonly inFlight: ReturnType<Traffic["most"]>;
  readonly diskBytes: number;
  readonly resources: readonly ResourceMeasurement[];
}

export class ServerMetrics {
  readonly requests: RequestSeries;
  readonly lists: ListSeries;
  readonly filters: FilterSeries;
  readonly inFlight: Gauge;
  readonly longRunning: Gauge;
  readonly watchEvents: Counter;
  readonly watchEventSizes: Histogram;
  readonly deprecated: Gauge;
  readonly droppedRequests: Counter;
  readonly terminations: Counter;

  constructor(registry: MetricsRegistry, measure: () => Measurements) {
    const watchLabels = ["group", "resource", "version"] as const;
    this.requests = new RequestSeries(registry);
    this.lists = new ListSeries(registry);
    this.filters = new FilterSeries(registry);
    this.inFlight = registry.gauge("apiserver_current_inflight_requests", "Requests being answered, by kind.", ["request_kind"]);
    this.longRunning = registry.gauge("apiserver_longrunning_requests", "Watches, streams and proxied requests.", [
      "component",
      "group",
      "resource",
      "scope",
      "subresource",
      "verb",
      "version",
    ]);
    this.watchEvents = registry.counter("apiserver_watch_events_total", "Events sent to watch clients.", watchLabels);
    this.watchEventSizes = registry.histogram(
      "apiserver_watch_events_sizes",
      "Sizes in bytes of events sent to watch clients.",
      watchLabels,
      [1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072],
    );
    this.deprecated = registry.gauge("apiserver_requested_deprecated_apis", "Deprecated APIs that have been requested.", [
      "group",
      "removed_release",
      "resource",
      "subresource",
      "version",
    ]);
    this.droppedRequests = registry.counter("apiserver_dropped_requests_total", "Number of requests dropped with 'TooManyRequests' error", [
      "request_kind",
    ]);
    this.terminations = registry.counter(
      "apiserver_request_terminations_total",
      "Number of requests which apiserver terminated in self-defense.",
      ["code", "component", "group", "resource", "scope", "subresource", "verb", "version"],
    );
    this.#collectStorage(registry, measure);
  }

  #collectStorage(registry: MetricsRegistry, measure: () => Measurements): void {
    const stored = registry.gauge("apiserver_storage_objects", "Stored objects by resource.", ["resource"]);
    const held = registry.gauge("apiserver_resource_objects", "Stored objects by group and resource.", ["group", "resource"]);
    const revision = registry.gauge("apiserver_watch_cache_resource_version", "Resource version of the watch cache.", [
      "group",
      "resource",
    ]);
    const labels = ["group", "resource"] as const;
    const received = registry.counter("apiserver_watch_cache_events_received_total", "Events the watch cache received.", labels);
    const dispatched = registry.counter("apiserver_watch_cache_events_dispatched_total", "Events the watch cache handed on.", labels);
    const initialized = registry.counter("apiserver_watch_cache_initializations_total", "Watch caches that were filled.", labels);
    const raise = (counter: Counter, to: number, of: { group: string; resource: string }): void => {
      const by = to - counter.get(of);
      if (by > 0) counter.inc(of, by);
    };
    const inQueue = registry.gauge(
      "apiserver_current_inqueue_requests",
      "Maximal number of queued requests in this apiserver per request kind in last second.",
      ["request_kind"],
    );
    const estimate = registry.gauge(
      "apiserver_resource_size_estimate_bytes",
      "Estimated size of stored objects in database. Estimate is based on sum of last observed sizes of serialized objects.",
      labels,
    );
    const fromStore = registry.counter("apiserver_storage_events_received_total", "Number of etcd events received split by kind.", labels);
    const storeLists = registry.counter("apiserver_storage_list_total", "Number of LIST requests served from storage", labels);
    const size = registry.gauge("apiserver_storage_size_bytes", "Bytes of the store's files.", ["storage_cluster_id"]);
    registry.onCollect(() => {
      const { inFlight, diskBytes, resources } = measure();
      for (const kind of ["readOnly", "mutating"] as const) {
        this.inFlight.set(inFlight.executing[kind], { request_kind: kind });
        inQueue.set(inFlight.waiting[kind], { request_kind: kind });
      }
      for (const { group, resource, objects, revision: at, ...events } of resources) {
        stored.set(objects, { resource: group === "" ? resource : `${resource}.${group}` });
        held.set(objects, { group, resource });
        revision.set(at, { group, resource });
        raise(received, events.received, { group, resource });
        raise(dispatched, events.dispatched, { group, resource });
        raise(initialized, 1, { group, resource });
        raise(storeLists, 1, { group, resource });
        raise(fromStore, events.received, { group, resource });
        estimate.set(events.bytes, { group, resource });
      }
      size.set(diskBytes, { storage_cluster_id: "embedded" });
    });
  }

  /** Counts a request that found no place. */
  dropped(info: RequestInfo, method: string): void {
    const { verb = "", dry_run: _, ...rest } = requestLabelsOf(info, method, false);
    const kind = verb === "GET" || verb === "LIST" || verb === "WATCH" ? "readOnly" : "mutating";
    this.droppedRequests.inc({ request_kind: kind });
    this.terminations.inc({ ...rest, verb, code: "429" });
  }
}
