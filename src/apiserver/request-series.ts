/** What is counted of every request, by its kind: the series of a kind are looked up once, by one key. */
import type { Cell, Counter, Histogram, MetricsRegistry, Observations } from "../core/metrics.ts";
import type { ApiRequest, ApiResponse } from "./request.ts";
import { requestLabelsOf } from "./request-labels.ts";

const durationBuckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
const sliBuckets = durationBuckets.slice(2);
const sizeBuckets = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
const bodyBuckets = Array.from({ length: 31 }, (_, i) => 50_000 + i * 100_000);
const validationBuckets = sliBuckets;
const kindLabels = ["component", "group", "resource", "scope", "subresource", "verb", "version"] as const;
/** Kinds that are remembered: paths and resources that are not there must not fill the memory. */
const keptKinds = 5_000;

interface Kind {
  readonly labels: Readonly<Record<string, string>>;
  readonly durations: Observations;
  readonly sli: Observations;
  readonly sizes: Observations | undefined;
  readonly bodies: Observations | undefined;
  readonly codes: Map<number, Cell>;
}

export class RequestSeries {
  readonly #requests: Counter;
  readonly #durations: Histogram;
  readonly #sli: Histogram;
  readonly #sizes: Histogram;
  readonly #bodies: Histogram;
  readonly #validations: Histogram;
  readonly #own: Counter;
  readonly #kinds = new Map<string, Kind>();

  constructor(registry: MetricsRegistry) {
    const requestLabels = ["component", "dry_run", ...kindLabels.slice(1)];
    this.#requests = registry.counter(
      "apiserver_request_total",
      "Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.",
      ["code", ...requestLabels],
    );
    this.#durations = registry.histogram(
      "apiserver_request_duration_seconds",
      "Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.",
      requestLabels,
      durationBuckets,
    );
    this.#sli = registry.histogram(
      "apiserver_request_sli_duration_seconds",
      "Response latency distribution (not counting webhook duration and priority & fairness queue wait times) in seconds for each verb, group, version, resource, subresource, scope and component.",
      kindLabels,
      sliBuckets,
    );
    this.#sizes = registry.histogram(
      "apiserver_response_sizes",
      "Response size distribution in bytes for each group, version, verb, resource, subresource, scope and component.",
      kindLabels,
      sizeBuckets,
    );
    this.#bodies = registry.histogram(
      "apiserver_request_body_size_bytes",
      "Apiserver request body size in bytes broken out by resource and verb.",
      ["group", "resource", "verb"],
      bodyBuckets,
    );
    this.#validations = registry.histogram(
      "field_validation_request_duration_seconds",
      "Response latency distribution in seconds for each field validation value",
      ["field_validation"],
      validationBuckets,
    );
    this.#own = registry.counter(
      "apiserver_selfrequest_total",
      "Counter of apiserver self-requests broken out for each verb, API resource and subresource.",
      ["group", "resource", "subresource", "verb"],
    );
  }

  /** Counts a request that has been answered. `seconds` is undefined for those that last, `waited` are those in a queue. */
  observe(request: ApiRequest, response: ApiResponse, seconds: number | undefined, waited: number): void {
    const kind = this.#kind(request, response.status);
    if (seconds !== undefined) {
      kind.durations.observe(seconds);
      kind.sli.observe(Math.max(0, seconds - waited));
    }
    let cell = kind.codes.get(response.status);
    if (cell === undefined) {
      cell = this.#requests.cell({ ...kind.labels, code: String(response.status) });
      kind.codes.set(response.status, cell);
    }
    cell.value++;
    const { bytes } = response;
    if (kind.sizes !== undefined && bytes !== undefined) kind.sizes.observe(bytes instanceof Uint8Array ? bytes.length : sizeOf(bytes));
    if (kind.bodies !== undefined && request.body !== undefined) {
      kind.bodies.observe(request.body.length);
      if (seconds !== undefined) this.#validated(request, seconds);
    }
    if (request.inProcess === true && request.user?.name === "system:apiserver") this.#own.inc(kind.labels);
  }

  #validated(request: ApiRequest, seconds: number): void {
    if (request.query.size === 0) return;
    const asked = request.query.get("fieldValidation");
    if (asked === "Strict" || asked === "Warn" || asked === "Ignore") {
      this.#validations.observe(seconds, { field_validation: asked, enabled: "true" });
    }
  }

  #kind(request: ApiRequest, status: number): Kind {
    const { info, method } = request;
    const dryRun = request.query.size > 0 && request.query.has("dryRun");
    // What is not there is one kind: names that somebody makes up are none.
    const nowhere = status === 404 && !info.isResource;
    const where = info.isResource
      ? `${info.resource}\u0000${info.subresource}\u0000${info.name === ""}${info.namespace === ""}`
      : nowhere
        ? ""
        : info.path;
    const key = `${method}\u0000${info.verb}\u0000${info.group}\u0000${info.version}\u0000${where}\u0000${dryRun}`;
    const known = this.#kinds.get(key);
    if (known !== undefined) return known;
    const labels = requestLabelsOf(info, method, dryRun);
    if (nowhere) labels["subresource"] = "";
    if (this.#kinds.size >= keptKinds) this.#kinds.clear();
    const { verb } = labels;
    const made: Kind = {
      labels,
      durations: this.#durations.series(labels),
      sli: this.#sli.series(labels),
      sizes: verb === "GET" || verb === "LIST" ? this.#sizes.series(labels) : undefined,
      bodies:
        info.isResource && (verb === "POST" || verb === "PUT" || verb === "PATCH" || verb === "DELETE")
          ? this.#bodies.series({ ...labels, verb: info.verb })
          : undefined,
      codes: new Map(),
    };
    this.#kinds.set(key, made);
    return made;
  }
}

function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((size, part) => size + part.length, 0);
}
