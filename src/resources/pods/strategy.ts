/** What a pod is to the API server: how it starts, what an update leaves alone, how long it takes to go. */
import type { Strategy } from "../../apiserver/resource.ts";
import type { Kind } from "../../kinds/kind.ts";
import type { UnstructuredObject } from "../../schema/object.ts";
import type { Container, Pod, PodCondition } from "../../schema/types/core-v1.ts";
import type { DeleteOptions } from "../../schema/types/meta-v1.ts";
import type { SubresourceMaker } from "../special.ts";
import { strategyOf } from "../strategy/from-kind.ts";

export function podStrategy(base: Strategy): Strategy {
  return { ...base, checkGracefulDelete: (_context, object, options) => gracePeriod(object as unknown as Pod, options) };
}

/**
 * The client's wish, else the pod's own period; nothing to wait for where no kubelet is or all containers are done. Always
 * true: a pod whose period is 0 goes at once through the same door.
 */
function gracePeriod(pod: Pod, options: DeleteOptions): boolean {
  let seconds = options.gracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? 0;
  const phase = pod.status?.phase;
  if (!pod.spec?.nodeName || phase === "Failed" || phase === "Succeeded") seconds = 0;
  options.gracePeriodSeconds = seconds < 0 ? 1 : seconds;
  return true;
}

export function podStatusStrategy(base: Strategy, kind: Kind | undefined): Strategy {
  if (kind?.prepareForStatusUpdate !== undefined) return base;
  return {
    ...base,
    prepareForUpdate: (context, object, old) => {
      base.prepareForUpdate?.(context, object, old);
      const pod = object as unknown as Pod;
      const before = old as unknown as Pod;
      if (pod.metadata !== undefined) pod.metadata.ownerReferences = before.metadata?.ownerReferences;
      if (pod.status !== undefined && !pod.status.qosClass) pod.status.qosClass = before.status?.qosClass;
      keepObservedGenerations(pod, before);
    },
  };
}

/** A client that knows nothing of observedGeneration does not clear it. */
function keepObservedGenerations(pod: Pod, before: Pod): void {
  if (pod.status === undefined) return;
  if (!pod.status.observedGeneration && before.status?.observedGeneration) pod.status.observedGeneration = before.status.observedGeneration;
  const known = new Map<string, PodCondition[]>();
  for (const c of before.status?.conditions ?? []) known.set(c.type, [...(known.get(c.type) ?? []), c]);
  for (const c of pod.status.conditions ?? []) {
    const generation = known.get(c.type)?.shift()?.observedGeneration;
    if (!c.observedGeneration && generation) c.observedGeneration = generation;
  }
}

/** `pods/ephemeralcontainers`: a PUT or PATCH of the pod that may change `spec.ephemeralContainers` alone. */
export const ephemeralContainers: SubresourceMaker = (served, kind, traits) => ({
  type: "object",
  verbs: served.verbs,
  strategy: {
    ...strategyOf(kind, traits),
    prepareForUpdate: (_context, object, old) => {
      const wished = (object as unknown as Pod).spec?.ephemeralContainers;
      restore(object, old);
      const pod = object as unknown as Pod;
      const spec = { ...(old as unknown as Pod).spec, ephemeralContainers: wished } as NonNullable<Pod["spec"]>;
      if (wished === undefined) delete spec.ephemeralContainers;
      pod.spec = spec;
      countGeneration(pod, old as unknown as Pod);
    },
    generation: false,
  },
});

/** `pods/resize` (KEP-1287): resources and resize policies of the containers that are there already. */
export const resize: SubresourceMaker = (served, kind, traits) => ({
  type: "object",
  verbs: served.verbs,
  strategy: {
    ...strategyOf(kind, traits),
    prepareForUpdate: (_context, object, old) => {
      const wished = (object as unknown as Pod).spec;
      const spec = (old as unknown as Pod).spec;
      if (wished === undefined || spec === undefined) return;
      const containers = resized(wished.containers, spec.containers);
      const initContainers = resized(wished.initContainers, spec.initContainers);
      if (containers === undefined || initContainers === undefined) return;
      restore(object, old);
      const pod = object as unknown as Pod;
      pod.spec = { ...spec, containers };
      if (wished.resources !== undefined) pod.spec.resources = wished.resources;
      if (spec.initContainers !== undefined) pod.spec.initContainers = initContainers;
      countGeneration(pod, old as unknown as Pod);
    },
    generation: false,
  },
});

/** The old containers with the wished resources; undefined when containers were added, removed or renamed: validation says so. */
function resized(wished: readonly Container[] | undefined, old: readonly Container[] | undefined): Container[] | undefined {
  const now = wished ?? [];
  const before = old ?? [];
  if (now.length !== before.length || now.some((c, i) => c.name !== before[i]?.name)) return undefined;
  return before.map((c, i) => {
    const next: Container = { ...c };
    if (now[i]?.resources === undefined) delete next.resources;
    else next.resources = now[i].resources;
    if (now[i]?.resizePolicy === undefined) delete next.resizePolicy;
    else next.resizePolicy = now[i].resizePolicy;
    return next;
  });
}

/** Status and metadata as they were; labels and the like are not these subresources' business. */
function restore(object: UnstructuredObject, old: UnstructuredObject): void {
  if (old["status"] === undefined) delete object["status"];
  else object["status"] = old["status"];
  const managed = object.metadata?.managedFields;
  object.metadata = { ...old.metadata, ...(managed === undefined ? {} : { managedFields: managed }) };
}

function countGeneration(pod: Pod, old: Pod): void {
  if (JSON.stringify(pod.spec) === JSON.stringify(old.spec)) return;
  pod.metadata = { ...pod.metadata, generation: (old.metadata?.generation ?? 0) + 1 };
}
