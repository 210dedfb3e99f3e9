/** A pod's spec, in pods and in templates, in upstream's order of checks. */
import type { FieldError } from "../../schema/field-error.ts";
import { duplicate, FieldPath, forbiddenField, invalidField, notFoundField, notSupported, required } from "../../schema/field-error.ts";
import type { Container, PodResourceClaim, PodSpec, PodTemplateSpec } from "../../schema/types/core-v1.ts";
import type { ObjectMeta } from "../../schema/types/meta-v1.ts";
import { inclusiveRangeError, invalidEach, nameIsDnsSubdomain, validateDnsLabel, validateQualifiedName } from "../formats.ts";
import { internalForm } from "../internal-form.ts";
import { validateAnnotations, validateLabels } from "../object-meta.ts";
import { visitContainers } from "./containers.ts";
import type { ContainerContext } from "./validation-containers.ts";
import { validateContainers, validateEphemeralContainers, validateInitContainers } from "./validation-containers.ts";
import { validateDnsConfig, validateDnsPolicy, validateHostAliases, validateHostnameOverride } from "./validation-dns.ts";
import type { PodValidationOptions } from "./validation-options.ts";
import { parseDeletionCost } from "./validation-options.ts";
import { validateContainerResources, validatePodLevelResources } from "./validation-resources.ts";
import { validateAffinity, validateSchedulingGates, validateTolerations, validateTopologySpread } from "./validation-scheduling.ts";
import { validatePodSecurityContext, validateProfileAgreement, validateProfileAnnotations } from "./validation-security.ts";
import { validateVolumes } from "./validation-volumes.ts";
import { validateHostProcess, validateOs } from "./validation-windows.ts";

const noClaims: ReadonlySet<string> = new Set();
const maxInt32 = 2147483647;

/** `meta`: the pod's own metadata, undefined for a template. */
export function validatePodSpec(
  spec: PodSpec,
  meta: ObjectMeta | undefined,
  path: FieldPath,
  options: PodValidationOptions,
  errors: FieldError[],
): void {
  if (spec.terminationGracePeriodSeconds === undefined) errors.push(required(path.child("terminationGracePeriodSeconds")));
  const volumes = validateVolumes(spec.volumes, meta, path.child("volumes"), options, errors);
  const claims = spec.resourceClaims;
  const claimNames = claims?.length ? new Set(claims.map((c) => c.name).filter((n) => n)) : noClaims;
  if (claims) validateResourceClaims(claims, meta, path.child("resourceClaims"), errors);
  const context: ContainerContext = { spec, volumes, claimNames, options };
  validateContainers(context, path.child("containers"), errors);
  validateInitContainers(context, path.child("initContainers"), errors);
  validateEphemeralContainers(context, path.child("ephemeralContainers"), errors);
  validatePodLevelResources(spec, claimNames, path, options, errors);
  if (spec.hostNetwork === true) validateHostNetworkPorts(spec, options, path.child("containers"), errors);
  validateRestartPolicy(spec.restartPolicy, path.child("restartPolicy"), errors);
  validateDnsPolicy(spec, path, errors);
  validateLabels(spec.nodeSelector, path.child("nodeSelector"), errors);
  validatePodSecurityContext(spec, path, options, errors);
  validateAffinity(spec.affinity, options, path.child("affinity"), errors);
  validateDnsConfig(spec, path, errors);
  spec.readinessGates?.forEach((gate, i) => {
    validateQualifiedName(gate.conditionType ?? "", path.child("readinessGates").index(i).child("conditionType"), errors);
  });
  validateSchedulingGates(spec.schedulingGates, path.child("schedulingGates"), errors);
  validateTopologySpread(spec.topologySpreadConstraints, options, path.child("topologySpreadConstraints"), errors);
  validateHostProcess(spec, path, errors);
  validateUserNamespace(spec, options, path, errors);
  validateHostnameOverride(spec, path, errors);
  validateReferences(spec, options, path, errors);
  validateOs(spec, path, errors);
  validateSchedulingGroup(spec, path, errors);
  validateFileKeyVolumes(spec, path, errors);
}

