/** Projected volumes: files from several sources in one directory. */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { forbiddenField, invalidField, required } from "../../schema/field-error.ts";
import type { ProjectedVolumeSource, ServiceAccountTokenProjection } from "../../schema/types/core-v1.ts";
import type { PodValidationOptions } from "./validation-options.ts";
import { validateLocalNonReservedPath } from "./validation-paths.ts";
import { validateDownwardFile, validateKeyToPath } from "./validation-volume-files.ts";

export function validateProjection(
  projected: ProjectedVolumeSource,
  path: FieldPath,
  options: PodValidationOptions,
  errors: FieldError[],
): void {
  const paths = new Set<string>();
  /** No two sources may write the same file. */
  const claim = (file: string | undefined, shown: string): void => {
    if (!file) return;
    if (paths.has(file)) errors.push(invalidField(path, shown, "conflicting duplicate paths"));
    paths.add(file);
  };
  projected.sources?.forEach((source, i) => {
    const at = path.child("sources").index(i);
    let count = 0;
    for (const field of ["secret", "configMap"] as const) {
      const keyed = source[field];
      if (!keyed) continue;
      count++;
      if (!keyed.name) errors.push(required(at.child(field, "name")));
      keyed.items?.forEach((item, j) => {
        validateKeyToPath(item, at.child(field, "items").index(j), errors);
        claim(item.path, keyed.name ?? "");
      });
    }
    if (source.downwardAPI) {
      count++;
      for (const file of source.downwardAPI.items ?? []) {
        validateDownwardFile(file, at.child("downwardAPI"), errors);
        claim(file.path, file.path);
      }
    }
    if (source.serviceAccountToken) {
      count++;
      validateToken(source.serviceAccountToken, path, at.child("serviceAccountToken"), options, errors);
    }
    if (count > 1) errors.push(forbiddenField(at, "may not specify more than 1 volume type per source"));
  });
}

function validateToken(
  token: ServiceAccountTokenProjection,
  volumePath: FieldPath,
  path: FieldPath,
  options: PodValidationOptions,
  errors: FieldError[],
): void {
  const seconds = token.expirationSeconds ?? 0;
  const at = path.child("expirationSeconds");
  if (seconds < 600) errors.push(invalidField(at, seconds, "may not specify a duration less than 10 minutes"));
  if (seconds > 2 ** 32) errors.push(invalidField(at, seconds, "may not specify a duration larger than 2^32 seconds"));
  if (!token.path) errors.push(required(volumePath.child("path")));
  else if (!options.allowNonLocalTokenPath) validateLocalNonReservedPath(token.path, volumePath.child("path"), errors);
}
