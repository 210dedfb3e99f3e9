import type { MetricsRegistry, Observations } from "../core/metrics.ts";

const names = ["authentication", "audit", "constrainedimpersonation", "priorityandfairness", "authorization"] as const;

/** The steps of a request that upstream times. */
export type FilterName = (typeof names)[number];

const buckets = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 5, 10, 15, 30];

/** How long each step takes. */
export class FilterSeries implements Readonly<Record<FilterName, Observations>> {
  readonly authentication: Observations;
  readonly audit: Observations;
  readonly constrainedimpersonation: Observations;
  readonly priorityandfairness: Observations;
  readonly authorization: Observations;

  constructor(registry: MetricsRegistry) {
    const help = "Request filter latency distribution in seconds, for each filter type";
    const histogram = registry.histogram("apiserver_request_filter_duration_seconds", help, ["filter"], buckets);
    this.authentication = histogram.series({ filter: "authentication" });
    this.audit = histogram.series({ filter: "audit" });
    this.constrainedimpersonation = histogram.series({ filter: "constrainedimpersonation" });
    this.priorityandfairness = histogram.series({ filter: "priorityandfairness" });
    this.authorization = histogram.series({ filter: "authorization" });
  }
}
