import type { FieldError, FieldPath as Path } from "../../schema/field-error.ts";
import { duplicate, FieldPath, invalidField, notSupported, required, tooLong } from "../../schema/field-error.ts";
import type { StorageClass } from "../../schema/types/storage-v1.ts";
import { byteLength, validateQualifiedName } from "../formats.ts";
import { validateImmutable, validateLabelName } from "../object-meta.ts";
import { sorted } from "../workload-validation.ts";

const path = (field: string): Path => new FieldPath(field);

export function validateStorageClass(storage: StorageClass): FieldError[] {
  const errors: FieldError[] = [];
  validateProvisioner(storage.provisioner, path("provisioner"), errors);
  validateParameters(storage.parameters, path("parameters"), errors);
  const { reclaimPolicy, volumeBindingMode: mode } = storage;
  if (reclaimPolicy && reclaimPolicy !== "Delete" && reclaimPolicy !== "Retain") {
    errors.push(notSupported(path("reclaimPolicy"), reclaimPolicy, ["Delete", "Retain"]));
  }
  const modes = ["Immediate", "WaitForFirstConsumer"];
  if (mode === undefined) errors.push(required(path("volumeBindingMode")));
  else if (!modes.includes(mode)) errors.push(notSupported(path("volumeBindingMode"), mode, modes));
  validateTopologies(storage.allowedTopologies ?? [], path("allowedTopologies"), errors);
  return errors;
}

export function validateStorageClassUpdate(storage: StorageClass, old: StorageClass): FieldError[] {
  const errors: FieldError[] = [];
  validateImmutable(storage.parameters, old.parameters, path("parameters"), errors, sorted(storage.parameters));
  for (const field of ["provisioner", "reclaimPolicy", "volumeBindingMode"] as const) {
    validateImmutable(storage[field], old[field], path(field), errors);
  }
  return errors;
}

export function validateProvisioner(name: string | undefined, at: Path, errors: FieldError[]): void {
  if (!name) errors.push(required(at));
  else validateQualifiedName(name.toLowerCase(), at, errors);
}

export function validateParameters(parameters: Readonly<Record<string, string>> | undefined, at: Path, errors: FieldError[]): void {
  const entries = Object.entries(parameters ?? {});
  if (entries.length > 512) {
    errors.push(tooLong(at, 512));
    return;
  }
  let size = 0;
  for (const [key, value] of entries) {
    if (key === "") errors.push(invalidField(at, key, "field can not be empty."));
    size += byteLength(key) + byteLength(value);
  }
  if (size > 256 * 1024) errors.push(tooLong(at, 256 * 1024));
}

function validateTopologies(terms: NonNullable<StorageClass["allowedTopologies"]>, at: Path, errors: FieldError[]): void {
  // Upstream begins with as many empty terms as there are terms.
  const seen = terms.map(() => termText({}));
  terms.forEach(({ matchLabelExpressions = [] }, i) => {
    const here = at.index(i).child("matchLabelExpressions");
    const term: Record<string, string[]> = {};
    matchLabelExpressions.forEach(({ key, values }, j) => {
      const one = here.index(j);
      if (!values?.length) errors.push(required(one.child("values")));
      values?.forEach((value, k) => {
        if (values.indexOf(value) < k) errors.push(duplicate(one.child("values").index(k), value));
      });
      validateLabelName(key ?? "", one.child("key"), errors);
      if (key in term) errors.push(duplicate(one.child("key"), key));
      term[key] = [...new Set(values ?? [])].sort();
    });
    for (const other of seen) if (other === termText(term)) errors.push(duplicate(here, ""));
    seen.push(termText(term));
  });
}

function termText(term: Readonly<Record<string, readonly string[]>>): string {
  return JSON.stringify(Object.entries(term).sort(([a], [b]) => (a < b ? -1 : 1)));
}
