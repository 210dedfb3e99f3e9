/** The conditions by which a terminating namespace says what holds it. */
import { formatTime } from "../../core/clock.ts";
import { discoveryFailure } from "../resource-discovery.ts";
import type { NamespaceCondition } from "../../schema/types/core-v1.ts";

/** What is left of one resource after its objects were told to go. */
export interface Remainder {
  readonly group: string;
  readonly resource: string;
  readonly count: number;
  /** Finalizer → objects that have it. */
  readonly finalizers: ReadonlyMap<string, number>;
}

export interface DeletionState {
  /** Group version → why it could not be discovered. */
  readonly discoveryFailures: ReadonlyMap<string, string>;
  readonly errors: readonly string[];
  readonly remaining: readonly Remainder[];
}

type Verdict = { readonly type: string; readonly status: "True" | "False"; readonly reason: string; readonly message: string };

const yes = (type: string, reason: string, message: string): Verdict => ({ type, status: "True", reason, message });
const no = (type: string, reason: string, message: string): Verdict => ({ type, status: "False", reason, message });

function discoveryVerdict(failures: ReadonlyMap<string, string>): Verdict {
  const type = "NamespaceDeletionDiscoveryFailure";
  if (failures.size === 0) return no(type, "ResourcesDiscovered", "All resources successfully discovered");
  return yes(type, "DiscoveryFailed", `Discovery failed for some groups, ${failures.size} failing: ${discoveryFailure(failures)}`);
}

function contentVerdict(errors: readonly string[]): Verdict {
  const type = "NamespaceDeletionContentFailure";
  if (errors.length === 0) return no(type, "ContentDeleted", "All content successfully deleted, may be waiting on finalization");
  return yes(
    type,
    "ContentDeletionFailed",
    `Failed to delete all resource types, ${errors.length} remaining: ${[...errors].sort().join(", ")}`,
  );
}

function remainingVerdict(remaining: readonly Remainder[]): Verdict {
  const type = "NamespaceContentRemaining";
  const texts = remaining.filter((r) => r.count > 0).map((r) => `${r.resource}.${r.group} has ${r.count} resource instances`);
  if (texts.length === 0) return no(type, "ContentRemoved", "All content successfully removed");
  return yes(type, "SomeResourcesRemain", `Some resources are remaining: ${texts.sort().join(", ")}`);
}

function finalizersVerdict(remaining: readonly Remainder[]): Verdict {
  const type = "NamespaceFinalizersRemaining";
  const totals = new Map<string, number>();
  for (const r of remaining) for (const [finalizer, count] of r.finalizers) totals.set(finalizer, (totals.get(finalizer) ?? 0) + count);
  const texts = [...totals].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`);
  if (texts.length === 0) return no(type, "ContentHasNoFinalizers", "All content-preserving finalizers finished");
  return yes(type, "SomeFinalizersRemain", `Some content in the namespace has finalizers remaining: ${texts.sort().join(", ")}`);
}

/** `present` with the five conditions as `state` gives them; the same array when none changes. `now`: milliseconds. */
export function deletionConditions(
  present: readonly NamespaceCondition[],
  state: DeletionState,
  now: number,
): readonly NamespaceCondition[] {
  const verdicts = [
    discoveryVerdict(state.discoveryFailures),
    no("NamespaceDeletionGroupVersionParsingFailure", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
    contentVerdict(state.errors),
    remainingVerdict(state.remaining),
    finalizersVerdict(state.remaining),
  ];
  let next = present;
  for (const verdict of verdicts) {
    const old = next.find((c) => c.type === verdict.type);
    if (old === undefined) next = [...next, { ...verdict, lastTransitionTime: formatTime(now) }];
    else if (old.status !== verdict.status || old.message !== verdict.message || old.reason !== verdict.reason) {
      const lastTransitionTime = old.status === verdict.status ? old.lastTransitionTime : formatTime(now);
      next = next.map((c) => (c === old ? { ...verdict, lastTransitionTime } : c));
    }
  }
  return next;
}

/** Seconds that objects with finalizers are given before they are looked at again. */
const finalizerEstimate = 15;

/**
 * Seconds until the rest is likely gone: the grace of pods (0 once the namespace has been terminating for longer), or a
 * fixed time for finalizers; `undefined` when it ought to be gone already.
 */
export function estimateSeconds(remainder: Remainder, graceSeconds: number, terminatingForMs: number): number | undefined {
  if (remainder.count === 0) return 0;
  if (graceSeconds > 0 && terminatingForMs < graceSeconds * 1000) return graceSeconds;
  return remainder.finalizers.size > 0 ? finalizerEstimate : undefined;
}
