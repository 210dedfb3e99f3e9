/** Conditions as `metav1.Condition` has them. */
import { regexMessage } from "../core/names.ts";
import type { FieldError, FieldPath } from "../schema/field-error.ts";
import { duplicate, invalidField, notSupported, required, tooLong } from "../schema/field-error.ts";
import type { Condition } from "../schema/types/meta-v1.ts";
import { byteLength } from "./formats.ts";
import { validateLabelName } from "./object-meta.ts";

const statuses: readonly string[] = ["False", "True", "Unknown"];
const reasonLimit = 1024;
const messageLimit = 32 * 1024;
const reasonPattern = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?";
const reasonRegex = /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/;
const reasonMessage =
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'";
const reasonExamples = ["my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB"];

/** Each type once, each condition whole. */
export function validateConditions(conditions: readonly Condition[], path: FieldPath, errors: FieldError[]): void {
  const types = new Set<string>();
  conditions.forEach((condition, i) => {
    const at = path.index(i);
    if (types.has(condition.type)) errors.push(duplicate(at.child("type"), condition.type));
    types.add(condition.type);
    validateCondition(condition, at, errors);
  });
}

function validateCondition(condition: Condition, at: FieldPath, errors: FieldError[]): void {
  validateLabelName(condition.type ?? "", at.child("type"), errors);
  if (!statuses.includes(condition.status)) errors.push(notSupported(at.child("status"), condition.status ?? "", statuses));
  const generation = condition.observedGeneration ?? 0;
  if (generation < 0) errors.push(invalidField(at.child("observedGeneration"), generation, "must be greater than or equal to zero"));
  if (!condition.lastTransitionTime) errors.push(required(at.child("lastTransitionTime")));
  const reason = condition.reason ?? "";
  if (reason === "") errors.push(required(at.child("reason")));
  else {
    if (!reasonRegex.test(reason)) {
      errors.push(invalidField(at.child("reason"), reason, regexMessage(reasonMessage, reasonPattern, ...reasonExamples)));
    }
    if (byteLength(reason) > reasonLimit) errors.push(tooLong(at.child("reason"), reasonLimit));
  }
  if (byteLength(condition.message ?? "") > messageLimit) errors.push(tooLong(at.child("message"), messageLimit));
}
