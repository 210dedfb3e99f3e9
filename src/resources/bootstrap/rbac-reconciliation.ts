/**
 * Brings the default roles and bindings up to date without taking away what an administrator added, unless the object says
 * `rbac.authorization.kubernetes.io/autoupdate: "false"` (upstream's "auto-reconciliation").
 */
import { jsonEqual } from "../../apiserver/json-equal.ts";
import { uncovered } from "../../auth/rbac/rules.ts";
import { mutable, type KubeObject } from "../../schema/object.ts";
import type { ClusterRole, ClusterRoleBinding, RoleBinding, Subject } from "../../schema/types/rbac-v1.ts";

const autoUpdate = "rbac.authorization.kubernetes.io/autoupdate";

const isProtected = (object: KubeObject): boolean => object.metadata?.annotations?.[autoUpdate] === "false";

/** What is there wins over what is wished. */
function withMetadata(object: KubeObject, wished: KubeObject): void {
  const meta = (object.metadata ??= {});
  const labels = { ...wished.metadata?.labels, ...meta.labels };
  const annotations = { ...wished.metadata?.annotations, ...meta.annotations };
  if (Object.keys(labels).length > 0) meta.labels = labels;
  if (Object.keys(annotations).length > 0) meta.annotations = annotations;
}

/** For Role and ClusterRole. */
export function reconcileRole(existing: KubeObject, wished: KubeObject): { object: KubeObject } | undefined {
  if (isProtected(existing)) return undefined;
  const role: ClusterRole = mutable(existing);
  const wish = wished as ClusterRole;
  withMetadata(role, wished);
  const missing = uncovered(role.rules ?? [], wish.rules ?? []);
  if (missing.length > 0) role.rules = [...(role.rules ?? []), ...missing];
  if (wish.aggregationRule === undefined) delete role.aggregationRule;
  else {
    const own = role.aggregationRule?.clusterRoleSelectors ?? [];
    const absent = (wish.aggregationRule.clusterRoleSelectors ?? []).filter((s) => !own.some((o) => jsonEqual(o, s)));
    if (absent.length > 0) role.aggregationRule = { clusterRoleSelectors: [...own, ...absent] };
  }
  return jsonEqual(role, existing) ? undefined : { object: role };
}

/** For RoleBinding and ClusterRoleBinding: one that names another role is made anew, since the reference cannot change. */
export function reconcileBinding(existing: KubeObject, wished: KubeObject): { object: KubeObject; recreate?: boolean } | undefined {
  if (isProtected(existing)) return undefined;
  const binding: RoleBinding | ClusterRoleBinding = mutable(existing) as RoleBinding;
  const wish = wished as RoleBinding;
  if (!jsonEqual(binding.roleRef, wish.roleRef)) return { object: mutable(wish), recreate: true };
  withMetadata(binding, wished);
  const missing = (wish.subjects ?? []).filter((s) => !(binding.subjects ?? []).some((own) => sameSubject(own, s)));
  if (missing.length > 0) binding.subjects = [...(binding.subjects ?? []), ...missing];
  return jsonEqual(binding, existing) ? undefined : { object: binding };
}

function sameSubject(a: Subject, b: Subject): boolean {
  return a.kind === b.kind && a.name === b.name && (a.namespace ?? "") === (b.namespace ?? "");
}
