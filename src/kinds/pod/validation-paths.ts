/** File paths inside volumes and mounts. */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { invalidField } from "../../schema/field-error.ts";

export function validateNoBacksteps(path: string, at: FieldPath, errors: FieldError[]): void {
  if (path.includes("..") && path.split("/").includes("..")) errors.push(invalidField(at, path, "must not contain '..'"));
}

/** Relative, and never upwards. */
export function validateDescendingPath(path: string, at: FieldPath, errors: FieldError[]): void {
  if (path.startsWith("/")) errors.push(invalidField(at, path, "must be a relative path"));
  validateNoBacksteps(path, at, errors);
}

/** Names that begin with two dots are the kubelet's own (atomic writes). */
export function validateLocalNonReservedPath(path: string | undefined, at: FieldPath, errors: FieldError[]): void {
  const text = path ?? "";
  validateDescendingPath(text, at, errors);
  if (text.startsWith("..") && !text.startsWith("../")) errors.push(invalidField(at, text, "must not start with '..'"));
}
