/** What is measured of webhooks and match conditions, under upstream's names. */
import type { Counter, Histogram, MetricsRegistry } from "../../../core/metrics.ts";

export type Step = "admit" | "validating";
export type RejectionError = "calling_webhook_error" | "apiserver_internal_error" | "no_error";

const prefix = "apiserver_admission";

/** Codes are cut, so that a webhook cannot make label values at will. */
const cut = (code: number): string => String(Math.min(code, 600));

export class WebhookMetrics {
  readonly #duration: Histogram;
  readonly #requests: Counter;
  readonly #rejections: Counter;
  readonly #failOpen: Counter;

  constructor(metrics: MetricsRegistry) {
    this.#duration = metrics.histogram(
      `${prefix}_webhook_admission_duration_seconds`,
      "Admission webhook latency histogram in seconds, identified by name and broken out for each operation and API resource and type (validate or admit).",
      ["name", "type", "operation", "rejected"],
      [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25],
    );
    this.#requests = metrics.counter(
      `${prefix}_webhook_request_total`,
      "Admission webhook request total, identified by name and broken out for each admission type (validating or admit) and operation. Additional labels specify whether the request was rejected or not and an HTTP status code. Codes greater than 600 are truncated to 600, to keep the metrics cardinality bounded.",
      ["name", "type", "operation", "code", "rejected"],
    );
    this.#rejections = metrics.counter(
      `${prefix}_webhook_rejection_count`,
      "Admission webhook rejection count, identified by name and broken out for each admission type (validating or admit) and operation. Additional labels specify an error type (calling_webhook_error or apiserver_internal_error if an error occurred; no_error otherwise) and optionally a non-zero rejection code if the webhook rejects the request with an HTTP status code (honored by the apiserver when the code is greater or equal to 400). Codes greater than 600 are truncated to 600, to keep the metrics cardinality bounded.",
      ["name", "type", "operation", "error_type", "rejection_code"],
    );
    this.#failOpen = metrics.counter(
      `${prefix}_webhook_fail_open_count`,
      "Admission webhook fail open count, identified by name and broken out for each admission type (validating or admit).",
      ["name", "type"],
    );
  }

  called(name: string, type: Step, operation: string, seconds: number, code: number, rejected: boolean): void {
    this.#requests.inc({ name, type, operation, code: cut(code), rejected: String(rejected) });
    this.#duration.observe(seconds, { name, type, operation, rejected: String(rejected) });
  }

  rejected(name: string, type: Step, operation: string, errorType: RejectionError, code: number): void {
    this.#rejections.inc({ name, type, operation, error_type: errorType, rejection_code: cut(code) });
  }

  failedOpen(name: string, type: Step): void {
    this.#failOpen.inc({ name, type });
  }
}