/** The second half: names of other objects, numbers, and lists that are checked only when there are any. */
function validateReferences(spec: PodSpec, options: PodValidationOptions, path: FieldPath, errors: FieldError[]): void {
  const name = (field: "serviceAccountName" | "nodeName" | "priorityClassName" | "runtimeClassName"): void => {
    const value = spec[field];
    if (value) invalidEach(nameIsDnsSubdomain(value, false), path.child(field), value, errors);
  };
  name("serviceAccountName");
  name("nodeName");
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > maxInt32)) {
    errors.push(invalidField(path.child("activeDeadlineSeconds"), deadline, inclusiveRangeError(1, maxInt32)));
  }
  if (spec.hostname) validateDnsLabel(spec.hostname, path.child("hostname"), errors);
  if (spec.subdomain) validateDnsLabel(spec.subdomain, path.child("subdomain"), errors);
  if (spec.tolerations?.length) validateTolerations(spec.tolerations, options, path.child("tolerations"), errors);
  validateHostAliases(spec, path, errors);
  name("priorityClassName");
  if (spec.runtimeClassName === "") invalidEach(nameIsDnsSubdomain("", false), path.child("runtimeClassName"), "", errors);
  name("runtimeClassName");
  if (spec.preemptionPolicy !== undefined) validatePreemptionPolicy(spec.preemptionPolicy, path.child("preemptionPolicy"), errors);
  if (spec.overhead) validateContainerResources({ limits: spec.overhead }, noClaims, path.child("overhead"), options, errors);
}

export function validatePreemptionPolicy(policy: string, path: FieldPath, errors: FieldError[]): void {
  if (policy === "") errors.push(required(path));
  else if (policy !== "PreemptLowerPriority" && policy !== "Never")
    errors.push(notSupported(path, policy, ["PreemptLowerPriority", "Never"]));
}

function validateRestartPolicy(policy: string | undefined, path: FieldPath, errors: FieldError[]): void {
  if (policy === "Always" || policy === "OnFailure" || policy === "Never") return;
  errors.push(policy ? notSupported(path, policy, ["Always", "OnFailure", "Never"]) : required(path));
}

/** On the node's network a container's port is the node's port. */
function validateHostNetworkPorts(spec: PodSpec, options: PodValidationOptions, path: FieldPath, errors: FieldError[]): void {
  (spec.containers as Container[] | null | undefined)?.forEach((container, i) => {
    container.ports?.forEach((port, j) => {
      const hostPort = port.hostPort ?? 0;
      if ((!options.isPod && hostPort === 0) || hostPort === (port.containerPort ?? 0)) return;
      const at = path.index(i).child("ports").index(j).child("hostPort");
      errors.push(invalidField(at, hostPort, "must match `containerPort` when `hostNetwork` is true"));
    });
  });
}

function validateUserNamespace(spec: PodSpec, options: PodValidationOptions, path: FieldPath, errors: FieldError[]): void {
  if (spec.hostUsers !== false) return;
  const detail = "when `hostUsers` is false";
  if (spec.hostNetwork === true && !options.allowHostNetworkInUserNamespaces)
    errors.push(forbiddenField(path.child("hostNetwork"), detail));
  if (spec.hostPID === true) errors.push(forbiddenField(path.child("HostPID"), detail));
  if (spec.hostIPC === true) errors.push(forbiddenField(path.child("HostIPC"), detail));
  if (options.allowBlockDevicesInUserNamespaces) return;
  visitContainers(spec, (container, field, i) => {
    if (container.volumeDevices?.length) errors.push(forbiddenField(path.child(field).index(i).child("volumeDevices"), detail));
  });
}

