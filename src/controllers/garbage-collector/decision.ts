/** What is done with one object whose owners have been looked up. Pure. */
import type { KubeObject } from "../../schema/object.ts";
import type { OwnerReference } from "../../schema/types/meta-v1.ts";
import { foregroundFinalizer, orphanFinalizer, waits } from "./graph.ts";

/** What is known of one owner: it does not exist, or this is it. */
export type OwnerState = "absent" | KubeObject;

export type Decision =
  | { readonly type: "keep" }
  /** Live owners remain: let go of the others. */
  | { readonly type: "disown"; readonly owners: readonly string[] }
  | { readonly type: "delete"; readonly policy: "Foreground" | "Background" | "Orphan"; readonly unblock: boolean };

export interface DecisionInput {
  readonly object: KubeObject;
  readonly owners: readonly { readonly ref: OwnerReference; readonly state: OwnerState }[];
  readonly hasDependents: boolean;
  /** One of its dependents waits in foreground deletion itself: a circle must not wait for itself. */
  readonly dependentWaits: boolean;
}

export function decide({ object, owners, hasDependents, dependentWaits }: DecisionInput): Decision {
  if (owners.length === 0) return { type: "keep" };
  const solid: string[] = [];
  const dangling: string[] = [];
  const waiting: string[] = [];
  for (const { ref, state } of owners) {
    if (state === "absent") dangling.push(ref.uid);
    else if (waits(state, foregroundFinalizer)) waiting.push(ref.uid);
    else solid.push(ref.uid);
  }
  if (solid.length > 0) {
    return dangling.length + waiting.length === 0 ? { type: "keep" } : { type: "disown", owners: [...dangling, ...waiting] };
  }
  // An owner waits until this is gone, so this waits for what it owns in turn.
  if (waiting.length > 0 && hasDependents) return { type: "delete", policy: "Foreground", unblock: dependentWaits };
  const finalizers = object.metadata?.finalizers ?? [];
  const policy = finalizers.includes(orphanFinalizer) ? "Orphan" : finalizers.includes(foregroundFinalizer) ? "Foreground" : "Background";
  return { type: "delete", policy, unblock: false };
}
