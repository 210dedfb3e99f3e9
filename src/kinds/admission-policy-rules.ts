/** What admission policies and their bindings have in common (`admissionregistration/validation`). */
import type { PolicyCompiler } from "../schema/admission/policy-compiler.ts";
import { dns1035Label, dns1123Subdomain, nameIsDnsSubdomain } from "../core/names.ts";
import { duplicate, type FieldError, type FieldPath, forbiddenField, invalidField, notSupported, required } from "../schema/field-error.ts";
import type { MatchResources, NamedRuleWithOperations, ParamKind, ParamRef, Variable } from "../schema/types/admissionregistration-v1.ts";
import { validateRule } from "./admission-rules.ts";
import { pathSegment } from "./formats.ts";
import { expressionError } from "./match-conditions.ts";
import { validateLabelSelector } from "./object-meta.ts";

const failurePolicies = ["Fail", "Ignore"];
const matchPolicies = ["Equivalent", "Exact"];

export function validateFailurePolicy(value: string | undefined, at: FieldPath): FieldError[] {
  if (value === undefined) return [required(at)];
  return failurePolicies.includes(value) ? [] : [notSupported(at, value, failurePolicies)];
}

/** Of a policy: at least one rule is wanted, which says of what types its expressions are. */
export function validateMatchConstraints(match: MatchResources | undefined, at: FieldPath): FieldError[] {
  if (match === undefined) return [required(at)];
  const errors = validateMatchResources(match, at);
  if ((match.resourceRules ?? []).length === 0) errors.push(required(at.child("resourceRules")));
  return errors;
}

export function validateMatchResources(match: MatchResources | undefined, at: FieldPath): FieldError[] {
  if (match === undefined) return [];
  const errors: FieldError[] = [];
  const { matchPolicy } = match;
  if (matchPolicy === undefined) errors.push(required(at.child("matchPolicy")));
  else if (!matchPolicies.includes(matchPolicy)) errors.push(notSupported(at.child("matchPolicy"), matchPolicy, matchPolicies));
  for (const field of ["namespaceSelector", "objectSelector"] as const) {
    if (match[field] === undefined) errors.push(required(at.child(field)));
    else validateLabelSelector(match[field], at.child(field), errors);
  }
  match.resourceRules?.forEach((rule, i) => errors.push(...validateNamedRule(rule, at.child("resourceRules").index(i))));
  match.excludeResourceRules?.forEach((rule, i) => errors.push(...validateNamedRule(rule, at.child("excludeResourceRules").index(i))));
  return errors;
}

function validateNamedRule(rule: NamedRuleWithOperations, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  rule.resourceNames?.forEach((name, i) => {
    const here = at.child("resourceNames").index(i);
    for (const message of pathSegment(name, false)) errors.push(invalidField(here, name, message));
    if (names.has(name)) errors.push(duplicate(here, name));
    names.add(name);
  });
  validateRule(rule, at, errors);
  return errors;
}

const mutatingOperations = ["*", "CONNECT", "CREATE", "UPDATE"];

/** A deletion has no object to be mutated. */
export function validateMutatingOperations(match: MatchResources | undefined, at: FieldPath): FieldError[] {
  const path = at.child("resourceRules").child("operations");
  return (match?.resourceRules ?? []).flatMap(({ operations = [] }) =>
    operations
      .filter((operation) => !mutatingOperations.includes(operation))
      .map((operation) => notSupported(path, operation, mutatingOperations)),
  );
}

export function validateParamKind({ apiVersion = "", kind = "" }: ParamKind, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const path = at.child("apiVersion");
  const parts = apiVersion === "/" ? ["", ""] : apiVersion.split("/");
  const [group, version] = parts.length === 1 ? ["", parts[0] as string] : (parts as [string, string]);
  if (apiVersion === "") errors.push(required(path));
  else if (parts.length > 2) errors.push(invalidField(path, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  else {
    const wrong = group === "" ? [] : dns1123Subdomain(group);
    if (wrong.length > 0) errors.push(invalidField(path, group, wrong.join(",")));
    const faults = version === "" ? [] : dns1035Label(version);
    if (version === "") errors.push(invalidField(path, apiVersion, "version must be specified"));
    else if (faults.length > 0) errors.push(invalidField(path, version, faults.join(",")));
  }
  const faults = dns1035Label(kind.toLowerCase());
  if (kind === "") errors.push(required(at.child("kind")));
  else if (faults.length > 0)
    errors.push(invalidField(at.child("kind"), kind, `may have mixed case, but should otherwise match: ${faults.join(",")}`));
  return errors;
}

const reserved = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(" "),
);

/** Declares the variable: those after it, and the policy's expressions, may use it. */
export function validateVariable(compiler: PolicyCompiler, { name = "", expression = "" }: Variable, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (name.trim() === "") errors.push(required(at.child("name"), "name is not specified"));
  else if (!/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) || reserved.has(name))
    errors.push(invalidField(at.child("name"), name, "must be a valid CEL identifier"));
  if (expression.trim() === "") errors.push(required(at.child("expression"), "expression is not specified"));
  else errors.push(...expressionError(compiler.declare({ name, expression }), at.child("expression")));
  return errors;
}

interface BindingSpec {
  readonly policyName?: string | undefined;
  readonly paramRef?: ParamRef | undefined;
  readonly matchResources?: MatchResources | undefined;
}

/** What bindings of both kinds have. */
export function validateBinding({ policyName = "", paramRef, matchResources }: BindingSpec, at: FieldPath): FieldError[] {
  const path = at.child("policyName");
  return [
    ...(policyName === "" ? [required(path)] : nameIsDnsSubdomain(policyName, false).map((m) => invalidField(path, policyName, m))),
    ...(paramRef === undefined ? [] : validateParamRef(paramRef, at.child("paramRef"))),
    ...validateMatchResources(matchResources, at.child("matchResources")),
  ];
}

function validateParamRef({ name = "", selector, parameterNotFoundAction: action }: ParamRef, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const exclusive = "name and selector are mutually exclusive";
  if (name !== "") {
    for (const message of pathSegment(name, false)) errors.push(invalidField(at.child("name"), name, message));
    if (selector !== undefined) errors.push(forbiddenField(at.child("name"), exclusive));
  }
  if (selector !== undefined) {
    validateLabelSelector(selector, at.child("selector"), errors);
    if (name !== "") errors.push(forbiddenField(at.child("selector"), exclusive));
  } else if (name === "") errors.push(required(at, "one of name or selector must be specified"));
  const actions = ["Deny", "Allow"];
  if (!action) errors.push(required(at.child("parameterNotFoundAction")));
  else if (!actions.includes(action)) errors.push(notSupported(at.child("parameterNotFoundAction"), action, actions));
  return errors;
}
