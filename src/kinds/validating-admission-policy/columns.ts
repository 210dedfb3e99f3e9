import type { ValidatingAdmissionPolicy } from "../../schema/types/admissionregistration-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function validatingAdmissionPolicyCells(policy: ValidatingAdmissionPolicy, now: number): unknown[] {
  const kind = policy.spec?.paramKind;
  const text = kind === undefined ? "<unset>" : `${kind.apiVersion ?? ""}/${kind.kind ?? ""}`;
  return [nameOf(policy), policy.spec?.validations?.length ?? 0, text, age(policy, now)];
}
