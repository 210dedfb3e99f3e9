import type { PodTemplate } from "../../schema/types/core-v1.ts";
import { setPodTemplateDefaults } from "../pod/spec-defaults.ts";

/** Fills in the defaults of a stored template, in place. */
export function setPodTemplateObjectDefaults(template: PodTemplate): void {
  setPodTemplateDefaults(template.template);
}
