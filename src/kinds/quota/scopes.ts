/** The scopes of a quota: which objects it counts. */
import type { ResourceQuota, ScopedResourceSelectorRequirement } from "../../schema/types/core-v1.ts";

export type ScopeSelector = ScopedResourceSelectorRequirement;

/** A selector that means nothing: an operator that does not exist, or one without its values. */
export class ScopeSelectorError extends Error {}

/** Every scope of a quota, short ones written out. An object is counted when all of them match. */
export function scopesOf(quota: Pick<ResourceQuota, "spec">): ScopeSelector[] {
  const short = (quota.spec?.scopes ?? []).map((scopeName): ScopeSelector => ({ scopeName, operator: "Exists" }));
  return [...short, ...(quota.spec?.scopeSelector?.matchExpressions ?? [])];
}

/** Whether an object with this value (of a priority class, …), or none, is selected. Throws {@link ScopeSelectorError}. */
export function selects({ scopeName, operator, values = [] }: ScopeSelector, value: string | undefined): boolean {
  const none = values.length === 0;
  const fault = (what: string): ScopeSelectorError => new ScopeSelectorError(`failed to parse and convert selector: ${scopeName}: ${what}`);
  switch (operator) {
    case "In":
      if (none) throw fault("for 'in', 'notin' operators, values set can't be empty");
      return value !== undefined && values.includes(value);
    case "NotIn":
      if (none) throw fault("for 'in', 'notin' operators, values set can't be empty");
      return value === undefined || !values.includes(value);
    case "Exists":
      if (!none) throw fault("values set must be empty for exists and does not exist");
      return value !== undefined;
    case "DoesNotExist":
      if (!none) throw fault("values set must be empty for exists and does not exist");
      return value === undefined;
    default:
      throw fault(`"${operator}" is not a valid scope selector operator`);
  }
}

/** `[{PriorityClass In [high]}]`. */
export function describeScopes(scopes: readonly ScopeSelector[]): string {
  return `[${scopes.map((s) => `{${s.scopeName} ${s.operator} [${(s.values ?? []).join(" ")}]}`).join(" ")}]`;
}
