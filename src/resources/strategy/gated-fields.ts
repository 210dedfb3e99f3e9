/**
 * Fields behind feature gates. What `kinds/` does is what the gates of v1.36 say by default: fields whose gate is off are
 * dropped on writes unless they are in use already. Here is what changes where gates are set otherwise. Source: upstream's
 * `dropDisabledFields` of each kind.
 */
import type { Strategy } from "../../apiserver/resource.ts";
import type { FeatureGates } from "../../core/feature-gates.ts";
import type { UnstructuredObject } from "../../schema/object.ts";

/** `[]` is each item of a list. */
interface GatedField {
  readonly gate: string;
  /** `group/resource`; absent: wherever there is a pod's spec, below it. */
  readonly of?: string;
  readonly path: string;
}

/** Off by default. */
const alphaFields: readonly GatedField[] = [
  { gate: "GenericWorkload", path: "schedulingGroup" },
  { gate: "ContainerStopSignals", path: "containers[].lifecycle.stopSignal" },
  { gate: "ContainerStopSignals", path: "initContainers[].lifecycle.stopSignal" },
  { gate: "ClusterTrustBundleProjection", path: "volumes[].projected.sources[].clusterTrustBundle" },
  { gate: "PodCertificateRequest", path: "volumes[].projected.sources[].podCertificate" },
  { gate: "MaxUnavailableStatefulSet", of: "apps/statefulsets", path: "spec.updateStrategy.rollingUpdate.maxUnavailable" },
  { gate: "CrossNamespaceVolumeDataSource", of: "/persistentvolumeclaims", path: "spec.dataSourceRef" },
  { gate: "TopologyAwareWorkloadScheduling", of: "scheduling.k8s.io/podgroups", path: "spec.schedulingConstraints" },
  { gate: "TopologyAwareWorkloadScheduling", of: "scheduling.k8s.io/workloads", path: "spec.podGroupTemplates[].schedulingConstraints" },
  { gate: "DRAWorkloadResourceClaims", of: "scheduling.k8s.io/podgroups", path: "spec.resourceClaims" },
  { gate: "DRAWorkloadResourceClaims", of: "scheduling.k8s.io/workloads", path: "spec.podGroupTemplates[].resourceClaims" },
  { gate: "WorkloadAwarePreemption", of: "scheduling.k8s.io/podgroups", path: "spec.disruptionMode" },
  { gate: "WorkloadAwarePreemption", of: "scheduling.k8s.io/workloads", path: "spec.podGroupTemplates[].disruptionMode" },
  { gate: "WorkloadAwarePreemption", of: "scheduling.k8s.io/podgroups", path: "spec.priorityClassName" },
  { gate: "WorkloadAwarePreemption", of: "scheduling.k8s.io/workloads", path: "spec.podGroupTemplates[].priorityClassName" },
  { gate: "WorkloadAwarePreemption", of: "scheduling.k8s.io/podgroups", path: "spec.priority" },
  { gate: "WorkloadAwarePreemption", of: "scheduling.k8s.io/workloads", path: "spec.podGroupTemplates[].priority" },
];

/** On by default. */
const betaFields: readonly GatedField[] = [
  { gate: "PodLevelResources", path: "resources" },
  { gate: "HostnameOverride", path: "hostnameOverride" },
  { gate: "ContainerRestartRules", path: "containers[].restartPolicy" },
  { gate: "ContainerRestartRules", path: "containers[].restartPolicyRules" },
  { gate: "ContainerRestartRules", path: "initContainers[].restartPolicyRules" },
  { gate: "EnvFiles", path: "containers[].env[].valueFrom.fileKeyRef" },
  { gate: "EnvFiles", path: "initContainers[].env[].valueFrom.fileKeyRef" },
  { gate: "MatchLabelKeysInPodTopologySpread", path: "topologySpreadConstraints[].matchLabelKeys" },
  { gate: "DynamicResourceAllocation", path: "resourceClaims" },
  { gate: "DynamicResourceAllocation", path: "containers[].resources.claims" },
  { gate: "DynamicResourceAllocation", path: "initContainers[].resources.claims" },
  { gate: "HPAConfigurableTolerance", of: "autoscaling/horizontalpodautoscalers", path: "spec.behavior.scaleUp.tolerance" },
  { gate: "HPAConfigurableTolerance", of: "autoscaling/horizontalpodautoscalers", path: "spec.behavior.scaleDown.tolerance" },
  { gate: "DRAConsumableCapacity", of: "resource.k8s.io/resourceclaims", path: "spec.devices.requests[].exactly.capacity" },
  { gate: "DRADeviceTaints", of: "resource.k8s.io/resourceclaims", path: "spec.devices.requests[].exactly.tolerations" },
  { gate: "DRAPartitionableDevices", of: "resource.k8s.io/resourceslices", path: "spec.sharedCounters" },
  { gate: "DRAPartitionableDevices", of: "resource.k8s.io/resourceslices", path: "spec.devices[].consumesCounters" },
  { gate: "DRADeviceTaints", of: "resource.k8s.io/resourceslices", path: "spec.devices[].taints" },
];

