/**
 * Remembers for a short while what a token authenticator said, so that an ordinary request costs one look. Those who ask
 * for the same token at once share one answer. Warnings and audit annotations come with it, every time.
 */
import type { Clock } from "../../core/clock.ts";
import type { Cell, MetricsRegistry, Observations } from "../../core/metrics.ts";
import type { Authentication, AuthenticationNotes } from "../authenticator.ts";
import { noNotes } from "../authenticator.ts";
import { asError } from "../errors.ts";
import type { TokenAuthenticator } from "../token-authenticator.ts";

export interface TokenCacheOptions {
  readonly clock: Clock;
  /** Milliseconds that a known token is remembered; 0: never. */
  readonly successTtl: number;
  /** Milliseconds that an unknown or wrong token is remembered; 0: never. */
  readonly failureTtl: number;
  /** Where it is told how much it helps. */
  readonly metrics?: MetricsRegistry | undefined;
  /** Whether errors count as something to remember. */
  readonly cacheErrors: boolean;
  /** The list that ordinary requests are asked about with, by identity: their tokens are found fastest. */
  readonly audiences?: readonly string[] | undefined;
}

interface Entry {
  readonly until: number;
  readonly found: Authentication | undefined;
  readonly error: Error | undefined;
  readonly warnings: readonly string[];
  readonly annotations: readonly (readonly [string, string])[];
}

interface Shelf {
  readonly entries: Map<string, Entry>;
  readonly asking: Map<string, Promise<Entry>>;
}

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface CacheSeries {
  readonly hits: Cell;
  readonly hitTimes: Observations;
  readonly misses: Cell;
  readonly missTimes: Observations;
  readonly fetched: Cell;
  readonly failed: Cell;
  readonly inFlight: Cell;
  readonly blocked: Cell;
}

function seriesOf(metrics: MetricsRegistry): CacheSeries {
  const name = (rest: string): string => `authentication_token_cache_${rest}`;
  const requests = metrics.counter(name("request_total"), "Requests for what a token means, by whether it was remembered.", ["status"]);
  const times = metrics.histogram(name("request_duration_seconds"), "How long those requests take.", ["status"], buckets);
  const fetches = metrics.counter(name("fetch_total"), "Tokens that were asked about.", ["status"]);
  const active = metrics.gauge(name("active_fetch_count"), "Tokens that are being asked about.", ["status"]);
  return {
    hits: requests.cell({ status: "hit" }),
    hitTimes: times.series({ status: "hit" }),
    misses: requests.cell({ status: "miss" }),
    missTimes: times.series({ status: "miss" }),
    fetched: fetches.cell({ status: "ok" }),
    failed: fetches.cell({ status: "error" }),
    inFlight: active.cell({ status: "in_flight" }),
    blocked: active.cell({ status: "blocked" }),
  };
}

/** More than the tokens that are in use at once in a large cluster. */
const capacity = 32_768;

export class TokenCache implements TokenAuthenticator {
  readonly #inner: TokenAuthenticator;
  readonly #options: TokenCacheOptions;
  readonly #series: CacheSeries | undefined;
  /** The audiences of ordinary requests, the same list every time, and what is known of tokens for them. */
  readonly #usual: readonly string[] | undefined;
  readonly #forUsual: Shelf = { entries: new Map(), asking: new Map() };
  readonly #forOthers: Shelf = { entries: new Map(), asking: new Map() };

  constructor(inner: TokenAuthenticator, options: TokenCacheOptions) {
    this.#inner = inner;
    this.#options = options;
    this.#series = options.metrics === undefined ? undefined : seriesOf(options.metrics);
    this.#usual = options.audiences;
  }

  authenticateToken(
    token: string,
    audiences?: readonly string[],
    notes: AuthenticationNotes = noNotes,
  ): Promise<Authentication | undefined> | Authentication | undefined {
    const usual = audiences === this.#usual;
    const shelf = usual ? this.#forUsual : this.#forOthers;
    const key = usual ? token : `${JSON.stringify(audiences ?? null)}${token}`;
    const known = shelf.entries.get(key);
    const series = this.#series;
    const now = this.#options.clock.monotonic();
    if (known !== undefined && now < known.until) {
      if (series !== undefined) {
        series.hits.value++;
        series.hitTimes.observe(0);
      }
      return replay(known, notes);
    }
    let asking = shelf.asking.get(key);
    if (asking === undefined) {
      asking = this.#ask(shelf, key, token, audiences).finally(() => shelf.asking.delete(key));
      shelf.asking.set(key, asking);
    }
    if (series !== undefined) series.blocked.value++;
    return asking.then((entry) => {
      if (series !== undefined) {
        series.blocked.value--;
        series.misses.value++;
        series.missTimes.observe((this.#options.clock.monotonic() - now) / 1000);
      }
      return replay(entry, notes);
    });
  }

  async #ask(shelf: Shelf, key: string, token: string, audiences: readonly string[] | undefined): Promise<Entry> {
    const warnings: string[] = [];
    const annotations = new Map<string, string>();
    const notes: AuthenticationNotes = {
      warn: (text) => void warnings.push(text),
      annotate: (name, value) => {
        if (!annotations.has(name)) annotations.set(name, value);
      },
    };
    let found: Authentication | undefined;
    let error: Error | undefined;
    const series = this.#series;
    if (series !== undefined) series.inFlight.value++;
    try {
      found = await this.#inner.authenticateToken(token, audiences, notes);
    } catch (thrown) {
      error = asError(thrown);
    }
    if (series !== undefined) {
      series.inFlight.value--;
      (error === undefined ? series.fetched : series.failed).value++;
    }
    const { clock, successTtl, failureTtl, cacheErrors } = this.#options;
    const ttl = error !== undefined && !cacheErrors ? 0 : found === undefined ? failureTtl : successTtl;
    const entry: Entry = { until: clock.monotonic() + ttl, found, error, warnings, annotations: [...annotations] };
    if (ttl > 0) keep(shelf.entries, key, entry);
    return entry;
  }
}

function keep(entries: Map<string, Entry>, key: string, entry: Entry): void {
  entries.delete(key);
  if (entries.size >= capacity) entries.delete(entries.keys().next().value as string);
  entries.set(key, entry);
}

function replay(entry: Entry, notes: AuthenticationNotes): Authentication | undefined {
  if (entry.error !== undefined) throw entry.error;
  if (entry.found === undefined) return undefined;
  for (const text of entry.warnings) notes.warn(text);
  for (const [key, value] of entry.annotations) notes.annotate(key, value);
  return entry.found;
}
