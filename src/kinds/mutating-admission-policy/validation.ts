import { type CelType, KUBERNETES_JSON_PATCH, listOf, objectType } from "../../lang/cel/index.ts";
import { PolicyCompiler } from "../../schema/admission/policy-compiler.ts";
import { type FieldError, FieldPath, invalidField, notSupported, required } from "../../schema/field-error.ts";
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicySpec, Mutation } from "../../schema/types/admissionregistration-v1.ts";
import {
  validateFailurePolicy,
  validateMatchConstraints,
  validateMutatingOperations,
  validateParamKind,
  validateVariable,
} from "../admission-policy-rules.ts";
import { checkExpression, validateMatchConditions } from "../match-conditions.ts";
import { semanticEqual } from "../semantic-equal.ts";

/** `old`: what it follows; conditions that did not change are not looked at again. */
export function validatePolicy(policy: MutatingAdmissionPolicy, old?: MutatingAdmissionPolicy): FieldError[] {
  const spec: MutatingAdmissionPolicySpec = policy.spec ?? {};
  const at = new FieldPath("spec");
  const errors = validateFailurePolicy(spec.failurePolicy, at.child("failurePolicy"));
  const params = spec.paramKind !== undefined;
  if (spec.paramKind !== undefined) errors.push(...validateParamKind(spec.paramKind, at.child("paramKind")));
  errors.push(...validateMatchConstraints(spec.matchConstraints, at.child("matchConstraints")));
  errors.push(...validateMutatingOperations(spec.matchConstraints, at.child("matchConstraints")));
  const { paramKind, matchConditions } = old?.spec ?? {};
  const unchanged = old !== undefined && semanticEqual([spec.paramKind, spec.matchConditions], [paramKind, matchConditions]);
  if (!unchanged) errors.push(...validateMatchConditions(spec.matchConditions ?? [], params, at.child("matchConditions")));
  const compiler = new PolicyCompiler({ params });
  spec.variables?.forEach((variable, i) => errors.push(...validateVariable(compiler, variable, at.child("variables").index(i))));
  const mutations = at.child("mutations");
  if ((spec.mutations ?? []).length === 0) errors.push(required(mutations, "mutations must contain at least one item"));
  spec.mutations?.forEach((mutation, i) => errors.push(...validateMutation(compiler, mutation, mutations.index(i))));
  const { reinvocationPolicy: again } = spec;
  const policies = ["IfNeeded", "Never"];
  if (!again) errors.push(required(at.child("reinvocationPolicy")));
  else if (!policies.includes(again)) errors.push(notSupported(at.child("reinvocationPolicy"), again, policies));
  return errors;
}

/** By patchType: the field that goes with it, and what its expression makes. */
const forms: Readonly<
  Record<string, readonly [field: "applyConfiguration" | "jsonPatch", other: "applyConfiguration" | "jsonPatch", makes: CelType]>
> = {
  ApplyConfiguration: ["applyConfiguration", "jsonPatch", objectType("Object")],
  JSONPatch: ["jsonPatch", "applyConfiguration", listOf(objectType("JSONPatch"))],
};

function validateMutation(compiler: PolicyCompiler, mutation: Mutation, at: FieldPath): FieldError[] {
  const { patchType } = mutation;
  if (!patchType) return [required(at.child("patchType"))];
  const form = forms[patchType];
  if (form === undefined) return [notSupported(at.child("patchType"), patchType, Object.keys(forms))];
  const [field, other, makes] = form;
  const errors: FieldError[] = [];
  const given = mutation[field];
  const path = at.child(field);
  if (given === undefined) errors.push(required(path, `must be specified when patchType is ${patchType}`));
  else {
    const expression = (given.expression ?? "").trim();
    const env = compiler.environment({ patches: KUBERNETES_JSON_PATCH });
    errors.push(
      ...(expression === "" ? [required(path.child("expression"))] : checkExpression(env, expression, [makes], path.child("expression"))),
    );
  }
  if (mutation[other] !== undefined)
    errors.push(invalidField(at.child(other), `{${other}}`, `must not be specified when patchType is ${patchType}`));
  return errors;
}