function validateResourceClaims(
  claims: readonly PodResourceClaim[],
  meta: ObjectMeta | undefined,
  path: FieldPath,
  errors: FieldError[],
): void {
  const seen = new Set<string>();
  claims.forEach((claim, i) => {
    const at = path.index(i);
    if (meta?.annotations && mirrorAnnotation in meta.annotations) {
      errors.push(forbiddenField(new FieldPath(), "static pods do not support resource claims"));
      return;
    }
    if (!claim.name) errors.push(required(at.child("name")));
    else if (seen.has(claim.name)) errors.push(duplicate(at.child("name"), claim.name));
    else {
      validateDnsLabel(claim.name, at.child("name"), errors);
      seen.add(claim.name);
    }
    const { resourceClaimName: own, resourceClaimTemplateName: template } = claim;
    const shown = (): unknown => internalForm("PodResourceClaim", claim);
    if (own !== undefined && template !== undefined) {
      errors.push(invalidField(at, shown(), "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"));
    }
    if (own === undefined && template === undefined) {
      errors.push(invalidField(at, shown(), "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"));
    }
    if (own !== undefined) invalidEach(nameIsDnsSubdomain(own, false), at.child("resourceClaimName"), own, errors);
    if (template !== undefined) invalidEach(nameIsDnsSubdomain(template, false), at.child("resourceClaimTemplateName"), template, errors);
  });
}

function validateSchedulingGroup(spec: PodSpec, path: FieldPath, errors: FieldError[]): void {
  const group = spec.schedulingGroup;
  if (!group) return;
  const at = path.child("schedulingGroup", "podGroupName");
  if (group.podGroupName === undefined) errors.push(invalidField(at, null, "must specify one of: `podGroupName`"));
  else invalidEach(nameIsDnsSubdomain(group.podGroupName, false), at, group.podGroupName, errors);
}

/** Variables read from a file (KEP-3721): the file lies in an emptyDir. */
function validateFileKeyVolumes(spec: PodSpec, path: FieldPath, errors: FieldError[]): void {
  visitContainers(spec, (container, field, i) => {
    container.env?.forEach((variable, j) => {
      const name = variable.valueFrom?.fileKeyRef?.volumeName;
      if (name === undefined) return;
      const at = path.child(field).index(i).child("env").index(j).child("valueFrom", "fileKeyRef", "volumeName");
      const volume = spec.volumes?.findLast((v) => v.name === name);
      if (!volume) errors.push(notFoundField(at, name));
      else if (!volume.emptyDir) errors.push(invalidField(at, name, "referenced volume must be of type emptyDir"));
    });
  });
}

/** On a pod that a node runs without having been asked by the API server. */
export const mirrorAnnotation = "kubernetes.io/config.mirror";

/** Annotations that mean something on pods and templates. */
export function validatePodAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  spec: PodSpec,
  path: FieldPath,
  options: PodValidationOptions,
  errors: FieldError[],
): void {
  if (!annotations) return;
  const mirror = annotations[mirrorAnnotation];
  if (mirror !== undefined && !spec.nodeName) {
    errors.push(invalidField(path.key(mirrorAnnotation), mirror, "must set spec.nodeName if mirror pod annotation is set"));
  }
  if (!options.allowInvalidPodDeletionCost && parseDeletionCost(annotations) === undefined) {
    const key = "controller.kubernetes.io/pod-deletion-cost";
    errors.push(invalidField(path.key(key), annotations[key], "must be a 32bit integer"));
  }
  validateProfileAnnotations(annotations, spec, path, errors);
}

/** The template of what makes pods. */
export function validatePodTemplateSpec(
  template: PodTemplateSpec,
  path: FieldPath,
  options: PodValidationOptions,
  errors: FieldError[],
): void {
  const { metadata } = template;
  const spec = template.spec ?? { containers: [] };
  validateLabels(metadata?.labels, path.child("labels"), errors);
  validateAnnotations(metadata?.annotations, path.child("annotations"), errors);
  validatePodAnnotations(metadata?.annotations, spec, path.child("annotations"), options, errors);
  validatePodSpec(spec, undefined, path.child("spec"), options, errors);
  validateProfileAgreement(metadata, spec, path.child("spec"), errors);
  if (spec.ephemeralContainers?.length) {
    errors.push(forbiddenField(path.child("spec", "ephemeralContainers"), "ephemeral containers not allowed in pod template"));
  }
}
