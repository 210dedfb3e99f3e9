/**
 * What validation lets pass because an object stored earlier holds it already (upstream's ratcheting), and what differs
 * between pods and templates.
 */
import type { Container, PodSpec } from "../../schema/types/core-v1.ts";
import type { LabelSelector, ObjectMeta } from "../../schema/types/meta-v1.ts";
import type { FieldError } from "../../schema/field-error.ts";
import { rootPath } from "../../schema/field-error.ts";
import { labelValue } from "../../core/names.ts";
import { validateLabelSelector } from "../object-meta.ts";
import { isDivisibleByPageSize, isHugePages } from "../resource-names.ts";
import { isSidecar, visitContainers } from "./containers.ts";
import { hostSysctlError } from "./sysctl-namespaces.ts";
import { validateLocalNonReservedPath } from "./validation-paths.ts";
import { validateLabelKeys } from "./validation-label-keys.ts";

export interface PodValidationOptions {
  /** It is a pod, not the template of one. */
  readonly isPod: boolean;
  readonly allowInvalidPodDeletionCost: boolean;
  readonly allowInvalidLabelValueInSelector: boolean;
  readonly allowInvalidLabelValueInRequiredNodeAffinity: boolean;
  readonly allowInvalidTopologySpreadSelector: boolean;
  readonly allowIndivisibleHugePages: boolean;
  readonly allowNonLocalTokenPath: boolean;
  readonly allowHostSysctls: boolean;
  readonly allowMountOptionSelinuxPolicy: boolean;
  readonly allowBlockDevicesInUserNamespaces: boolean;
  readonly allowHostNetworkInUserNamespaces: boolean;
  readonly allowComparingTolerations: boolean;
  readonly allowRestartOnResizeOfInitContainers: boolean;
  /** The old pod breaks the rule for merged label keys: check by the older rule. */
  readonly legacyMatchLabelKeys: boolean;
}

const strictPod: PodValidationOptions = Object.freeze({
  isPod: true,
  allowInvalidPodDeletionCost: false,
  allowInvalidLabelValueInSelector: false,
  allowInvalidLabelValueInRequiredNodeAffinity: false,
  allowInvalidTopologySpreadSelector: false,
  allowIndivisibleHugePages: false,
  allowNonLocalTokenPath: false,
  allowHostSysctls: false,
  allowMountOptionSelinuxPolicy: false,
  allowBlockDevicesInUserNamespaces: false,
  allowHostNetworkInUserNamespaces: false,
  allowComparingTolerations: false,
  allowRestartOnResizeOfInitContainers: false,
  legacyMatchLabelKeys: false,
});
const strictTemplate: PodValidationOptions = Object.freeze({ ...strictPod, isPod: false });

/** The options for a new pod or template (`old` undefined), or for the successor of an old one. */
export function podValidationOptions(
  isPod: boolean,
  old?: { spec?: PodSpec | undefined; metadata?: ObjectMeta | undefined },
): PodValidationOptions {
  const strict = isPod ? strictPod : strictTemplate;
  const spec = old?.spec;
  if (!spec) return strict;
  const context = spec.securityContext;
  return {
    ...strict,
    allowInvalidPodDeletionCost: parseDeletionCost(old?.metadata?.annotations) === undefined,
    allowInvalidLabelValueInSelector: hasInvalidAffinitySelector(spec),
    allowInvalidLabelValueInRequiredNodeAffinity: hasInvalidNodeAffinityValue(spec),
    allowInvalidTopologySpreadSelector: spec.topologySpreadConstraints?.some((c) => isInvalidSelector(c.labelSelector)) ?? false,
    allowIndivisibleHugePages: hasIndivisibleHugePages(spec),
    allowNonLocalTokenPath: hasNonLocalTokenPath(spec),
    allowHostSysctls: context?.sysctls?.some((s) => hostSysctlError(s.name, spec, rootPath) !== undefined) ?? false,
    allowMountOptionSelinuxPolicy: context?.seLinuxChangePolicy !== undefined,
    allowBlockDevicesInUserNamespaces: spec.hostUsers === false && hasVolumeDevices(spec),
    allowHostNetworkInUserNamespaces: spec.hostUsers === false && spec.hostNetwork === true,
    allowComparingTolerations: spec.tolerations?.some((t) => t.operator === "Lt" || t.operator === "Gt") ?? false,
    allowRestartOnResizeOfInitContainers:
      spec.initContainers?.some((c: Container) => !isSidecar(c) && c.resizePolicy?.some((p) => p.restartPolicy === "RestartContainer")) ??
      false,
    legacyMatchLabelKeys: violatesLabelKeys(spec),
  };
}

const deletionCostRegex = /^(?:0|-\d+|[1-9]\d*)$/;

/** `controller.kubernetes.io/pod-deletion-cost`: which pod of a set goes first; 0 without, undefined when it is no number. */
export function parseDeletionCost(annotations: Readonly<Record<string, string>> | undefined): number | undefined {
  const text = annotations?.["controller.kubernetes.io/pod-deletion-cost"];
  if (text === undefined) return 0;
  if (!deletionCostRegex.test(text)) return undefined;
  const value = Number(text);
  return value >= -2147483648 && value <= 2147483647 ? value : undefined;
}

function isInvalidSelector(selector: LabelSelector | undefined): boolean {
  const errors: FieldError[] = [];
  validateLabelSelector(selector, rootPath, errors);
  return errors.length > 0;
}

function hasInvalidAffinitySelector(spec: PodSpec): boolean {
  for (const affinity of [spec.affinity?.podAffinity, spec.affinity?.podAntiAffinity]) {
    const terms = [
      ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((w) => w.podAffinityTerm),
    ];
    if (terms.some((t) => isInvalidSelector(t.labelSelector) || isInvalidSelector(t.namespaceSelector))) return true;
  }
  return false;
}

function hasInvalidNodeAffinityValue(spec: PodSpec): boolean {
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return terms.some((t) => t.matchExpressions?.some((e) => e.values?.some((v) => labelValue(v).length > 0)));
}

function hasIndivisibleHugePages(spec: PodSpec): boolean {
  let found = false;
  const look = (list: Readonly<Record<string, string>> | undefined): void => {
    for (const name in list) found ||= isHugePages(name) && !isDivisibleByPageSize(name, list[name] as string);
  };
  visitContainers(spec, (c) => {
    look(c.resources?.limits);
    look(c.resources?.requests);
  });
  look(spec.overhead);
  return found;
}

function hasNonLocalTokenPath(spec: PodSpec): boolean {
  const errors: FieldError[] = [];
  for (const volume of spec.volumes ?? []) {
    for (const source of volume.projected?.sources ?? []) {
      if (source.serviceAccountToken) validateLocalNonReservedPath(source.serviceAccountToken.path, rootPath, errors);
    }
  }
  return errors.length > 0;
}

function hasVolumeDevices(spec: PodSpec): boolean {
  let found = false;
  visitContainers(spec, (c) => {
    found ||= (c.volumeDevices?.length ?? 0) > 0;
  });
  return found;
}

function violatesLabelKeys(spec: PodSpec): boolean {
  const errors: FieldError[] = [];
  for (const c of spec.topologySpreadConstraints ?? []) validateLabelKeys(c, rootPath, errors);
  return errors.length > 0;
}
