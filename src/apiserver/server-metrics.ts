/** The server's metrics under upstream's names, labels and buckets. */
import type { Counter, Gauge, Histogram, MetricsRegistry } from "../core/metrics.ts";
import type { Traffic } from "./pipeline/traffic.ts";
import type { RequestInfo } from "./request.ts";

const requestLabels = ["component", "dry_run", "group", "resource", "scope", "subresource", "verb", "version"] as const;
const requestBuckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

export interface ResourceMeasurement {
  readonly group: string;
  readonly resource: string;
  readonly objects: number;
  readonly revision: number;
  /** Events that the cache has received, and handed to watches. */
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
  readonly requests: Counter;
  readonly durations: Histogram;
  readonly inFlight: Gauge;
  readonly longRunning: Gauge;
  readonly watchEvents: Counter;
  readonly watchEventSizes: Histogram;
  readonly deprecated: Gauge;
  readonly droppedRequests: Counter;
  readonly terminations: Counter;

  constructor(registry: MetricsRegistry, measure: () => Measurements) {
    const watchLabels = ["group", "resource", "version"] as const;
    this.requests = registry.counter("apiserver_request_total", "Counter of apiserver requests by verb, resource, scope and HTTP code.", [
      "code",
      ...requestLabels,
    ]);
    this.durations = registry.histogram(
      "apiserver_request_duration_seconds",
      "Response latency distribution in seconds.",
      requestLabels,
      requestBuckets,
    );
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

  /** Counts a request that has been answered. `seconds` is undefined for those that last. */
  observe(info: RequestInfo, method: string, dryRun: boolean, code: number, seconds: number | undefined): void {
    const labels = requestLabelsOf(info, method, dryRun);
    if (seconds !== undefined) this.durations.observe(seconds, labels);
    labels["code"] = String(code);
    this.requests.inc(labels);
  }
}

const verbLabels: Readonly<Record<string, string>> = {
  get: "GET",
  list: "LIST",
  watch: "WATCH",
  create: "POST",
  update: "PUT",
  patch: "PATCH",
  delete: "DELETE",
  deletecollection: "DELETECOLLECTION",
  proxy: "CONNECT",
};
const connects = new Set(["exec", "attach", "portforward", "proxy"]);

export function requestLabelsOf(info: RequestInfo, method: string, dryRun: boolean): Record<string, string> {
  let scope = "";
  if (info.isResource) {
    const named = info.name !== "" && info.verb !== "list" && info.verb !== "watch";
    scope = named || info.verb === "create" ? "resource" : info.namespace !== "" ? "namespace" : "cluster";
  }
  return {
    component: info.isResource ? "apiserver" : "",
    dry_run: dryRun ? "All" : "",
    group: info.group,
    resource: info.resource,
    scope,
    subresource: info.isResource ? info.subresource : info.path,
    verb: connects.has(info.subresource) ? "CONNECT" : info.isResource ? (verbLabels[info.verb] ?? method) : method,
    version: info.version,
  };
}
