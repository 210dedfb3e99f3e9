/**
 * What a deployment does next: a pure function of what is seen now. Writes to replica sets come out in the order in
 * which they are to be made; a rollout goes on when they show up in the cache.
 */
import type { Deployment, DeploymentStatus, ReplicaSet } from "../../schema/types/apps-v1.ts";
import type { Pod } from "../../schema/types/core-v1.ts";
import { newSet, withoutRollback, withTemplate } from "./new-set.ts";
import { desiredReplicasAnnotation, intAnnotation, revisionAnnotation } from "./annotations.ts";
import {
  byCreation,
  byRevision,
  findNewSet,
  lastRevision,
  maxRevision,
  newSetAnnotations,
  revisionOf,
  rollbackAnnotations,
  rollbackTarget,
  sameTemplate,
  withReplicaAnnotations,
} from "./revision.ts";
import { isRolling, maxSurge, maxUnavailable, newSetSize, proportion, replicasOf, totalAvailable, totalReplicas } from "./scaling.ts";
import {
  countStatus,
  deadlineCheck,
  findCondition,
  hasProgressDeadline,
  isComplete,
  newCondition,
  rolloutStatus,
  sameStatus,
  withCondition,
} from "./status.ts";

export interface DeploymentState {
  readonly deployment: Deployment;
  /** Those it controls. */
  readonly sets: readonly ReplicaSet[];
  /** Every pod of a set. */
  readonly podsOf: (set: ReplicaSet) => readonly Pod[];
}

export interface PlannedEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

/** A write to one set; its events are told when it has been made. */
export interface SetWrite {
  readonly set: ReplicaSet;
  readonly events: readonly PlannedEvent[];
}

export interface DeploymentPlan {
  /** The new set, when it does not exist yet: made before everything else. */
  readonly create: SetWrite | undefined;
  readonly update: readonly SetWrite[];
  readonly remove: readonly ReplicaSet[];
  /** The deployment with its new status and revision, when either changed. */
  readonly status: Deployment | undefined;
  /** The deployment with another spec: a rollback asked for by an old client. */
  readonly rollback: Deployment | undefined;
  /** Told whatever else happens. */
  readonly events: readonly PlannedEvent[];
  /** Milliseconds. */
  readonly requeueAfter: number | undefined;
}

/** `now`: milliseconds since the epoch. */
export function planDeployment(state: DeploymentState, now: number): DeploymentPlan {
  return new Planner(state, now).plan();
}

class Planner {
  readonly #state: DeploymentState;
  readonly #now: number;
  /** As it will be. */
  #deployment: Deployment;
  #status: DeploymentStatus;
  #newSet: ReplicaSet | undefined;
  #oldSets: ReplicaSet[];
  #create: SetWrite | undefined;
  readonly #updates = new Map<string, SetWrite>();
  #remove: ReplicaSet[] = [];
  #rollback: Deployment | undefined;
  readonly #events: PlannedEvent[] = [];
  #requeueAfter: number | undefined;

  constructor(state: DeploymentState, now: number) {
    this.#state = state;
    this.#now = now;
    this.#deployment = state.deployment;
    this.#status = state.deployment.status ?? {};
    this.#newSet = findNewSet(state.deployment, state.sets);
    this.#oldSets = state.sets.filter((s) => s !== this.#newSet);
  }

