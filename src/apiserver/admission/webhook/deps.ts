import type { Logger } from "../../../core/log.ts";
import type { WebhookTargets } from "../../../client/webhook/targets.ts";
import type { MatchingDeps } from "./matching.ts";
import type { WebhookMetrics } from "./metrics.ts";

/** What calls of webhooks need. */
export interface WebhookDeps extends MatchingDeps {
  readonly targets: WebhookTargets;
  readonly metrics: WebhookMetrics;
  readonly log: Logger;
}
