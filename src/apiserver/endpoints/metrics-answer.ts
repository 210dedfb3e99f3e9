import type { MetricsRegistry } from "../../core/metrics.ts";
import { systemClock } from "../../core/clock.ts";
import type { ApiResponse } from "../request.ts";

const started = String(Math.floor(systemClock.now() / 1000 - process.uptime()));

/** A registry in the text exposition format. */
export function metricsAnswer(metrics: MetricsRegistry): ApiResponse {
  return {
    status: 200,
    headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", "process-start-time-unix": started },
    bytes: Buffer.from(metrics.expose()),
  };
}
