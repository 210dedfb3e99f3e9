/** The rules of a cluster role that is put together from others. */
import { semanticEqual } from "../../kinds/semantic-equal.ts";
import { labelSelectorMatcher } from "../../schema/label-selector.ts";
import type { ClusterRole, PolicyRule } from "../../schema/types/rbac-v1.ts";

/** Rules of all roles that the selectors take, in the order of selectors and names, each once; undefined when they are so already. */
export function aggregatedRules(role: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] | undefined {
  if (role.aggregationRule === undefined) return undefined;
  const rules: PolicyRule[] = [];
  const byName = [...all].sort((a, b) => ((a.metadata?.name ?? "") < (b.metadata?.name ?? "") ? -1 : 1));
  for (const selector of role.aggregationRule.clusterRoleSelectors ?? []) {
    const matcher = labelSelectorMatcher(selector);
    for (const other of byName) {
      if (other.metadata?.name === role.metadata?.name || !matcher.matches(other.metadata?.labels ?? {})) continue;
      for (const rule of other.rules ?? []) if (!rules.some((r) => semanticEqual(r, rule))) rules.push(rule);
    }
  }
  return semanticEqual(rules, role.rules ?? []) ? undefined : rules;
}
