/** Kernel settings of a pod's own. */
import type { FieldError } from "../../schema/field-error.ts";
import { duplicate, type FieldPath, invalidField, required } from "../../schema/field-error.ts";
import type { PodSpec } from "../../schema/types/core-v1.ts";
import { hostSysctlError } from "./sysctl-namespaces.ts";
import type { PodValidationOptions } from "./validation-options.ts";

const sysctlPattern = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
const sysctlRegex = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;

export function validateSysctls(spec: PodSpec, path: FieldPath, options: PodValidationOptions, errors: FieldError[]): void {
  const seen = new Set<string>();
  spec.securityContext?.sysctls?.forEach(({ name }, i) => {
    const at = path.index(i).child("name");
    if (!name) errors.push(required(at));
    else if (name.length > 253 || !sysctlRegex.test(name)) {
      errors.push(invalidField(at, name, `must have at most 253 characters and match regex ${sysctlPattern}`));
    } else if (seen.has(name)) errors.push(duplicate(at, name));
    const host = options.allowHostSysctls ? undefined : hostSysctlError(name, spec, at);
    if (host) errors.push(host);
    seen.add(name);
  });
}
