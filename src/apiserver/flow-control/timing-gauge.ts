/**
 * A fraction over time as a histogram: each nanosecond that it had a value is one observation of that value. Upstream's
 * `TimingRatioHistogram`.
 */
import { type Family, Observations, renderLabels } from "../../core/metrics.ts";

const nsPerMs = 1e6;

export class TimingGauge {
  readonly observations: Observations;
  #numerator = 0;
  #denominator: number;
  #since: number;

  constructor(buckets: readonly number[], denominator: number, now: number) {
    this.observations = new Observations(buckets);
    this.#denominator = denominator;
    this.#since = now;
  }

  add(by: number, now: number): void {
    this.settle(now);
    this.#numerator += by;
  }

  set(value: number, now: number): void {
    this.settle(now);
    this.#numerator = value;
  }

  setDenominator(denominator: number, now: number): void {
    this.settle(now);
    this.#denominator = Math.max(1, denominator);
  }

  /** Counts the time since the last change. */
  settle(now: number): void {
    const passed = now - this.#since;
    if (passed > 0) this.observations.observe(this.#numerator / this.#denominator, passed * nsPerMs);
    this.#since = now;
  }
}

/** Timing gauges of one name, told apart by labels. */
export class TimingFamily implements Family {
  readonly type = "histogram";
  readonly name: string;
  readonly help: string;
  readonly #labels: readonly string[];
  readonly #buckets: readonly number[];
  readonly #gauges = new Map<string, TimingGauge>();
  readonly #now: () => number;

  constructor(name: string, help: string, labels: readonly string[], buckets: readonly number[], now: () => number) {
    this.name = name;
    this.help = help;
    this.#labels = labels;
    this.#buckets = buckets;
    this.#now = now;
  }

  gauge(values: readonly string[], denominator: number): TimingGauge {
    const key = values.join("\u0000");
    let gauge = this.#gauges.get(key);
    if (gauge === undefined) this.#gauges.set(key, (gauge = new TimingGauge(this.#buckets, denominator, this.#now())));
    return gauge;
  }

  expose(out: string[]): void {
    const now = this.#now();
    for (const [key, gauge] of this.#gauges) {
      gauge.settle(now);
      const { counts, sum, count } = gauge.observations;
      let total = 0;
      this.#buckets.forEach((le, i) => {
        total += counts[i] as number;
        out.push(`${this.name}_bucket${renderLabels(this.#labels, key, `le="${le}"`)} ${Math.round(total)}`);
      });
      out.push(`${this.name}_bucket${renderLabels(this.#labels, key, 'le="+Inf"')} ${Math.round(count)}`);
      out.push(`${this.name}_sum${renderLabels(this.#labels, key)} ${sum}`);
      out.push(`${this.name}_count${renderLabels(this.#labels, key)} ${Math.round(count)}`);
    }
  }
}
