/** A pod's spec is nearly immutable: what may still change, and how upstream says what may not. */
import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, forbiddenField, invalidField } from "../../schema/field-error.ts";
import type {
  Affinity,
  Container,
  NodeAffinity,
  NodeSelectorTerm,
  Pod,
  PodSchedulingGate,
  PodSpec,
  Toleration,
} from "../../schema/types/core-v1.ts";
import { inclusiveRangeError } from "../formats.ts";
import { internalDiff, internalForm, internalPodSpec } from "../internal-form.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { validateContainerImages, validatePodAnnotationUpdate, validateWholePod } from "./validation.ts";
import type { PodValidationOptions } from "./validation-options.ts";
import { podValidationOptions } from "./validation-options.ts";
import { validateTolerations } from "./validation-scheduling.ts";

const specPath = new FieldPath("spec");
const noSpec: PodSpec = Object.freeze({ containers: [] });
const maxInt32 = 2147483647;

const updatable = [
  "`spec.containers[*].image`",
  "`spec.initContainers[*].image`",
  "`spec.activeDeadlineSeconds`",
  "`spec.tolerations` (only additions to existing tolerations)",
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
].join(",");

/** Errors of a pod as the successor of `old`, beyond those of its metadata's update. */
export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const options = podValidationOptions(true, old);
  const errors = validateWholePod(pod, options);
  validatePodAnnotationUpdate(pod, old, options, errors);
  const spec = pod.spec ?? noSpec;
  const before = old.spec ?? noSpec;
  if (validateContainerImages(spec.containers, before.containers, specPath.child("containers"), errors)) return errors;
  const init = spec.initContainers ?? [];
  if (validateContainerImages(init, before.initContainers ?? [], specPath.child("initContainers"), errors)) return errors;
  if (validateDeadline(spec, before, errors)) return errors;
  validateAddedTolerations(spec.tolerations ?? [], before.tolerations ?? [], options, errors);
  validateRemovedGates(spec.schedulingGates ?? [], before.schedulingGates ?? [], errors);
  if (semanticEqual(spec, before)) return errors;
  const munged = withWhatMayChange(spec, before, errors);
  if (!semanticEqual(munged, before)) {
    const diff = internalDiff("PodSpec", internalPodSpec(before), internalPodSpec(munged));
    errors.push(forbiddenField(specPath, `pod updates may not change fields other than ${updatable}\n${diff}`));
  }
  return errors;
}

/** A deadline may be set, and drawn nearer. True when there is no use in looking further. */
function validateDeadline(spec: PodSpec, old: PodSpec, errors: FieldError[]): boolean {
  const path = specPath.child("activeDeadlineSeconds");
  const now = spec.activeDeadlineSeconds;
  const before = old.activeDeadlineSeconds;
  if (now === undefined) {
    if (before !== undefined) errors.push(invalidField(path, null, "must not update from a positive integer to nil value"));
    return false;
  }
  if (now < 0 || now > maxInt32) {
    errors.push(invalidField(path, now, inclusiveRangeError(0, maxInt32)));
    return true;
  }
  if (before === undefined || before >= now) return false;
  errors.push(invalidField(path, now, "must be less than or equal to previous value"));
  return true;
}

function validateAddedTolerations(
  tolerations: readonly Toleration[],
  old: readonly Toleration[],
  options: PodValidationOptions,
  errors: FieldError[],
): void {
  const path = specPath.child("tolerations");
  for (const before of old) {
    const kept = tolerations.some((t) => semanticEqual({ ...before, tolerationSeconds: t.tolerationSeconds }, t));
    if (kept) continue;
    errors.push(forbiddenField(path, "existing toleration can not be modified except its tolerationSeconds"));
    return;
  }
  validateTolerations(tolerations, options, path, errors);
}

function validateRemovedGates(gates: readonly PodSchedulingGate[], old: readonly PodSchedulingGate[], errors: FieldError[]): void {
  gates.forEach(({ name }, i) => {
    if (old.some((g) => g.name === name) || gates.findLastIndex((g) => g.name === name) !== i) return;
    const at = specPath.child("schedulingGates").index(i).child("name");
    errors.push(forbiddenField(at, `only deletion is allowed, but found new scheduling gate '${name}'`));
  });
}

