import type { ParamRef, ValidatingAdmissionPolicyBinding } from "../../schema/types/admissionregistration-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function validatingAdmissionPolicyBindingCells(binding: ValidatingAdmissionPolicyBinding, now: number): unknown[] {
  return [nameOf(binding), binding.spec?.policyName ?? "", paramText(binding.spec?.paramRef), age(binding, now)];
}

/** What parameters a binding takes. A selector is told the way Go prints it. */
export function paramText(param: ParamRef | undefined): string {
  if (param === undefined) return "<unset>";
  const { name = "", namespace = "", selector } = param;
  if (name !== "") return `${namespace || "*"}/${name}`;
  if (selector === undefined) return "<unset>";
  const labels = Object.keys(selector.matchLabels ?? {}).sort();
  const map = labels.map((k) => `${k}: ${selector.matchLabels?.[k] ?? ""},`).join("");
  const requirements = (selector.matchExpressions ?? []).map(
    (e) => `LabelSelectorRequirement{Key:${e.key},Operator:${e.operator},Values:[${(e.values ?? []).join(" ")}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${map}},MatchExpressions:[]LabelSelectorRequirement{${requirements.join("")}},}`;
}
