import type { Clock } from "../../../core/clock.ts";
import type { AuthorizationAnswer, AuthorizationRequest } from "../../../lang/cel/index.ts";
import type { ConditionMetrics } from "../condition-metrics.ts";
import type { MatchingDeps } from "./matching.ts";
import type { PolicyMetrics } from "./metrics.ts";
import type { ParamDeps } from "./params.ts";

/** What the evaluation of policies needs. */
export interface PolicyDeps extends MatchingDeps, ParamDeps {
  readonly authorize: (request: AuthorizationRequest) => AuthorizationAnswer | Promise<AuthorizationAnswer>;
  readonly metrics: PolicyMetrics;
  readonly conditionMetrics: ConditionMetrics;
  readonly clock: Clock;
}