/** The spec with everything that may change put back: what still differs may not. */
function withWhatMayChange(spec: PodSpec, old: PodSpec, errors: FieldError[]): PodSpec {
  const munged: PodSpec = { ...spec, containers: withImages(spec.containers, old.containers) };
  if (spec.initContainers) munged.initContainers = withImages(spec.initContainers, old.initContainers ?? []);
  const back = <K extends keyof PodSpec>(field: K): void => {
    if (old[field] === undefined) delete munged[field];
    else munged[field] = old[field];
  };
  back("activeDeadlineSeconds");
  back("schedulingGates");
  back("tolerations");
  if ((old.terminationGracePeriodSeconds ?? 0) < 0 && munged.terminationGracePeriodSeconds === 1) back("terminationGracePeriodSeconds");
  if (!old.schedulingGates?.length) return munged;
  if (!semanticEqual(munged.nodeSelector ?? {}, old.nodeSelector ?? {})) {
    validateSelectorNarrowing(munged.nodeSelector ?? {}, old.nodeSelector ?? {}, errors);
    back("nodeSelector");
  }
  const before = old.affinity?.nodeAffinity;
  if (!semanticEqual(munged.affinity?.nodeAffinity, before)) {
    validateAffinityNarrowing(munged.affinity?.nodeAffinity, before, errors);
    const affinity = withNodeAffinity(munged.affinity, old.affinity);
    if (affinity === undefined) delete munged.affinity;
    else munged.affinity = affinity;
  }
  return munged;
}

function withImages(containers: readonly Container[], old: readonly Container[]): Container[] {
  return containers.map((container, i) => {
    const image = old[i]?.image;
    if (container.image === image) return container;
    const { image: _, ...rest } = container;
    return image === undefined ? rest : { ...rest, image };
  });
}

function withNodeAffinity(affinity: Affinity | undefined, old: Affinity | undefined): Affinity | undefined {
  const nodeAffinity = old?.nodeAffinity;
  if (!affinity) return nodeAffinity && { nodeAffinity };
  if (!old && !affinity.podAffinity && !affinity.podAntiAffinity) return undefined;
  const { nodeAffinity: _, ...rest } = affinity;
  return nodeAffinity ? { ...rest, nodeAffinity } : rest;
}

/** A gated pod's node selector may only ask for more. */
function validateSelectorNarrowing(
  selector: Readonly<Record<string, string>>,
  old: Readonly<Record<string, string>>,
  errors: FieldError[],
): void {
  for (const key in old) {
    if (selector[key] === old[key]) continue;
    const detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
    errors.push(invalidField(specPath.child("nodeSelector"), selector, detail));
    return;
  }
}

/** So may the terms of its required node affinity. */
function validateAffinityNarrowing(affinity: NodeAffinity | undefined, old: NodeAffinity | undefined, errors: FieldError[]): void {
  const before = old?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (!before?.length) return;
  const now = affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const path = specPath.child("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms");
  if (before.length !== now.length) {
    const shown = now.length === 0 ? null : now.map((t) => internalForm("NodeSelectorTerm", t));
    errors.push(invalidField(path, shown, "no additions/deletions to non-empty NodeSelectorTerms list are allowed"));
    return;
  }
  before.forEach((term, i) => {
    if (onlyAdds(now[i] as NodeSelectorTerm, term)) return;
    const shown = internalForm("NodeSelectorTerm", now[i]);
    errors.push(invalidField(path.index(i), shown, "only additions are allowed (no mutations or deletions)"));
  });
}

function onlyAdds(term: NodeSelectorTerm, old: NodeSelectorTerm): boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  const { matchExpressions: oldExpressions = [], matchFields: oldFields = [] } = old;
  // An empty term matches nothing: to add to it would widen it.
  if (oldExpressions.length === 0 && oldFields.length === 0 && (matchExpressions.length > 0 || matchFields.length > 0)) return false;
  return (
    semanticEqual(matchExpressions.slice(0, oldExpressions.length), oldExpressions) &&
    semanticEqual(matchFields.slice(0, oldFields.length), oldFields)
  );
}