/** Where each resource has the spec of a pod. */
const podSpecs: Readonly<Record<string, string>> = {
  "/pods": "spec",
  "/podtemplates": "template.spec",
  "/replicationcontrollers": "spec.template.spec",
  "apps/daemonsets": "spec.template.spec",
  "apps/deployments": "spec.template.spec",
  "apps/replicasets": "spec.template.spec",
  "apps/statefulsets": "spec.template.spec",
  "batch/jobs": "spec.template.spec",
  "batch/cronjobs": "spec.jobTemplate.spec.template.spec",
};

type Fields = Record<string, unknown>;

/** The objects that have the last field of a path, and that field's name. */
function holders(object: Fields, path: string): { readonly holder: Fields; readonly field: string }[] {
  const steps = path.split(".");
  const field = steps.pop() as string;
  let found: Fields[] = [object];
  for (const step of steps) {
    const each = step.endsWith("[]");
    const name = each ? step.slice(0, -2) : step;
    found = found.flatMap((holder) => {
      const value = Object.hasOwn(holder, name) ? holder[name] : undefined;
      const items: unknown[] = each && Array.isArray(value) ? (value as unknown[]) : each ? [] : [value];
      return items.filter((item): item is Fields => typeof item === "object" && item !== null && !Array.isArray(item));
    });
  }
  return found.filter((holder) => Object.hasOwn(holder, field)).map((holder) => ({ holder, field }));
}

/** The paths of one resource whose gates are not as they are by default. */
function pathsOf(key: string, fields: readonly GatedField[], changed: (gate: string) => boolean): { gate: string; path: string }[] {
  return fields.flatMap(({ gate, of, path }) => {
    if (!changed(gate)) return [];
    if (of !== undefined) return of === key ? [{ gate, path }] : [];
    const spec = podSpecs[key];
    return spec === undefined ? [] : [{ gate, path: `${spec}.${path}` }];
  });
}

/** The strategy of `group/resource` under these gates; the same one where they change nothing about it. */
export function gatedStrategy(strategy: Strategy, key: string, features: FeatureGates | undefined): Strategy {
  if (features === undefined || features.given.size === 0) return strategy;
  const on = pathsOf(key, alphaFields, (gate) => features.enabled(gate));
  const off = pathsOf(key, betaFields, (gate) => !features.enabled(gate));
  if (on.length === 0 && off.length === 0) return strategy;
  const prepare = (object: UnstructuredObject, old: UnstructuredObject | undefined, own: () => void): void => {
    const kept = on.flatMap(({ path }) => holders(object, path).map(({ holder, field }) => ({ holder, field, value: holder[field] })));
    own();
    for (const { holder, field, value } of kept) holder[field] = value;
    for (const { path } of off) {
      if (old !== undefined && holders(old, path).length > 0) continue;
      for (const { holder, field } of holders(object, path)) delete holder[field];
    }
  };
  return {
    ...strategy,
    prepareForCreate: (context, object) => prepare(object, undefined, () => strategy.prepareForCreate?.(context, object)),
    prepareForUpdate: (context, object, old) => prepare(object, old, () => strategy.prepareForUpdate?.(context, object, old)),
  };
}
