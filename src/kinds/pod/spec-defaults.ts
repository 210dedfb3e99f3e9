/** Defaults of a pod's spec, for pods and for the templates of everything that makes pods. */
import type { Container, PodSpec, PodTemplateSpec } from "../../schema/types/core-v1.ts";
import type { ObjectMeta } from "../../schema/types/meta-v1.ts";
import { roundResourceList } from "../resource-list.ts";
import { setContainerDefaults } from "./container-defaults.ts";
import { setVolumeDefaults } from "./volume-defaults.ts";

/** Fills in a spec's defaults, in place. */
export function setPodSpecDefaults(spec: PodSpec): void {
  if (!spec.dnsPolicy) spec.dnsPolicy = "ClusterFirst";
  if (!spec.restartPolicy) spec.restartPolicy = "Always";
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  if (!spec.schedulerName) spec.schedulerName = "default-scheduler";
  if (spec.volumes) for (const volume of spec.volumes) setVolumeDefaults(volume);
  if (spec.initContainers) for (const container of spec.initContainers) setContainerDefaults(container);
  for (const container of (spec.containers as Container[] | null | undefined) ?? []) setContainerDefaults(container);
  if (spec.ephemeralContainers) for (const container of spec.ephemeralContainers) setContainerDefaults(container);
  roundResourceList(spec.overhead);
  roundResourceList(spec.resources?.limits);
  roundResourceList(spec.resources?.requests);
  mirrorServiceAccount(spec);
}

/** Fills in a template's defaults, in place. */
export function setPodTemplateDefaults(template: PodTemplateSpec | undefined): void {
  if (!template) return;
  // Go's zero spec: the list of containers is null, which validation refuses.
  template.spec ??= { containers: [] };
  setPodSpecDefaults(template.spec);
  dropInitContainerAnnotations(template.metadata);
}

/** `serviceAccount` is the old name of `serviceAccountName`; the server always shows both. */
function mirrorServiceAccount(spec: PodSpec): void {
  if (!spec.serviceAccountName && spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount;
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  else delete spec.serviceAccount;
}

const initContainerAnnotations: readonly string[] = [
  "pod.beta.kubernetes.io/init-containers",
  "pod.alpha.kubernetes.io/init-containers",
  "pod.beta.kubernetes.io/init-container-statuses",
  "pod.alpha.kubernetes.io/init-container-statuses",
];

/** Annotations from before init containers were fields: dropped on every write. */
export function dropInitContainerAnnotations(meta: ObjectMeta | undefined): void {
  const annotations = meta?.annotations;
  if (!annotations) return;
  for (const key of initContainerAnnotations) if (key in annotations) delete annotations[key];
}
