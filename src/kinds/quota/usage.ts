/** How much of a quota is used, counted over everything that its namespace holds. */
import type { UnstructuredObject } from "../../schema/object.ts";
import type { ResourceQuota } from "../../schema/types/core-v1.ts";
import { type Amounts, only, sum } from "./amounts.ts";
import type { QuotaContext, QuotaEvaluator } from "./evaluator.ts";
import { type ScopeSelector, scopesOf, ScopeSelectorError } from "./scopes.ts";

/** The objects of the evaluator's resource in the quota's namespace. Throws when they are not known. */
export type ListObjects = (evaluator: QuotaEvaluator) => Iterable<UnstructuredObject>;

/** What could be counted, and what went wrong with the rest. */
export function calculateUsage(
  quota: ResourceQuota,
  evaluators: Iterable<QuotaEvaluator>,
  list: ListObjects,
  context: QuotaContext,
): { used: Amounts; errors: Error[] } {
  const hard = Object.keys(quota.spec?.hard ?? {});
  const scopes = scopesOf(quota);
  const counted = new Set<string>();
  const failed = new Set<string>();
  const errors: Error[] = [];
  let used: Amounts = {};
  for (const evaluator of evaluators) {
    const names = evaluator.matching(hard, context).filter((name) => !failed.has(name));
    if (names.length === 0) continue;
    try {
      let own: Amounts = Object.fromEntries(names.map((name) => [name, "0"]));
      for (const object of list(evaluator))
        if (matches(evaluator, scopes, object)) own = sum(own, only(evaluator.usage(object, context), hard));
      used = sum(used, own);
      for (const name of names) counted.add(name);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      errors.push(new Error(`failed to list content: ${error.message}`, { cause: error }));
      for (const name of names) failed.add(name);
    }
  }
  return {
    used: only(
      used,
      [...counted].filter((name) => !failed.has(name)),
    ),
    errors,
  };
}

function matches(evaluator: QuotaEvaluator, scopes: readonly ScopeSelector[], object: UnstructuredObject): boolean {
  try {
    return scopes.every((scope) => evaluator.inScope?.(scope, object) ?? false);
  } catch (error) {
    if (error instanceof ScopeSelectorError) return false;
    throw error;
  }
}
