/** What is measured of policies, under upstream's names. */
import type { Counter, Histogram, MetricsRegistry } from "../../../core/metrics.ts";

export type Enforcement = "allow" | "deny" | "audit" | "warn";

export interface Check {
  readonly policy: string;
  readonly binding: string;
  readonly seconds: number;
  /** What went wrong; empty when the expressions said so themselves. */
  readonly error: string;
  readonly action: Enforcement;
}

const labels = ["policy", "policy_binding", "error_type", "enforcement_action"];

export class PolicyMetrics {
  readonly #total: Counter;
  readonly #seconds: Histogram;

  constructor(metrics: MetricsRegistry, kind: "validating" | "mutating") {
    const [name, what] = [`apiserver_${kind}_admission_policy_check`, `${kind === "validating" ? "Validation" : "Mutation"} admission`];
    this.#total = metrics.counter(
      `${name}_total`,
      `${what} policy check total, labeled by policy and further identified by binding and enforcement action taken.`,
      labels,
    );
    this.#seconds = metrics.histogram(
      `${name}_duration_seconds`,
      `${what} latency for individual ${kind === "validating" ? "validation" : "mutation"} expressions in seconds, labeled by policy and further including binding and enforcement action taken.`,
      labels,
      [0.0000005, 0.001, 0.01, 0.1, 1],
    );
  }

  checked({ policy, binding, seconds, error, action }: Check): void {
    const of = { policy, policy_binding: binding, error_type: errorType(error), enforcement_action: action };
    this.#total.inc(of);
    this.#seconds.observe(seconds, of);
  }
}

function errorType(error: string): string {
  if (error === "") return "no_error";
  if (error.startsWith("compilation error")) return "compile_error";
  return error.includes("running out of cost budget") ? "out_of_budget" : "invalid_error";
}