  plan(): DeploymentPlan {
    const { spec, metadata } = this.#deployment;
    if (metadata?.deletionTimestamp !== undefined) {
      this.#refreshNewSet();
      this.#count();
      return this.#done();
    }
    this.#notePause();
    const target = spec?.paused === true ? undefined : rollbackTarget(this.#deployment);
    if (target !== undefined) this.#rollBack(target);
    else if (spec?.paused === true || this.#isScaling()) this.#sync();
    else if (isRolling(this.#deployment)) this.#roll();
    else this.#recreate();
    return this.#done();
  }

  #done(): DeploymentPlan {
    const { deployment } = this.#state;
    const changed = !sameStatus(deployment.status, this.#status) || this.#deployment !== deployment;
    return {
      create: this.#create,
      update: [...this.#updates.values()],
      remove: this.#remove,
      status: changed && this.#rollback === undefined ? { ...this.#deployment, status: this.#status } : undefined,
      rollback: this.#rollback,
      events: this.#events,
      requeueAfter: this.#requeueAfter,
    };
  }

  get #sets(): ReplicaSet[] {
    return this.#newSet === undefined ? this.#oldSets : [...this.#oldSets, this.#newSet];
  }

  get #view(): Deployment {
    return { ...this.#deployment, status: this.#status };
  }

  #count(): void {
    this.#status = countStatus(this.#view, this.#sets, this.#newSet, this.#now);
  }

  #finishRollout(): void {
    const before = this.#state.deployment.status;
    this.#status = rolloutStatus(this.#view, this.#sets, this.#newSet, this.#now);
    if (sameStatus(before, this.#status)) this.#requeueAfter = deadlineCheck(this.#deployment, this.#status, this.#now);
  }

  /** Says in Progressing that the clock of the deadline stands still, and that it runs again. */
  #notePause(): void {
    if (!hasProgressDeadline(this.#deployment)) return;
    const condition = findCondition(this.#status, "Progressing");
    if (condition?.reason === "ProgressDeadlineExceeded") return;
    const noted = condition?.reason === "DeploymentPaused";
    const paused = this.#deployment.spec?.paused === true;
    if (paused && !noted) {
      this.#status = withCondition(
        this.#status,
        newCondition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", this.#now),
      );
    } else if (!paused && noted) {
      this.#status = withCondition(
        this.#status,
        newCondition("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed", this.#now),
      );
    }
  }

  /** The present new set gets the revision after all others, and the deployment that revision. */
  #refreshNewSet(): void {
    const set = this.#newSet;
    if (set === undefined) return;
    const present = set.metadata?.annotations ?? {};
    const annotations = newSetAnnotations(this.#deployment, present, maxRevision(this.#oldSets) + 1n, true);
    const minReadySeconds = this.#deployment.spec?.minReadySeconds;
    const readinessChanged = (set.spec?.minReadySeconds ?? 0) !== (minReadySeconds ?? 0);
    if (annotations !== present || readinessChanged) {
      const { minReadySeconds: _old, ...spec } = set.spec ?? { selector: {} };
      this.#write({
        ...set,
        metadata: { ...set.metadata, annotations },
        spec: minReadySeconds === undefined || minReadySeconds === 0 ? spec : { ...spec, minReadySeconds },
      });
    }
    this.#noteRevision(annotations[revisionAnnotation] ?? "");
    if (hasProgressDeadline(this.#deployment) && findCondition(this.#status, "Progressing") === undefined) {
      const message = `Found new replica set "${set.metadata?.name ?? ""}"`;
      this.#status = withCondition(this.#status, newCondition("Progressing", "True", "FoundNewReplicaSet", message, this.#now));
    }
  }

  #ensureNewSet(): void {
    if (this.#newSet !== undefined) {
      this.#refreshNewSet();
      return;
    }
    const revision = maxRevision(this.#oldSets) + 1n;
    const empty = newSet(this.#deployment);
    const size = newSetSize(this.#deployment, [...this.#oldSets, empty], empty);
    const annotations = newSetAnnotations(this.#deployment, {}, revision, false);
    const set: ReplicaSet = {
      ...empty,
      metadata: { ...empty.metadata, annotations },
      spec: { ...empty.spec, replicas: size, selector: empty.spec?.selector ?? {} },
    };
    const name = set.metadata?.name ?? "";
    this.#create = {
      set,
      events: size > 0 ? [{ type: "Normal", reason: "ScalingReplicaSet", message: `Scaled up replica set ${name} from 0 to ${size}` }] : [],
    };
    this.#newSet = set;
    this.#noteRevision(String(revision));
    if (hasProgressDeadline(this.#deployment)) {
      const message = `Created new replica set "${name}"`;
      this.#status = withCondition(this.#status, newCondition("Progressing", "True", "NewReplicaSetCreated", message, this.#now));
    }
  }

  #noteRevision(revision: string): void {
    const { metadata } = this.#deployment;
    if ((metadata?.annotations?.[revisionAnnotation] ?? "") === revision) return;
    this.#deployment = {
      ...this.#deployment,
      metadata: { ...metadata, annotations: { ...metadata?.annotations, [revisionAnnotation]: revision } },
    };
  }

  /** Somebody changed `spec.replicas` since the active sets were last scaled. */
  #isScaling(): boolean {
    return this.#sets.some((set) => {
      const desired = replicasOf(set) > 0 ? intAnnotation(set, desiredReplicasAnnotation) : undefined;
      return desired !== undefined && desired !== replicasOf(this.#deployment);
    });
  }

  #sync(): void {
    this.#refreshNewSet();
    this.#scale();
    if (this.#deployment.spec?.paused === true && rollbackTarget(this.#deployment) === undefined) this.#cleanUp();
    this.#count();
  }

  #scale(): void {
    const desired = replicasOf(this.#deployment);
    const only = this.#activeOrLatest();
    if (only !== undefined) {
      if (replicasOf(only) !== desired) this.#scaleSet(only, desired, false);
      return;
    }
    if (this.#newSet !== undefined && this.#isSaturated(this.#newSet)) {
      for (const set of this.#oldSets) if (replicasOf(set) > 0) this.#scaleSet(set, 0, false);
      return;
    }
    if (isRolling(this.#deployment)) this.#scaleInProportion();
  }

  #scaleInProportion(): void {
    const desired = replicasOf(this.#deployment);
    const active = this.#sets.filter((s) => replicasOf(s) > 0);
    const allowed = desired > 0 ? desired + maxSurge(this.#deployment) : 0;
    const toAdd = allowed - totalReplicas(active);
    const sign = toAdd > 0 ? -1 : 1;
    // The largest set first: newer before older when growing, older before newer when shrinking.
    if (toAdd !== 0) active.sort((a, b) => replicasOf(b) - replicasOf(a) || sign * byCreation(a, b));
    let added = 0;
    const sizes = active.map((set) => {
      const share = toAdd === 0 ? 0 : proportion(set, this.#view, toAdd, added);
      added += share;
      return replicasOf(set) + share;
    });
    active.forEach((set, i) => {
      let size = sizes[i] ?? 0;
      // What rounding left over goes to the first.
      if (i === 0 && toAdd !== 0) size = Math.max(0, size + toAdd - added);
      this.#scaleSet(set, size, true);
    });
  }

  /** The only set with replicas, or the newest when none has any; undefined when several have. */
  #activeOrLatest(): ReplicaSet | undefined {
    const active = this.#sets.filter((s) => replicasOf(s) > 0);
    if (active.length > 1) return undefined;
    return active[0] ?? this.#newSet ?? [...this.#oldSets].sort(byCreation).at(-1);
  }

  /** The new set has everything that is asked for, and all of it is available. */
  #isSaturated(set: ReplicaSet): boolean {
    const desired = replicasOf(this.#deployment);
    return (
      replicasOf(set) === desired &&
      intAnnotation(set, desiredReplicasAnnotation) === desired &&
      (set.status?.availableReplicas ?? 0) === desired
    );
  }

  /** True when the size changes. */
  #scaleSet(set: ReplicaSet, size: number, force: boolean): boolean {
    const old = replicasOf(set);
    if (!force && old === size) return false;
    const present = set.metadata?.annotations ?? {};
    const annotations = withReplicaAnnotations(this.#deployment, present);
    if (old === size && annotations === present) return false;
    const direction = old < size ? "up" : "down";
    this.#write(
      {
        ...set,
        metadata: { ...set.metadata, annotations },
        spec: { ...set.spec, replicas: size, selector: set.spec?.selector ?? {} },
      },
      old === size
        ? undefined
        : {
            type: "Normal",
            reason: "ScalingReplicaSet",
            message: `Scaled ${direction} replica set ${set.metadata?.name ?? ""} from ${old} to ${size}`,
          },
    );
    return old !== size;
  }

  /** Puts the changed set in the place of the old one; two changes of one set are one write. */
  #write(set: ReplicaSet, event?: PlannedEvent): void {
    const name = set.metadata?.name ?? "";
    if (this.#newSet?.metadata?.name === name) this.#newSet = set;
    else this.#oldSets = this.#oldSets.map((s) => (s.metadata?.name === name ? set : s));
    const events = event === undefined ? [] : [event];
    if (this.#create?.set.metadata?.name === name) this.#create = { set, events: [...this.#create.events, ...events] };
    else this.#updates.set(name, { set, events: [...(this.#updates.get(name)?.events ?? []), ...events] });
  }

  #roll(): void {
    this.#ensureNewSet();
    const scaled = this.#growNewSet() || this.#shrinkOldSets();
    if (!scaled && isComplete(this.#deployment, this.#status)) this.#cleanUp();
    this.#finishRollout();
  }

  #growNewSet(): boolean {
    const set = this.#newSet;
    if (set === undefined || replicasOf(set) === replicasOf(this.#deployment)) return false;
    if (replicasOf(set) > replicasOf(this.#deployment)) return this.#scaleSet(set, replicasOf(this.#deployment), false);
    return this.#scaleSet(set, newSetSize(this.#deployment, this.#sets, set), false);
  }

  #shrinkOldSets(): boolean {
    const newSet = this.#newSet;
    if (newSet === undefined || totalReplicas(this.#oldSets) === 0) return false;
    const minimum = replicasOf(this.#deployment) - maxUnavailable(this.#deployment);
    const pending = replicasOf(newSet) - (newSet.status?.availableReplicas ?? 0);
    const most = totalReplicas(this.#sets) - minimum - pending;
    if (most <= 0) return false;
    const unhealthy = this.#shrinkBy(most, (set) => replicasOf(set) - (set.status?.availableReplicas ?? 0));
    const available = totalAvailable(this.#sets);
    const healthy = available <= minimum ? 0 : this.#shrinkBy(available - minimum, replicasOf);
    return unhealthy + healthy > 0;
  }

  /** Takes up to `most` replicas from the old sets, oldest first, as many as `spare` says of each. */
  #shrinkBy(most: number, spare: (set: ReplicaSet) => number): number {
    let taken = 0;
    for (const set of [...this.#oldSets].sort(byCreation)) {
      if (taken >= most) break;
      const count = Math.min(most - taken, spare(set));
      if (replicasOf(set) === 0 || count <= 0) continue;
      this.#scaleSet(set, replicasOf(set) - count, false);
      taken += count;
    }
    return taken;
  }

  #recreate(): void {
    this.#refreshNewSet();
    let scaled = false;
    for (const set of this.#oldSets) if (replicasOf(set) > 0) scaled = this.#scaleSet(set, 0, false) || scaled;
    if (!scaled && !this.#oldPodsRun()) {
      this.#ensureNewSet();
      if (this.#newSet !== undefined) this.#scaleSet(this.#newSet, replicasOf(this.#deployment), false);
      if (isComplete(this.#deployment, this.#status)) this.#cleanUp();
    }
    this.#finishRollout();
  }

  #oldPodsRun(): boolean {
    return this.#oldSets.some(
      (set) =>
        (set.status?.replicas ?? 0) > 0 ||
        this.#state.podsOf(set).some((p) => p.status?.phase !== "Failed" && p.status?.phase !== "Succeeded"),
    );
  }

  /** Old sets beyond the history limit go, lowest revision first, once nothing is left in them. */
  #cleanUp(): void {
    const limit = this.#deployment.spec?.revisionHistoryLimit;
    if (limit === undefined || limit === 0x7fffffff) return;
    const old = this.#oldSets.filter((s) => s.metadata?.deletionTimestamp === undefined);
    this.#remove = [...old]
      .sort(byRevision)
      .slice(0, Math.max(0, old.length - limit))
      .filter(
        (s) =>
          (s.status?.replicas ?? 0) === 0 && replicasOf(s) === 0 && (s.metadata?.generation ?? 0) <= (s.status?.observedGeneration ?? 0),
      );
  }

  #rollBack(target: bigint): void {
    this.#ensureNewSet();
    const revision = target === 0n ? lastRevision(this.#sets) : target;
    const set = revision === 0n ? undefined : this.#sets.find((s) => revisionOf(s) === revision);
    const name = this.#deployment.metadata?.name ?? "";
    if (set === undefined) {
      const message = target === 0n && revision === 0n ? "Unable to find last revision." : "Unable to find the revision to rollback to.";
      this.#events.push({ type: "Warning", reason: "DeploymentRollbackRevisionNotFound", message });
      this.#rollback = withoutRollback(this.#deployment);
    } else if (sameTemplate(this.#deployment.spec?.template, set.spec?.template)) {
      const message = `The rollback revision contains the same template as current deployment "${name}"`;
      this.#events.push({ type: "Warning", reason: "DeploymentRollbackTemplateUnchanged", message });
      this.#rollback = withoutRollback(this.#deployment);
    } else {
      this.#events.push({
        type: "Normal",
        reason: "DeploymentRollback",
        message: `Rolled back deployment "${name}" to revision ${revision}`,
      });
      const rolled = withTemplate(this.#deployment, set);
      this.#rollback = { ...rolled, metadata: { ...rolled.metadata, annotations: rollbackAnnotations(this.#deployment, set) } };
    }
  }
}
