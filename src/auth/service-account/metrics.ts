/** How service account tokens are used, under upstream's names. */
import type { Counter, MetricsRegistry } from "../../core/metrics.ts";

export interface ServiceAccountMetrics {
  readonly legacy: Counter;
  readonly stale: Counter;
  readonly manual: Counter;
  readonly automatic: Counter;
  readonly invalid: Counter;
  readonly valid: Counter;
}

/** Registers them; once a registry. */
export function serviceAccountMetrics(registry: MetricsRegistry): ServiceAccountMetrics {
  const counter = (name: string, help: string): Counter => registry.counter(`serviceaccount_${name}`, help);
  return {
    legacy: counter("legacy_tokens_total", "Cumulative legacy service account tokens used"),
    stale: counter("stale_tokens_total", "Cumulative stale projected service account tokens used"),
    manual: counter("legacy_manual_token_uses_total", "Cumulative manually created legacy tokens used"),
    automatic: counter("legacy_auto_token_uses_total", "Cumulative auto-generated legacy tokens used"),
    invalid: counter("invalid_legacy_auto_token_uses_total", "Cumulative invalid auto-generated legacy tokens used"),
    valid: counter("valid_tokens_total", "Cumulative valid projected service account tokens used"),
  };
}
