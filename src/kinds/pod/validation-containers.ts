/** Containers of every sort. */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { duplicate, forbiddenField, invalidField, notFoundField, notSupported, required } from "../../schema/field-error.ts";
import { portName } from "../../core/names.ts";
import type { Container, ContainerPort, EphemeralContainer, PodSpec, Volume } from "../../schema/types/core-v1.ts";
import { invalidEach, portNumber, validateDnsLabel } from "../formats.ts";
import { isSidecar } from "./containers.ts";
import { validateEnv, validateEnvFrom } from "./validation-env.ts";
import {
  validateContainerRestart,
  validateInitContainerRestart,
  validateLifecycle,
  validateProbes,
  validateResizePolicies,
} from "./validation-handlers.ts";
import { validateVolumeDevices, validateVolumeMounts } from "./validation-mounts.ts";
import type { PodValidationOptions } from "./validation-options.ts";
import { validateContainerResources } from "./validation-resources.ts";
import { validateSecurityContext } from "./validation-security.ts";

/** What a container is checked against. */
export interface ContainerContext {
  readonly spec: PodSpec;
  readonly volumes: ReadonlyMap<string, Volume>;
  readonly claimNames: ReadonlySet<string>;
  readonly options: PodValidationOptions;
}

const protocols: readonly string[] = ["SCTP", "TCP", "UDP"];

export function validateProtocol(protocol: string | undefined, path: FieldPath, errors: FieldError[]): void {
  if (protocol === "TCP") return;
  if (!protocol) errors.push(required(path));
  else if (!protocols.includes(protocol)) errors.push(notSupported(path, protocol, protocols));
}

export function validatePullPolicy(policy: string | undefined, path: FieldPath, errors: FieldError[]): void {
  if (policy === "IfNotPresent" || policy === "Always" || policy === "Never") return;
  if (!policy) errors.push(required(path));
  else errors.push(notSupported(path, policy, ["Always", "IfNotPresent", "Never"]));
}

function validateCommon(container: Container | EphemeralContainer, context: ContainerContext, path: FieldPath, errors: FieldError[]): void {
  const { options } = context;
  if (!container.name) errors.push(required(path.child("name")));
  else validateDnsLabel(container.name, path.child("name"), errors);
  if (!container.image) errors.push(required(path.child("image")));
  const policy = container.terminationMessagePolicy;
  if (policy !== "File" && policy !== "FallbackToLogsOnError") {
    const at = path.child("terminationMessagePolicy");
    errors.push(policy ? notSupported(at, policy, ["File", "FallbackToLogsOnError"]) : required(at));
  }
  if (container.ports?.length) validatePorts(container.ports, path.child("ports"), errors);
  if (container.env?.length) validateEnv(container.env, path.child("env"), errors);
  if (container.envFrom?.length) validateEnvFrom(container.envFrom, path.child("envFrom"), errors);
  if (container.volumeMounts?.length) validateVolumeMounts(container, context.volumes, path.child("volumeMounts"), errors);
  if (container.volumeDevices?.length) validateVolumeDevices(container, context.volumes, path.child("volumeDevices"), errors);
  validatePullPolicy(container.imagePullPolicy, path.child("imagePullPolicy"), errors);
  validateContainerResources(container.resources, context.claimNames, path.child("resources"), options, errors);
  if (container.resizePolicy?.length) {
    validateResizePolicies(container, context.spec.restartPolicy ?? "", path.child("resizePolicy"), errors);
  }
  if (container.securityContext) {
    validateSecurityContext(container.securityContext, context.spec.hostUsers !== false, path.child("securityContext"), errors);
  }
}

function validatePorts(ports: readonly ContainerPort[], path: FieldPath, errors: FieldError[]): void {
  const names = new Set<string>();
  ports.forEach((port, i) => {
    if (port.name) {
      const messages = portName(port.name);
      if (messages.length > 0) invalidEach(messages, path.index(i).child("name"), port.name, errors);
      else if (names.has(port.name)) errors.push(duplicate(path.index(i).child("name"), port.name));
      else names.add(port.name);
    }
    if (!port.containerPort) errors.push(required(path.index(i).child("containerPort")));
    else invalidEach(portNumber(port.containerPort), path.index(i).child("containerPort"), port.containerPort, errors);
    if (port.hostPort) invalidEach(portNumber(port.hostPort), path.index(i).child("hostPort"), port.hostPort, errors);
    validateProtocol(port.protocol, path.index(i).child("protocol"), errors);
  });
}

