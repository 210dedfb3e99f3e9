/** Which kernel settings belong to a namespace of their own, and so to a pod. */
import { type FieldError, type FieldPath, invalidField } from "../../schema/field-error.ts";
import type { PodSpec } from "../../schema/types/core-v1.ts";

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
