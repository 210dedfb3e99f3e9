/** What is measured of match conditions, of webhooks and policies, under upstream's names. */
import type { Counter, Histogram, MetricsRegistry } from "../../core/metrics.ts";

/** Whose conditions: `kind` is `webhook` or a policy's kind, `type` `admit`, `validating` or `validate`. */
export interface ConditionOwner {
  readonly name: string;
  readonly kind: string;
  readonly type: string;
  readonly operation: string;
}

const prefix = "apiserver_admission_match_condition";
const labels = ["name", "kind", "type", "operation"];

export class ConditionMetrics {
  readonly #errors: Counter;
  readonly #exclusions: Counter;
  readonly #seconds: Histogram;

  constructor(metrics: MetricsRegistry) {
    const about = "identified by name of resource containing the match condition and broken out for each kind containing matchConditions";
    this.#errors = metrics.counter(
      `${prefix}_evaluation_errors_total`,
      `Admission match condition evaluation errors count, ${about} (webhook or policy), operation and admission type (validate or admit).`,
      labels,
    );
    this.#exclusions = metrics.counter(
      `${prefix}_exclusions_total`,
      `Admission match condition evaluation exclusions count, ${about} (webhook or policy), operation and admission type (validate or admit).`,
      labels,
    );
    this.#seconds = metrics.histogram(
      `${prefix}_evaluation_seconds`,
      "Admission match condition evaluation time in seconds, identified by name and broken out for each kind containing matchConditions (webhook or policy), operation and type (validate or admit).",
      labels,
      [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25],
    );
  }

  evaluated(owner: ConditionOwner, seconds: number, errors: number): void {
    const of = { ...owner };
    this.#seconds.observe(seconds, of);
    if (errors > 0) this.#errors.inc(of, errors);
  }

  excluded(owner: ConditionOwner): void {
    this.#exclusions.inc({ ...owner });
  }
}
