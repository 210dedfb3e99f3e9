import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, invalidField } from "../../schema/field-error.ts";
import { compareQuantities } from "../../core/quantity.ts";
import type { CSIStorageCapacity } from "../../schema/types/storage-v1.ts";
import { invalidEach, nameIsDnsSubdomain, negativeMessage } from "../formats.ts";
import { internalForm } from "../internal-form.ts";
import { validateLabelSelector } from "../object-meta.ts";
import { semanticEqual } from "../semantic-equal.ts";

export function validateCsiStorageCapacity({ nodeTopology, storageClassName, capacity }: CSIStorageCapacity): FieldError[] {
  const errors: FieldError[] = [];
  validateLabelSelector(nodeTopology, new FieldPath("nodeTopology"), errors);
  invalidEach(nameIsDnsSubdomain(storageClassName, false), new FieldPath("storageClassName"), storageClassName, errors);
  if (capacity !== undefined && compareQuantities(capacity, "0") < 0) {
    errors.push(invalidField(new FieldPath("capacity"), capacity, negativeMessage, "minimum"));
  }
  return errors;
}

export function validateCsiStorageCapacityUpdate(capacity: CSIStorageCapacity, old: CSIStorageCapacity): FieldError[] {
  const errors: FieldError[] = [];
  if (!semanticEqual(capacity.nodeTopology, old.nodeTopology)) {
    const shown = internalForm("*json:LabelSelector", capacity.nodeTopology);
    errors.push(invalidField(new FieldPath("nodeTopology"), shown, "field is immutable"));
  }
  if (capacity.storageClassName !== old.storageClassName) {
    errors.push(invalidField(new FieldPath("storageClassName"), capacity.storageClassName, "field is immutable"));
  }
  return errors;
}
