import type { FieldError } from "../../schema/field-error.ts";
import { duplicate, FieldPath, required } from "../../schema/field-error.ts";
import type { RuntimeClass } from "../../schema/types/node-v1.ts";
import { internalForm } from "../internal-form.ts";
import { validateDnsLabel } from "../formats.ts";
import { validateImmutable, validateLabels } from "../object-meta.ts";
import { podValidationOptions } from "../pod/validation-options.ts";
import { validateContainerResources } from "../pod/validation-resources.ts";
import { validateTolerations } from "../pod/validation-scheduling.ts";

const handlerPath = new FieldPath("handler");

export function validateRuntimeClass(runtime: RuntimeClass): FieldError[] {
  const errors: FieldError[] = [];
  if (!runtime.handler) errors.push(required(handlerPath));
  else validateDnsLabel(runtime.handler, handlerPath, errors);
  const { overhead, scheduling } = runtime;
  const options = podValidationOptions(false);
  if (overhead) validateContainerResources({ limits: overhead.podFixed }, new Set(), new FieldPath("overhead"), options, errors);
  if (!scheduling) return errors;
  const at = new FieldPath("scheduling");
  validateLabels(scheduling.nodeSelector, at.child("nodeSelector"), errors);
  const tolerations = scheduling.tolerations ?? [];
  validateTolerations(tolerations, options, at.child("tolerations"), errors);
  const seen = new Set<string>();
  tolerations.forEach((toleration, i) => {
    const { key = "", operator = "", value = "", effect = "" } = toleration;
    const id = JSON.stringify([key, operator, value, effect]);
    if (seen.has(id)) errors.push(duplicate(at.child("tolerations").index(i), internalForm("Toleration", toleration)));
    seen.add(id);
  });
  return errors;
}

export function validateRuntimeClassUpdate(runtime: RuntimeClass, old: RuntimeClass): FieldError[] {
  const errors: FieldError[] = [];
  validateImmutable(runtime.handler, old.handler, handlerPath, errors);
  return errors;
}
