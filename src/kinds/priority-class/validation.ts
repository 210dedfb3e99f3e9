import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, forbiddenField } from "../../schema/field-error.ts";
import type { PriorityClass } from "../../schema/types/scheduling-v1.ts";
import { validateImmutable } from "../object-meta.ts";
import { validatePreemptionPolicy } from "../pod/validation-spec.ts";

/** The highest priority that a user may give; above are the system's own. */
export const highestUserPriority = 1_000_000_000;

/** Classes that exist in every cluster. */
export const systemPriorityClasses: Readonly<Record<string, number>> = {
  "system-node-critical": 2_000_001_000,
  "system-cluster-critical": 2_000_000_000,
};

/** Errors of a priority class beyond its metadata. */
export function validatePriorityClass(priorityClass: PriorityClass): FieldError[] {
  const errors: FieldError[] = [];
  const name = priorityClass.metadata?.name ?? "";
  if (name.startsWith("system-")) {
    const wrong = systemClassError(name, priorityClass);
    if (wrong !== undefined) {
      const detail = `priority class names with 'system-' prefix are reserved for system use only. error: ${wrong}`;
      errors.push(forbiddenField(new FieldPath("metadata.name"), detail));
    }
  } else if ((priorityClass.value ?? 0) > highestUserPriority) {
    errors.push(forbiddenField(new FieldPath("value"), `maximum allowed value of a user defined priority is ${highestUserPriority}`));
  }
  const policy = priorityClass.preemptionPolicy;
  if (policy !== undefined) validatePreemptionPolicy(policy, new FieldPath("preemptionPolicy"), errors);
  return errors;
}

function systemClassError(name: string, priorityClass: PriorityClass): string | undefined {
  const value = Object.hasOwn(systemPriorityClasses, name) ? systemPriorityClasses[name] : undefined;
  if (value === undefined) return `${name} is not a known system priority class`;
  if (priorityClass.value !== value) return `value of ${name} PriorityClass must be ${value}`;
  return priorityClass.globalDefault === true ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

export function validatePriorityClassUpdate(priorityClass: PriorityClass, old: PriorityClass): FieldError[] {
  const errors: FieldError[] = [];
  if ((priorityClass.value ?? 0) !== (old.value ?? 0))
    errors.push(forbiddenField(new FieldPath("value"), "may not be changed in an update."));
  validateImmutable(priorityClass.preemptionPolicy, old.preemptionPolicy, new FieldPath("preemptionPolicy"), errors);
  return errors;
}
