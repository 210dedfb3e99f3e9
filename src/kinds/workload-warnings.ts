/** Warnings about what makes pods: those of the template, when it is new or has changed. */
import type { FieldPath } from "../schema/field-error.ts";
import type { PodTemplateSpec } from "../schema/types/core-v1.ts";
import type { ObjectMeta } from "../schema/types/meta-v1.ts";
import { podTemplateWarnings, workloadNameWarnings } from "./pod/warnings.ts";

interface Workload {
  metadata?: ObjectMeta | undefined;
}

/** `named`: the workload's name goes into its pods' host names. */
export function workloadWarnings<T extends Workload>(
  object: T,
  old: T | undefined,
  template: (object: T) => PodTemplateSpec | undefined,
  path: FieldPath,
  named = true,
): string[] {
  if (!old) return [...(named ? workloadNameWarnings(object.metadata?.name) : []), ...podTemplateWarnings(template(object), path)];
  return object.metadata?.generation === old.metadata?.generation ? [] : podTemplateWarnings(template(object), path);
}
