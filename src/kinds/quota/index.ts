/** Resource quotas, pure: what each resource uses, what a namespace uses in all, and whether a request keeps within. */
export { type Amounts, sameAmounts } from "./amounts.ts";
export { checkQuotas, type LimitedResource, type QuotaVerdict } from "./check.ts";
export { countName, type DeviceContext, type QuotaContext, type QuotaEvaluator, type QuotaOperation } from "./evaluator.ts";
export { builtinQuotaEvaluators, quotaEvaluatorOf } from "./registry.ts";
export { extendedResourceClaimAnnotation, resourceClaimQuota } from "./resource-claims.ts";
export { calculateUsage, type ListObjects } from "./usage.ts";
export type { ScopeSelector } from "./scopes.ts";
