/** What writes of a pod may change, by subresource (`pkg/registry/core/pod/strategy.go`). */
import type {
  Container,
  Pod,
  PodAffinityTerm,
  PodSpec,
  PodStatus,
  TopologySpreadConstraint,
  WeightedPodAffinityTerm,
} from "../../schema/types/core-v1.ts";
import type { LabelSelector } from "../../schema/types/meta-v1.ts";
import type { Kind } from "../kind.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { countGeneration, keepField, keepMetadata, startGeneration } from "../update-rules.ts";
import { dropDisabledPodFields, dropDisabledStatusFields } from "./disabled-fields.ts";
import { applyAppArmorAnnotations } from "./app-armor.ts";
import { computeQosClass } from "./qos.ts";
import { validateEphemeralContainersUpdate } from "./validation-ephemeral-update.ts";
import { validatePodResize } from "./validation-resize.ts";

type Writes = Pick<Kind<Pod>, "prepareForCreate" | "prepareForUpdate" | "prepareForStatusUpdate" | "subresources">;

export const podWrites: Writes = {
  prepareForCreate(pod): void {
    startGeneration(pod);
    pod.status = { phase: "Pending", qosClass: computeQosClass(pod) };
    if (!pod.spec) return;
    dropDisabledPodFields(pod.spec, undefined);
    if (pod.spec.schedulingGates?.length) {
      pod.status.conditions = [
        {
          type: "PodScheduled",
          status: "False",
          lastProbeTime: null as unknown as string,
          lastTransitionTime: pod.metadata?.creationTimestamp,
          reason: "SchedulingGated",
          message: "Scheduling is blocked due to non-empty scheduling gates",
        },
      ];
    }
    mergeLabelKeys(pod.spec, pod.metadata?.labels ?? {});
    applyAppArmorAnnotations(pod);
  },
  prepareForUpdate(pod, old): void {
    keepField(pod, old, "status");
    if (pod.spec) dropDisabledPodFields(pod.spec, old.spec);
    countGeneration(pod, old, !semanticEqual(pod.spec, old.spec));
  },
  prepareForStatusUpdate(pod, old): void {
    keepField(pod, old, "spec");
    if (pod.metadata) {
      delete pod.metadata.deletionTimestamp;
      keepField(pod.metadata, old.metadata ?? {}, "ownerReferences");
    }
    const status = (pod.status ??= {});
    dropDisabledStatusFields(status, old.status);
    if (!status.qosClass && old.status?.qosClass) status.qosClass = old.status.qosClass;
    keepObservedGeneration(status, old.status);
  },
  subresources: {
    ephemeralcontainers: {
      prepareForUpdate(pod, old): void {
        const wanted = pod.spec?.ephemeralContainers;
        keepAllBut(pod, old, wanted === undefined ? {} : { ephemeralContainers: wanted });
        if (pod.spec && wanted === undefined) delete pod.spec.ephemeralContainers;
        if (pod.spec) dropDisabledPodFields(pod.spec, old.spec);
        countGeneration(pod, old, !semanticEqual(pod.spec, old.spec));
      },
      validateUpdate: validateEphemeralContainersUpdate,
    },
    resize: {
      prepareForUpdate(pod, old): void {
        keepAllButResources(pod, old);
        if (pod.spec) dropDisabledPodFields(pod.spec, old.spec);
        countGeneration(pod, old, !semanticEqual(pod.spec, old.spec));
      },
      validateUpdate: validatePodResize,
    },
  },
};

function keepAllBut(pod: Pod, old: Pod, wanted: Partial<PodSpec>): void {
  pod.spec = { ...(old.spec ?? { containers: [] }), ...wanted };
  keepField(pod, old, "status");
  keepMetadata(pod, old);
}

/** A resize changes resources and resize policies; what else differs is put back, or refused when the lists do not match. */
function keepAllButResources(pod: Pod, old: Pod): void {
  const spec = pod.spec;
  const before = old.spec;
  if (!spec || !before) return;
  if (spec.containers.length !== before.containers.length) return;
  if ((spec.initContainers?.length ?? 0) !== (before.initContainers?.length ?? 0)) return;
  const wanted: Partial<PodSpec> = { containers: mergeResources(spec.containers, before.containers) };
  if (spec.initContainers) wanted.initContainers = mergeResources(spec.initContainers, before.initContainers ?? []);
  const resources = spec.resources;
  keepAllBut(pod, old, wanted);
  if (resources === undefined) delete pod.spec?.resources;
  else if (pod.spec) pod.spec.resources = resources;
}

function mergeResources(containers: Container[], old: Container[]): Container[] {
  if (containers.some((c, i) => c.name !== old[i]?.name)) return containers;
  return containers.map((container, i) => {
    const merged: Container = { ...(old[i] as Container) };
    keepField(merged, container, "resources");
    keepField(merged, container, "resizePolicy");
    return merged;
  });
}

/** A writer that does not know `observedGeneration` leaves what another one observed. */
function keepObservedGeneration(status: PodStatus, old: PodStatus | undefined): void {
  if (!status.observedGeneration && old?.observedGeneration) status.observedGeneration = old.observedGeneration;
  const known = new Map<string, number[]>();
  for (const condition of old?.conditions ?? []) {
    const list = known.get(condition.type) ?? [];
    list.push(condition.observedGeneration ?? 0);
    known.set(condition.type, list);
  }
  for (const condition of status.conditions ?? []) {
    const observed = known.get(condition.type)?.shift();
    if (!condition.observedGeneration && observed) condition.observedGeneration = observed;
  }
}

/** `matchLabelKeys` become requirements on the pod's own label values (KEP-3633, KEP-3243). */
function mergeLabelKeys(spec: PodSpec, labels: Readonly<Record<string, string>>): void {
  for (const affinity of [spec.affinity?.podAffinity, spec.affinity?.podAntiAffinity]) {
    affinity?.preferredDuringSchedulingIgnoredDuringExecution?.forEach((w: WeightedPodAffinityTerm) =>
      mergeTerm(w.podAffinityTerm, labels),
    );
    affinity?.requiredDuringSchedulingIgnoredDuringExecution?.forEach((t: PodAffinityTerm) => mergeTerm(t, labels));
  }
  spec.topologySpreadConstraints?.forEach((c: TopologySpreadConstraint) => {
    if (c.labelSelector) addRequirements(c.labelSelector, c.matchLabelKeys, "In", labels);
  });
}

function mergeTerm(term: PodAffinityTerm, labels: Readonly<Record<string, string>>): void {
  if (!term.labelSelector) return;
  addRequirements(term.labelSelector, term.matchLabelKeys, "In", labels);
  addRequirements(term.labelSelector, term.mismatchLabelKeys, "NotIn", labels);
}

function addRequirements(
  selector: LabelSelector,
  keys: readonly string[] | undefined,
  operator: string,
  labels: Readonly<Record<string, string>>,
): void {
  for (const key of keys ?? []) {
    const value = labels[key];
    if (value !== undefined) (selector.matchExpressions ??= []).push({ key, operator, values: [value] });
  }
}
