import type { MutatingAdmissionPolicy } from "../../schema/types/admissionregistration-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function mutatingAdmissionPolicyCells(policy: MutatingAdmissionPolicy, now: number): unknown[] {
  const kind = policy.spec?.paramKind;
  const text = kind === undefined ? "<unset>" : `${kind.apiVersion ?? ""}/${kind.kind ?? ""}`;
  return [nameOf(policy), policy.spec?.mutations?.length ?? 0, text, age(policy, now)];
}