/** No two containers of the list may hold the same port of the node. */
function validateHostPorts(containers: readonly Container[], path: FieldPath, errors: FieldError[]): void {
  let seen: Set<string> | undefined;
  containers.forEach((container, i) => {
    container.ports?.forEach((port, j) => {
      if (!port.hostPort) return;
      const key = `${port.protocol ?? ""}/${port.hostIP ?? ""}/${port.hostPort}`;
      if (seen?.has(key)) errors.push(duplicate(path.index(i).child("ports").index(j).child("hostPort"), key));
      (seen ??= new Set()).add(key);
    });
  });
}

export function validateContainers(context: ContainerContext, path: FieldPath, errors: FieldError[]): void {
  const { spec } = context;
  const containers = (spec.containers as Container[] | null | undefined) ?? [];
  if (containers.length === 0) {
    errors.push(required(path));
    return;
  }
  const grace = spec.terminationGracePeriodSeconds;
  const names = new Set<string>();
  containers.forEach((container, i) => {
    const at = path.index(i);
    validateCommon(container, context, at, errors);
    if (names.has(container.name)) errors.push(duplicate(at.child("name"), container.name));
    names.add(container.name);
    if (container.lifecycle) validateLifecycle(container.lifecycle, grace, spec.os, at.child("lifecycle"), errors);
    validateProbes(container, grace, at, errors);
    validateContainerRestart(container, at, errors);
  });
  validateHostPorts(containers, path, errors);
}

const forbiddenForInit = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const;

export function validateInitContainers(context: ContainerContext, path: FieldPath, errors: FieldError[]): void {
  const { spec, options } = context;
  const containers = spec.initContainers;
  if (!containers?.length) return;
  const grace = spec.terminationGracePeriodSeconds;
  const names = new Set(((spec.containers as Container[] | null | undefined) ?? []).map((c) => c.name));
  containers.forEach((container, i) => {
    const at = path.index(i);
    validateCommon(container, context, at, errors);
    validateInitContainerRestart(container, at, errors);
    if (names.has(container.name)) errors.push(duplicate(at.child("name"), container.name));
    else if (container.name) names.add(container.name);
    validateHostPorts([container], path, errors);
    if (isSidecar(container)) {
      if (container.lifecycle) validateLifecycle(container.lifecycle, grace, spec.os, at.child("lifecycle"), errors);
      validateProbes(container, grace, at, errors);
      return;
    }
    for (const field of forbiddenForInit) {
      if (container[field]) errors.push(forbiddenField(at.child(field), "may not be set for init containers without restartPolicy=Always"));
    }
    if (options.allowRestartOnResizeOfInitContainers) return;
    container.resizePolicy?.forEach((policy, j) => {
      if (policy.restartPolicy !== "RestartContainer") return;
      const here = at.child("resizePolicy").index(j).child("restartPolicy");
      errors.push(invalidField(here, policy.restartPolicy, "must not be set to 'RestartContainer' for non-sidecar initContainers"));
    });
  });
}

const forbiddenForEphemeral = [
  "ports",
  "resources",
  "resizePolicy",
  "restartPolicy",
  "restartPolicyRules",
  "livenessProbe",
  "readinessProbe",
  "startupProbe",
  "lifecycle",
] as const satisfies readonly (keyof EphemeralContainer)[];

export function validateEphemeralContainers(context: ContainerContext, path: FieldPath, errors: FieldError[]): void {
  const { spec } = context;
  const containers = spec.ephemeralContainers;
  if (!containers?.length) return;
  const others = new Set([...spec.containers, ...(spec.initContainers ?? [])].map((c) => c.name));
  const names = new Set(others);
  containers.forEach((container, i) => {
    const at = path.index(i);
    validateCommon(container, context, at, errors);
    validateImageSpelling(container, at, errors);
    if (names.has(container.name)) errors.push(duplicate(at.child("name"), container.name));
    names.add(container.name);
    const target = container.targetContainerName;
    if (target && !others.has(target)) errors.push(notFoundField(at.child("targetContainerName"), target));
    for (const field of forbiddenForEphemeral) {
      const value = container[field];
      if (value === undefined || (field === "resources" && Object.keys(value).length === 0)) continue;
      errors.push(forbiddenField(at.child(field), "cannot be set for an Ephemeral Container"));
    }
    container.volumeMounts?.forEach((mount, j) => {
      const here = at.child("volumeMounts").index(j);
      if (mount.subPath) errors.push(forbiddenField(here.child("subPath"), "cannot be set for an Ephemeral Container"));
      if (mount.subPathExpr) errors.push(forbiddenField(here.child("subPathExpr"), "cannot be set for an Ephemeral Container"));
    });
  });
}

/** Pods, other than templates, have to name their images without blanks around. */
export function validateImageSpelling(container: Container | EphemeralContainer, path: FieldPath, errors: FieldError[]): void {
  const image = container.image ?? "";
  if (image.trim().length !== image.length) {
    errors.push(invalidField(path.child("image"), image, "must not have leading or trailing whitespace"));
  }
}
