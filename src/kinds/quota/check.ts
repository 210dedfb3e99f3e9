/** Whether a request keeps within the quotas of its namespace, and what they would count after it. */
import type { ResourceQuota } from "../../schema/types/core-v1.ts";
import { type Amounts, describeAmounts, describeNames, exceeding, negative, only, sum, surplus, withoutZeros } from "./amounts.ts";
import type { QuotaContext, QuotaEvaluator, QuotaOperation } from "./evaluator.ts";
import { describeScopes, type ScopeSelector, scopesOf, ScopeSelectorError } from "./scopes.ts";

/** Resources of which nothing may be used without a quota that covers it. */
export interface LimitedResource {
  readonly apiGroup: string;
  readonly resource: string;
  /** Parts of the names of what is used. */
  readonly matchContains: readonly string[];
  readonly matchScopes: readonly ScopeSelector[];
}

export type QuotaVerdict =
  /** The quotas in their order, those that change as new objects. */
  | { readonly quotas: readonly ResourceQuota[] }
  /** 403 with this message. */
  | { readonly forbidden: string }
  /** An error without a status of its own. */
  | { readonly failed: string };

export function checkQuotas(
  quotas: readonly ResourceQuota[],
  operation: QuotaOperation,
  evaluator: QuotaEvaluator,
  limited: readonly LimitedResource[],
  context: QuotaContext,
): QuotaVerdict {
  const { object, oldObject } = operation;
  if (object === undefined || !evaluator.handles(operation)) return { quotas };
  const inScopes = (scopes: readonly ScopeSelector[]): ScopeSelector[] => scopes.filter((s) => evaluator.inScope?.(s, object) ?? false);

  let limitedScopes: ScopeSelector[];
  try {
    limitedScopes = limited.flatMap((l) => inScopes(l.matchScopes));
  } catch (error) {
    if (error instanceof ScopeSelectorError) return { quotas };
    throw error;
  }
  const usage = evaluator.usage(object, context);
  const limitedNames = limitedByDefault(usage, limited, evaluator);
  const interesting: number[] = [];
  const covered = new Set<string>();
  const coveredScopes: ScopeSelector[] = [];
  for (const [i, quota] of quotas.entries()) {
    const scopes = scopesOf(quota);
    const matched = inScopes(scopes);
    coveredScopes.push(...matched);
    const names = evaluator.matching(Object.keys(quota.status?.hard ?? {}), context);
    if (names.length === 0 || matched.length < scopes.length) continue;
    const name = quota.metadata?.name ?? "";
    const missing = evaluator.missing?.(names, object);
    if (missing !== undefined) return { forbidden: `failed quota: ${name}: ${missing}` };
    if (names.some((n) => quota.status?.used?.[n] === undefined))
      return { forbidden: `status unknown for quota: ${name}, resources: ${describeNames(names)}` };
    interesting.push(i);
    for (const n of names) covered.add(n);
  }
  const below = negative(usage);
  if (below.length > 0) return { forbidden: `quota usage is negative for resource(s): ${describeNames(below)}` };

  const update = operation.operation === "UPDATE";
  if (update && oldObject === undefined) return { forbidden: "unable to get previous usage since prior version of object was not found" };
  const previous = update && oldObject !== undefined ? evaluator.usage(oldObject, context) : undefined;
  const difference = previous === undefined ? usage : surplus(usage, previous);
  const wasCounted = (quota: ResourceQuota): boolean =>
    oldObject !== undefined && scopesOf(quota).every((scope) => evaluator.inScope?.(scope, oldObject) ?? false);
  const deltas = new Map<number, Amounts>();
  for (const i of interesting) {
    const delta = withoutZeros(previous !== undefined && wasCounted(quotas[i] as ResourceQuota) ? difference : usage);
    if (Object.keys(delta).length > 0) deltas.set(i, delta);
  }
  if (interesting.length > 0 ? deltas.size === 0 : Object.keys(withoutZeros(difference)).length === 0) return { quotas };

  const uncovered = limitedNames.filter((name) => !covered.has(name));
  if (uncovered.length > 0) return { forbidden: `insufficient quota to consume: ${describeNames([...new Set(uncovered)])}` };
  const uncoveredScopes = limitedScopes.filter((s) => !coveredScopes.some((c) => c.scopeName === s.scopeName));
  if (uncoveredScopes.length > 0) return { failed: `insufficient quota to match these scopes: ${describeScopes(uncoveredScopes)}` };
  return charge(quotas, deltas, operation.subresource !== "status");
}

function limitedByDefault(usage: Amounts, limited: readonly LimitedResource[], { group, resource }: QuotaEvaluator): string[] {
  const consumed = Object.keys(withoutZeros(usage));
  return limited
    .filter((l) => l.apiGroup === group && l.resource === resource)
    .flatMap((l) => consumed.filter((name) => l.matchContains.some((part) => name.includes(part))));
}

/** `bounded`: more than the limit is refused; else it is only counted. */
function charge(quotas: readonly ResourceQuota[], deltas: ReadonlyMap<number, Amounts>, bounded: boolean): QuotaVerdict {
  const charged = [...quotas];
  for (const [i, delta] of deltas) {
    const quota = quotas[i] as ResourceQuota;
    const { hard = {}, used = {} } = quota.status ?? {};
    const requested = only(delta, Object.keys(hard));
    const after = sum(used, requested);
    if (bounded) {
      const exceeded = exceeding(only(after, Object.keys(requested)), hard);
      if (exceeded.length > 0) {
        const told = (amounts: Amounts): string => describeAmounts(only(amounts, exceeded));
        const bounds = `requested: ${told(requested)}, used: ${told(used)}, limited: ${told(hard)}`;
        return { forbidden: `exceeded quota: ${quota.metadata?.name ?? ""}, ${bounds}` };
      }
    }
    charged[i] = { ...quota, status: { ...quota.status, used: { ...after } } };
  }
  return { quotas: charged };
}
