/**
 * What simulated nodes do, as data: stages with a selector, a delay and what comes next. The first stage of the list that
 * selects a pod is the one it is in; after the delay its `next` is written, and the list is asked again.
 */

export interface StageExpression {
  /**
   * A path into the pod: `.metadata.deletionTimestamp`. `[]` means every item of a list, `[Ready]` the item whose `type`
   * or `name` is that.
   */
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values?: readonly string[];
}

export interface StageDelay {
  /** Milliseconds. */
  readonly duration: number;
  /** Up to this many milliseconds more, by chance. */
  readonly jitter?: number;
  /** A path to a number of seconds (the largest, when it leads to several) that is added. */
  readonly addSeconds?: string;
  /** A path to a number of seconds that the whole delay does not exceed. */
  readonly atMostSeconds?: string;
}

/** What the pod's status becomes. */
export type StageStatus =
  /** Bound and accepted; containers are waiting. */
  | "Creating"
  /** One more init container has finished. */
  | "Initializing"
  /** All containers run; those with a readiness or startup probe are not ready yet. */
  | "Running"
  /** All containers are ready. */
  | "Ready"
  | "Succeeded"
  | "Failed";

export interface Stage {
  readonly name: string;
  /** All must hold. */
  readonly selector: readonly StageExpression[];
  readonly delay: StageDelay;
  readonly next: {
    readonly status?: StageStatus;
    /** The pod is removed, its status having been written. */
    readonly delete?: boolean;
  };
}

/** Pods start within a moment, those of Jobs succeed after a second, and a deletion is quick however long its grace. */
export const podStages: readonly Stage[] = [
  {
    name: "delete",
    selector: [{ key: ".metadata.deletionTimestamp", operator: "Exists" }],
    delay: { duration: 100, jitter: 200, atMostSeconds: ".metadata.deletionGracePeriodSeconds" },
    next: { status: "Succeeded", delete: true },
  },
  {
    name: "create",
    selector: [{ key: ".status.startTime", operator: "DoesNotExist" }],
    delay: { duration: 0 },
    next: { status: "Creating" },
  },
  {
    name: "initialize",
    selector: [
      { key: ".status.phase", operator: "In", values: ["Pending"] },
      { key: ".spec.initContainers", operator: "Exists" },
      { key: ".status.conditions[Initialized].status", operator: "NotIn", values: ["True"] },
    ],
    delay: { duration: 100, jitter: 200 },
    next: { status: "Initializing" },
  },
  {
    name: "start",
    selector: [{ key: ".status.phase", operator: "In", values: ["Pending"] }],
    delay: { duration: 100, jitter: 200 },
    next: { status: "Running" },
  },
  {
    name: "complete",
    selector: [
      { key: ".status.phase", operator: "In", values: ["Running"] },
      { key: ".metadata.ownerReferences[].kind", operator: "In", values: ["Job"] },
    ],
    delay: { duration: 1000, jitter: 500 },
    next: { status: "Succeeded" },
  },
  {
    name: "ready",
    selector: [
      { key: ".status.phase", operator: "In", values: ["Running"] },
      { key: ".status.conditions[ContainersReady].status", operator: "NotIn", values: ["True"] },
    ],
    delay: { duration: 100, addSeconds: ".spec.containers[].readinessProbe.initialDelaySeconds" },
    next: { status: "Ready" },
  },
  {
    name: "readiness-gates",
    selector: [
      { key: ".status.phase", operator: "In", values: ["Running"] },
      { key: ".spec.readinessGates", operator: "Exists" },
    ],
    delay: { duration: 0 },
    next: { status: "Ready" },
  },
];

type Step = { readonly field: string } | { readonly item: string };

/** Paths are few and asked for with every change of a pod: each is taken apart once. */
const parsed = new Map<string, readonly Step[]>();

function stepsOf(path: string): readonly Step[] {
  let steps = parsed.get(path);
  if (steps === undefined) {
    steps = [...path.matchAll(/\.([A-Za-z0-9_-]+)|\[([^\]]*)\]/g)].map(([, field, item]) =>
      field === undefined ? { item: item ?? "" } : { field },
    );
    parsed.set(path, steps);
  }
  return steps;
}

/** The values that a path leads to. */
export function valuesAt(object: unknown, path: string): unknown[] {
  let values: unknown[] = [object];
  for (const step of stepsOf(path)) {
    const next: unknown[] = [];
    for (const value of values) {
      if ("field" in step) {
        const child = isMap(value) && Object.hasOwn(value, step.field) ? value[step.field] : undefined;
        if (child !== undefined && child !== null) next.push(child);
      } else if (Array.isArray(value)) {
        for (const x of value as unknown[])
          if (step.item === "" || (isMap(x) && (x["type"] === step.item || x["name"] === step.item))) next.push(x);
      }
    }
    values = next;
  }
  return values;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function holds(object: unknown, { key, operator, values = [] }: StageExpression): boolean {
  const found = valuesAt(object, key);
  const hit = (): boolean => found.some((v) => values.includes(String(v)));
  switch (operator) {
    case "Exists":
      return found.length > 0;
    case "DoesNotExist":
      return found.length === 0;
    case "In":
      return hit();
    case "NotIn":
      return !hit();
  }
}

/** The stage that `object` is in; undefined: it stays as it is. */
export function stageOf(object: unknown, stages: readonly Stage[]): Stage | undefined {
  return stages.find((stage) => stage.selector.every((e) => holds(object, e)));
}

/** Milliseconds; `random` answers in [0, 1). */
export function delayOf(object: unknown, { duration, jitter = 0, addSeconds, atMostSeconds }: StageDelay, random: () => number): number {
  const seconds = (path: string | undefined): number[] =>
    path === undefined
      ? []
      : valuesAt(object, path)
          .map(Number)
          .filter((n) => Number.isFinite(n));
  const added = Math.max(0, ...seconds(addSeconds)) * 1000;
  const delay = duration + Math.floor(random() * jitter) + added;
  return Math.min(delay, ...seconds(atMostSeconds).map((s) => s * 1000));
}
