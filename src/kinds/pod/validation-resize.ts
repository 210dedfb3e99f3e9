/** Resizing a pod in place (KEP-1287): CPU and memory may change, and nothing else. */
import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, forbiddenField, invalidField } from "../../schema/field-error.ts";
import type { Container, Pod, PodSpec, ResourceRequirements } from "../../schema/types/core-v1.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { isSidecar } from "./containers.ts";
import { computeQosClass, podQosClass } from "./qos.ts";
import { validateWholePod } from "./validation.ts";
import { podValidationOptions } from "./validation-options.ts";
import { mirrorAnnotation } from "./validation-spec.ts";

/** How upstream shows a path of one empty name. */
const unnamed = new FieldPath("[]");

const specPath = new FieldPath("spec");
const noSpec: PodSpec = Object.freeze({ containers: [] });
const immutable = "only cpu and memory resources are mutable";

export function validatePodResize(pod: Pod, old: Pod): FieldError[] {
  if (old.metadata?.annotations && mirrorAnnotation in old.metadata.annotations) {
    return [forbiddenField(unnamed, "static pods cannot be resized")];
  }
  const spec = pod.spec ?? noSpec;
  const before = old.spec ?? noSpec;
  if (before.os?.name === "windows") return [forbiddenField(unnamed, "windows pods cannot be resized")];
  const errors = validateWholePod(pod, podValidationOptions(true, old));
  if (podQosClass(old) !== computeQosClass(pod)) {
    errors.push(invalidField(specPath, pod.status?.qosClass ?? "", "Pod QOS Class may not change as a result of resizing"));
  }
  const running = old.status?.containerStatuses?.find((s) => s.state?.running);
  if (running && !running.resources) errors.push(forbiddenField(specPath, "Pod running on node without support for resize"));
  const munged: PodSpec = { ...spec };
  validatePodLevel(spec, before, munged, errors);
  if (validateOrder(spec, before, errors)) return errors;
  before.initContainers?.forEach((c, i) => {
    validateRemovals(spec.initContainers?.[i], c, specPath.child("initContainers").index(i).child("resources"), errors);
  });
  before.containers.forEach((c, i) => {
    validateRemovals(spec.containers[i], c, specPath.child("containers").index(i).child("resources"), errors);
  });
  munged.containers = spec.containers.map((container, i) => {
    const back = withOldComputeResources(container, before.containers[i] as Container);
    if (!semanticEqual(back, before.containers[i])) errors.push(forbiddenField(specPath, immutable));
    return back;
  });
  if (spec.initContainers) munged.initContainers = mungeInit(spec.initContainers, before.initContainers ?? [], errors);
  if (errors.length === 0 && !semanticEqual(munged, before)) errors.push(forbiddenField(specPath, immutable));
  return errors;
}

function mungeInit(containers: readonly Container[], old: readonly Container[], errors: FieldError[]): Container[] {
  return containers.map((container, i) => {
    const path = specPath.child("initContainers").index(i);
    const back = withOldComputeResources(container, old[i] as Container);
    if (!semanticEqual(back, old[i])) {
      errors.push(forbiddenField(path, "only cpu and memory resources for init or sidecar containers are mutable"));
    }
    if (!isSidecar(container) && !semanticEqual(container, old[i])) {
      for (const policy of container.resizePolicy ?? []) {
        if (policy.restartPolicy !== "RestartContainer") continue;
        const detail = "non-sidecar init containers with a resize policy of RestartContainer cannot be resized";
        errors.push(forbiddenField(path, detail));
      }
    }
    return back;
  });
}

/** Containers keep their names and their order. True when they do not. */
function validateOrder(spec: PodSpec, old: PodSpec, errors: FieldError[]): boolean {
  const count = errors.length;
  for (const field of ["containers", "initContainers"] as const) {
    const now = spec[field] ?? [];
    const before = old[field] ?? [];
    const path = specPath.child(field);
    if (now.length !== before.length) errors.push(forbiddenField(path, `${field} may not be added or removed on resize`));
    else {
      before.forEach((container, i) => {
        if (now[i]?.name === container.name) return;
        errors.push(forbiddenField(path.index(i).child("name"), `${field} may not be renamed or reordered on resize`));
      });
    }
  }
  return errors.length > count;
}

type List = Readonly<Record<string, string>> | undefined;

function removes(list: List, old: List): boolean {
  return Object.keys(old ?? {}).some((name) => list?.[name] === undefined);
}

function validateRemovals(container: Container | undefined, old: Container, path: FieldPath, errors: FieldError[]): void {
  if (removes(container?.resources?.requests, old.resources?.requests)) {
    errors.push(forbiddenField(path.child("requests"), "resource requests cannot be removed"));
  }
  if (removes(container?.resources?.limits, old.resources?.limits)) {
    errors.push(forbiddenField(path.child("limits"), "resource limits cannot be removed"));
  }
}

function validatePodLevel(spec: PodSpec, old: PodSpec, munged: PodSpec, errors: FieldError[]): void {
  const now = spec.resources;
  const before = old.resources;
  const sets = (resources: ResourceRequirements | undefined): boolean => !isEmpty(resources?.requests) || !isEmpty(resources?.limits);
  if (!sets(now) && !sets(before)) return;
  const path = specPath.child("resources");
  if (before && !now) {
    errors.push(forbiddenField(path, "pod-level resources cannot be removed"));
    return;
  }
  if (removes(now?.requests, before?.requests)) {
    errors.push(forbiddenField(path.child("requests"), "pod-level resource requests cannot be removed"));
  }
  if (removes(now?.limits, before?.limits)) {
    errors.push(forbiddenField(path.child("limits"), "pod-level resource limits cannot be removed"));
  }
  const back: ResourceRequirements = { ...(now?.claims ? { claims: now.claims } : {}), ...withOldCompute(now, before) };
  if (!before && isEmpty(back.requests) && isEmpty(back.limits) && isEmpty(back.claims)) delete munged.resources;
  else munged.resources = back;
  if (!semanticEqual(munged.resources, before)) {
    errors.push(forbiddenField(specPath, "only cpu and memory resources are mutable at pod-level"));
  }
}

function isEmpty(value: object | undefined): boolean {
  for (const _ in value) return false;
  return true;
}

function withOldComputeResources(container: Container, old: Container): Container {
  return { ...container, resources: withOldCompute(container.resources, old.resources) };
}

/** The requirements with CPU and memory as they were. */
function withOldCompute(resources: ResourceRequirements | undefined, old: ResourceRequirements | undefined): ResourceRequirements {
  // Claims are dropped with the rest: a pod that has some cannot be resized.
  const back: ResourceRequirements = {};
  for (const side of ["limits", "requests"] as const) {
    const { cpu: _, memory: __, ...rest } = resources?.[side] ?? {};
    const list: Record<string, string> = rest;
    for (const name of ["cpu", "memory"]) {
      const quantity = old?.[side]?.[name];
      if (quantity !== undefined) list[name] = quantity;
    }
    if (!isEmpty(list)) back[side] = list;
  }
  return back;
}
