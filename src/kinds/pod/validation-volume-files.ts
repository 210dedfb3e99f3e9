/** Files that volumes are filled with: their paths, modes and sources. */
import { type FieldError, type FieldPath, invalidField, required } from "../../schema/field-error.ts";
import type { DownwardAPIVolumeFile, KeyToPath } from "../../schema/types/core-v1.ts";
import { validateFieldRef, validateResourceFieldRef } from "./validation-env.ts";
import { validateLocalNonReservedPath } from "./validation-paths.ts";

export function validateMode(mode: number | undefined, path: FieldPath, errors: FieldError[]): void {
  if (mode !== undefined && (mode > 0o777 || mode < 0)) {
    errors.push(invalidField(path, mode, "must be a number between 0 and 0777 (octal), both inclusive"));
  }
}

export function validateKeyToPath(item: KeyToPath, path: FieldPath, errors: FieldError[]): void {
  if (!item.key) errors.push(required(path.child("key")));
  if (!item.path) errors.push(required(path.child("path")));
  validateLocalNonReservedPath(item.path, path.child("path"), errors);
  validateMode(item.mode, path.child("mode"), errors);
}

const volumeFieldPaths: readonly string[] = [
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
];

export function validateDownwardFile(file: DownwardAPIVolumeFile, path: FieldPath, errors: FieldError[]): void {
  if (!file.path) errors.push(required(path.child("path")));
  validateLocalNonReservedPath(file.path, path.child("path"), errors);
  if (file.fieldRef) {
    validateFieldRef(file.fieldRef, volumeFieldPaths, path.child("fieldRef"), errors);
    if (file.resourceFieldRef) {
      errors.push(invalidField(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"));
    }
  } else if (file.resourceFieldRef) validateResourceFieldRef(file.resourceFieldRef, path.child("resourceFieldRef"), true, errors);
  else errors.push(required(path, "one of fieldRef and resourceFieldRef is required"));
  validateMode(file.mode, path.child("mode"), errors);
}
