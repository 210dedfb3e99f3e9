/** Kernel settings of a pod's own. */
import type { FieldError } from "../../schema/field-error.ts";
import { duplicate, FieldPath, invalidField, required } from "../../schema/field-error.ts";
import type { PodSpec } from "../../schema/types/core-v1.ts";
import type { PodValidationOptions } from "./validation-options.ts";

const sysctlPattern = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
const sysctlRegex = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;

/** Settings that live in a namespace of the kernel, by name or prefix. */
const namespaced: readonly (readonly [name: string, namespace: "ipc" | "net"])[] = [
  ["kernel.sem", "ipc"],
  ["kernel.shm", "ipc"],
  ["kernel.msg", "ipc"],
  ["fs.mqueue.", "ipc"],
  ["net.", "net"],
];

/** `a/b.c` and `a.b/c` are two spellings: the first separator says which. */
export function normalizeSysctl(name: string): string {
  const first = /[./]/.exec(name)?.[0];
  if (first !== "/") return name;
  return name.replace(/[./]/g, (c) => (c === "/" ? "." : "/"));
}

/** Which kernel namespace a setting belongs to; undefined for one of the whole node. */
export function sysctlNamespace(name: string): "ipc" | "net" | undefined {
  const normal = normalizeSysctl(name);
  return namespaced.find(([prefix]) => (prefix === "kernel.sem" ? normal === prefix : normal.startsWith(prefix)))?.[1];
}

/** A pod in the node's own namespace may not change that namespace's settings. */
export function hostSysctlError(name: string, spec: PodSpec, path: FieldPath): FieldError | undefined {
  const namespace = sysctlNamespace(name);
  if (spec.hostNetwork === true && namespace === "net") return invalidField(path, name, "may not be specified when 'hostNetwork' is true");
  if (spec.hostIPC === true && namespace === "ipc") return invalidField(path, name, "may not be specified when 'hostIPC' is true");
  return undefined;
}

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
