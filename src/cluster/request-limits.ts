/** How many requests at once, for how long, and in which order: from kube-apiserver's flags. */
import { FlowControl } from "../apiserver/flow-control/controller.ts";
import type { ApiServerOptions } from "../apiserver/server-interface.ts";
import type { Clock } from "../core/clock.ts";
import type { MetricsRegistry } from "../core/metrics.ts";
import { mandatoryFlowControl } from "../resources/loops/flow-control.ts";
import type { ApiServerFlags } from "./api-server-flags/index.ts";

export type RequestLimits = Pick<ApiServerOptions, "flowControl" | "maxInFlight" | "requestTimeout" | "minRequestTimeout">;

export function limitsOf(flags: ApiServerFlags, clock: Clock, metrics: MetricsRegistry): RequestLimits {
  const reading = flags.int("max-requests-inflight");
  const mutating = flags.int("max-mutating-requests-inflight");
  const requestTimeout = flags.duration("request-timeout");
  const fair = flags.bool("enable-priority-and-fairness");
  return {
    requestTimeout,
    minRequestTimeout: flags.int("min-request-timeout") * 1000,
    maxInFlight: [reading, mutating],
    ...(fair
      ? {
          flowControl: new FlowControl({
            clock,
            metrics,
            seats: reading + mutating,
            longestWait: requestTimeout / 4,
            mandatory: mandatoryFlowControl(),
          }),
        }
      : {}),
  };
}
