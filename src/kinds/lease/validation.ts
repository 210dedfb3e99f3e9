import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, forbiddenField, invalidField } from "../../schema/field-error.ts";
import type { Lease } from "../../schema/types/coordination-v1.ts";
import { negativeMessage } from "../formats.ts";

const path = new FieldPath("spec");

/** Errors of a lease beyond its metadata. */
export function validateLease(lease: Lease): FieldError[] {
  const errors: FieldError[] = [];
  const { leaseDurationSeconds, leaseTransitions, strategy, preferredHolder } = lease.spec ?? {};
  if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0) {
    errors.push(invalidField(path.child("leaseDurationSeconds"), leaseDurationSeconds, "must be greater than 0"));
  }
  if (leaseTransitions !== undefined && leaseTransitions < 0) {
    errors.push(invalidField(path.child("leaseTransitions"), leaseTransitions, negativeMessage));
  }
  if (preferredHolder && !strategy) {
    errors.push(forbiddenField(path.child("preferredHolder"), "may only be specified if `strategy` is defined"));
  }
  return errors;
}
