/** Ephemeral containers come one after the other, and stay as they are. */
import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, forbiddenField } from "../../schema/field-error.ts";
import type { Pod } from "../../schema/types/core-v1.ts";
import { internalDiff } from "../internal-form.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { validatePodAnnotationUpdate, validateWholePod } from "./validation.ts";
import { podValidationOptions } from "./validation-options.ts";
import { mirrorAnnotation } from "./validation-spec.ts";

const path = new FieldPath("spec.ephemeralContainers");

export function validateEphemeralContainersUpdate(pod: Pod, old: Pod): FieldError[] {
  if (old.metadata?.annotations && mirrorAnnotation in old.metadata.annotations) {
    return [forbiddenField(new FieldPath(), "static pods do not support ephemeral containers")];
  }
  const options = podValidationOptions(true, old);
  const errors = validateWholePod(pod, options);
  validatePodAnnotationUpdate(pod, old, options, errors);
  for (const before of old.spec?.ephemeralContainers ?? []) {
    const now = pod.spec?.ephemeralContainers?.findLast((c) => c.name === before.name);
    const name = JSON.stringify(before.name);
    if (!now) errors.push(forbiddenField(path, `existing ephemeral containers ${name} may not be removed\n`));
    else if (!semanticEqual(before, now)) {
      const diff = internalDiff("EphemeralContainer", before, now);
      errors.push(forbiddenField(path, `existing ephemeral containers ${name} may not be changed\n${diff}`));
    }
  }
  return errors;
}
