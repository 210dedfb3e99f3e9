/** What is counted of impersonation, under upstream's names. */
import type { Counter, Histogram, MetricsRegistry } from "../core/metrics.ts";

const buckets = Array.from({ length: 15 }, (_, i) => 0.001 * 2 ** i);

export class ImpersonationMetrics {
  readonly #attempts: Counter;
  readonly #attemptTimes: Histogram;
  readonly #checks: Counter;
  readonly #checkTimes: Histogram;

  constructor(registry: MetricsRegistry) {
    const prefix = "apiserver_impersonation";
    const labels = ["mode", "decision"];
    this.#attempts = registry.counter(
      `${prefix}_attempts_total`,
      "Total number of impersonation attempts split by mode and decision.",
      labels,
    );
    this.#attemptTimes = registry.histogram(
      `${prefix}_attempts_duration_seconds`,
      "Latency of impersonation attempts in seconds split by mode and decision.",
      labels,
      buckets,
    );
    this.#checks = registry.counter(
      `${prefix}_authorization_attempts_total`,
      "Total number of authorization checks made by the impersonation handler split by mode and decision.",
      labels,
    );
    this.#checkTimes = registry.histogram(
      `${prefix}_authorization_attempts_duration_seconds`,
      "Latency of authorization checks made by the impersonation handler in seconds split by mode and decision.",
      labels,
      buckets,
    );
  }

  /** `mode`: empty when none allowed it. */
  attempted(mode: string, decision: "allowed" | "denied", seconds: number): void {
    this.#attempts.inc({ mode, decision });
    this.#attemptTimes.observe(seconds, { mode, decision });
  }

  authorized(mode: string, decision: "allowed" | "denied", seconds: number): void {
    this.#checks.inc({ mode, decision });
    this.#checkTimes.observe(seconds, { mode, decision });
  }
}
