/** Which evaluator a resource has: those that measure, those with an old name, and counting for everything else. */
import type { QuotaEvaluator } from "./evaluator.ts";
import { objectCount } from "./object-count.ts";
import { persistentVolumeClaimQuota } from "./persistent-volume-claims.ts";
import { podQuota } from "./pods.ts";
import { resourceClaimQuota } from "./resource-claims.ts";
import { serviceQuota } from "./services.ts";

const aliased = ["configmaps", "resourcequotas", "replicationcontrollers", "secrets"];

/** Always there, whatever the server serves beside them. */
export const builtinQuotaEvaluators: readonly QuotaEvaluator[] = [
  podQuota,
  serviceQuota,
  persistentVolumeClaimQuota,
  resourceClaimQuota,
  ...aliased.map((resource) => objectCount("", resource, resource)),
];

/** Resources that store nothing, and events, which never were counted: `group/resource`. */
const ignored: ReadonlySet<string> = new Set([
  "/bindings",
  "/componentstatuses",
  "authentication.k8s.io/tokenreviews",
  "authentication.k8s.io/selfsubjectreviews",
  "authorization.k8s.io/subjectaccessreviews",
  "authorization.k8s.io/selfsubjectaccessreviews",
  "authorization.k8s.io/localsubjectaccessreviews",
  "authorization.k8s.io/selfsubjectrulesreviews",
  "/events",
  "events.k8s.io/events",
]);

const known = new Map<string, QuotaEvaluator>(builtinQuotaEvaluators.map((e) => [`${e.group}/${e.resource}`, e]));

/** Undefined: quota has no part in the resource. */
export function quotaEvaluatorOf(group: string, resource: string): QuotaEvaluator | undefined {
  const key = `${group}/${resource}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  if (ignored.has(key)) return undefined;
  const made = objectCount(group, resource);
  known.set(key, made);
  return made;
}
