/** What is wrong with a pod: a new one, and one that follows another. Messages and their order are upstream's. */
import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, forbiddenField, invalidField, required } from "../../schema/field-error.ts";
import type { Container, Pod, PodSpec } from "../../schema/types/core-v1.ts";
import { nameIsDnsSubdomain } from "../formats.ts";
import { validateObjectMeta } from "../object-meta.ts";
import { appArmorAnnotationPrefix } from "./app-armor.ts";
import { validateImageSpelling } from "./validation-containers.ts";
import type { PodValidationOptions } from "./validation-options.ts";
import { podValidationOptions } from "./validation-options.ts";
import { validateProfileAgreement } from "./validation-security.ts";
import { mirrorAnnotation, validatePodAnnotations, validatePodSpec } from "./validation-spec.ts";

const specPath = new FieldPath("spec");
const annotationsPath = new FieldPath("metadata.annotations");
const noSpec: PodSpec = Object.freeze({ containers: [] });

/** Errors of a new pod beyond its metadata. */
export function validatePod(pod: Pod): FieldError[] {
  const errors: FieldError[] = [];
  const spec = pod.spec ?? noSpec;
  validateAnnotationsAndSpec(pod, podValidationOptions(true), errors);
  if (spec.ephemeralContainers?.length) errors.push(forbiddenField(specPath.child("ephemeralContainers"), "cannot be set on create"));
  if (spec.nodeName && spec.schedulingGates?.length) {
    errors.push(forbiddenField(specPath.child("nodeName"), "cannot be set until all schedulingGates have been cleared"));
  }
  validateProfileAgreement(pod.metadata, spec, specPath, errors);
  return errors;
}

function validateAnnotationsAndSpec(pod: Pod, options: PodValidationOptions, errors: FieldError[]): void {
  const spec = pod.spec ?? noSpec;
  validatePodAnnotations(pod.metadata?.annotations, spec, annotationsPath, options, errors);
  validatePodSpec(spec, pod.metadata, specPath, options, errors);
  if (!spec.serviceAccountName) {
    spec.volumes?.forEach((volume, i) => {
      volume.projected?.sources?.forEach((source, j) => {
        if (!source.serviceAccountToken) return;
        const at = specPath.child("volumes").index(i).child("projected", "sources").index(j).child("serviceAccountToken");
        errors.push(forbiddenField(at, "must not be specified when serviceAccountName is not set"));
      });
    });
  }
  const containers = (spec.containers as Container[] | null | undefined) ?? [];
  for (let i = 0; i < containers.length; i++) {
    validateImageSpelling(containers[i] as Container, specPath.child("containers").index(i), errors);
  }
  spec.initContainers?.forEach((container, i) => validateImageSpelling(container, specPath.child("initContainers").index(i), errors));
}

/** Errors of a whole pod, metadata included, as every update checks it. */
export function validateWholePod(pod: Pod, options: PodValidationOptions): FieldError[] {
  const errors = validateObjectMeta(pod.metadata, true, nameIsDnsSubdomain);
  validateAnnotationsAndSpec(pod, options, errors);
  return errors;
}

/** Annotations that a pod keeps for life. */
export function validatePodAnnotationUpdate(pod: Pod, old: Pod, options: PodValidationOptions, errors: FieldError[]): void {
  const now: Readonly<Record<string, string>> = pod.metadata?.annotations ?? {};
  const before: Readonly<Record<string, string>> = old.metadata?.annotations ?? {};
  const forbid = (key: string, verb: string): void => {
    if (key.startsWith(appArmorAnnotationPrefix))
      errors.push(forbiddenField(annotationsPath.key(key), `may not ${verb} AppArmor annotations`));
    if (key === mirrorAnnotation) errors.push(forbiddenField(annotationsPath.key(key), `may not ${verb} mirror pod annotation`));
  };
  for (const key in before) if (now[key] !== before[key]) forbid(key, "remove or update");
  for (const key in now) if (!(key in before)) forbid(key, "add");
  validatePodAnnotations(pod.metadata?.annotations, pod.spec ?? noSpec, annotationsPath, options, errors);
}

/** Images may change; containers may not come, go, or lose their image. True when there is no use in looking further. */
export function validateContainerImages(
  containers: readonly Container[],
  old: readonly Container[],
  path: FieldPath,
  errors: FieldError[],
): boolean {
  if (containers.length !== old.length) {
    errors.push(forbiddenField(path, "pod updates may not add or remove containers"));
    return true;
  }
  containers.forEach((container, i) => {
    const image = container.image ?? "";
    if (image === "") errors.push(required(path.index(i).child("image")));
    if (image.trim().length !== image.length) {
      errors.push(invalidField(path.index(i).child("image"), image, "must not have leading or trailing whitespace"));
    }
  });
  return false;
}
