/** Defaults that admission webhooks and admission policies share. */
import type { MatchResources, MutatingWebhook, RuleWithOperations, ValidatingWebhook } from "../schema/types/admissionregistration-v1.ts";

/** Fills in one webhook's defaults, in place. */
export function setWebhookDefaults(webhook: ValidatingWebhook | MutatingWebhook): void {
  webhook.failurePolicy ??= "Fail";
  webhook.matchPolicy ??= "Equivalent";
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= 10;
  if (webhook.clientConfig?.service) webhook.clientConfig.service.port ??= 443;
  setRuleDefaults(webhook.rules);
}

/** Fills in which objects a policy or a binding is about, in place. */
export function setMatchResourcesDefaults(match: MatchResources | undefined): void {
  if (!match) return;
  match.matchPolicy ??= "Equivalent";
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  setRuleDefaults(match.resourceRules);
  setRuleDefaults(match.excludeResourceRules);
}

function setRuleDefaults(rules: readonly RuleWithOperations[] | undefined): void {
  for (const rule of rules ?? []) rule.scope ??= "*";
}
