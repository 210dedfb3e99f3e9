/** What is wrong with the list of a node's CSI drivers. */
import type { FieldError } from "../../schema/field-error.ts";
import { duplicate, FieldPath, invalidField, required } from "../../schema/field-error.ts";
import type { CSINode, CSINodeDriver } from "../../schema/types/storage-v1.ts";
import { byteLength, validateNonnegative, validateQualifiedName } from "../formats.ts";
import { internalForm } from "../internal-form.ts";
import { validateImmutable } from "../object-meta.ts";
import { validateCsiDriverName } from "../pod/validation-disks.ts";

const path = new FieldPath("spec").child("drivers");
const nodeIdLimit = 256;

/** Errors of a CSI node beyond its metadata. */
export function validateCsiNode({ spec }: CSINode): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  (spec?.drivers ?? []).forEach((driver, i) => {
    const at = path.index(i);
    validateDriver(driver, at, errors);
    if (names.has(driver.name)) errors.push(duplicate(at.child("name"), driver.name));
    names.add(driver.name);
    validateTopologyKeys(driver.topologyKeys ?? [], at, errors);
  });
  return errors;
}

function validateDriver(driver: CSINodeDriver, at: FieldPath, errors: FieldError[]): void {
  validateCsiDriverName(driver.name ?? "", at.child("name"), errors);
  const id = driver.nodeID ?? "";
  if (id === "") errors.push(required(at.child("nodeID")));
  if (byteLength(id) > nodeIdLimit) errors.push(invalidField(at.child("nodeID"), id, `must be ${nodeIdLimit} characters or less`));
  validateNonnegative(driver.allocatable?.count, at.child("allocatable", "count"), errors);
}

function validateTopologyKeys(keys: readonly string[], at: FieldPath, errors: FieldError[]): void {
  const seen = new Set<string>();
  for (const key of keys) {
    if (key === "") errors.push(required(at));
    if (seen.has(key)) errors.push(duplicate(at, key));
    seen.add(key);
    validateQualifiedName(key, at, errors);
  }
}

/** Drivers come and go; of one that stays only how much it can take may change. */
export function validateCsiNodeUpdate(node: CSINode, old: CSINode): FieldError[] {
  const errors = validateCsiNode(node);
  for (const before of old.spec?.drivers ?? []) {
    for (const driver of node.spec?.drivers ?? []) {
      if (driver.name !== before.name) continue;
      const { allocatable: _, ...now } = driver;
      const { allocatable: __, ...then } = before;
      validateImmutable(now, then, path, errors, internalForm("CSINodeDriver", now));
    }
  }
  return errors;
}
