/** What a stricter enforce level would mean for the pods that a namespace has already. */
import type { LevelVersion } from "../../kinds/pod-security/index.ts";
import { describePolicy, podSecurityViolations } from "../../kinds/pod-security/index.ts";
import type { Pod } from "../../schema/types/core-v1.ts";
import type { ResourceDeps } from "../deps.ts";

/** More are not looked at, and no longer than this many milliseconds. */
const mostPods = 3000;
const longest = 1000;

/** Warnings, one for all pods that violate the same. Never refuses: pods that run go on. */
export async function namespacePodWarnings(
  deps: ResourceDeps,
  namespace: string,
  enforce: LevelVersion,
  exemptRuntimeClasses: ReadonlySet<string>,
): Promise<string[]> {
  const deadline = deps.clock.now() + longest;
  const all = byPriority((await deps.objects("", "pods").list(namespace)) as unknown as Pod[], exemptRuntimeClasses);
  const groups = new Map<string, { name: string; count: number }>();
  let checked = 0;
  for (const pod of all.slice(0, mostPods)) {
    checked++;
    const reasons = pod.spec === undefined ? [] : podSecurityViolations(enforce, pod.metadata ?? {}, pod.spec).map((v) => v.reason);
    if (reasons.length > 0) count(groups, reasons.join(", "), pod.metadata?.name ?? "");
    if (deps.clock.now() > deadline) break;
  }
  const warnings: string[] = [];
  if (checked < all.length)
    warnings.push(`new PodSecurity enforce level only checked against the first ${checked} of ${all.length} existing pods`);
  if (groups.size === 0) return warnings;
  const what = `existing pods in namespace ${JSON.stringify(namespace)} violate the new PodSecurity enforce level`;
  warnings.push(`${what} ${JSON.stringify(describePolicy(enforce))}`);
  const told = [...groups].map(([reasons, { name, count: pods }]) => {
    const others = pods === 1 ? "" : ` (and ${pods - 1} other pod${pods === 2 ? "" : "s"})`;
    return `${name}${others}: ${reasons}`;
  });
  return [...warnings, ...told.sort((a, b) => (a < b ? -1 : 1))];
}

/** The first name stands for all pods of the group. */
function count(groups: Map<string, { name: string; count: number }>, key: string, name: string): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, { name, count: 1 });
  else {
    group.count++;
    if (name < group.name) group.name = name;
  }
}

/** One pod of each controller first: they are the same more often than not. */
function byPriority(pods: readonly Pod[], exemptRuntimeClasses: ReadonlySet<string>): Pod[] {
  const first: Pod[] = [];
  const replicas: Pod[] = [];
  const controllers = new Set<string>();
  for (const pod of pods) {
    if (pod.spec?.runtimeClassName !== undefined && exemptRuntimeClasses.has(pod.spec.runtimeClassName)) continue;
    const controller = pod.metadata?.ownerReferences?.find((o) => o.controller === true)?.uid;
    if (controller !== undefined && controllers.has(controller)) replicas.push(pod);
    else {
      first.push(pod);
      if (controller !== undefined) controllers.add(controller);
    }
  }
  return [...first, ...replicas];
}
