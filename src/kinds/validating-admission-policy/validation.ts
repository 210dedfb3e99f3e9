import { BOOL, NULL, STRING } from "../../lang/cel/index.ts";
import { compileExpression } from "../../schema/admission/expressions.ts";
import { PolicyCompiler } from "../../schema/admission/policy-compiler.ts";
import { duplicate, type FieldError, FieldPath, invalidField, notSupported, required } from "../../schema/field-error.ts";
import type {
  AuditAnnotation,
  ExpressionWarning,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicySpec,
  Validation,
} from "../../schema/types/admissionregistration-v1.ts";
import { validateFailurePolicy, validateMatchConstraints, validateParamKind, validateVariable } from "../admission-policy-rules.ts";
import { validateConditions } from "../conditions.ts";
import { validateQualifiedName } from "../formats.ts";
import { checkExpression, expressionError, validateMatchConditions } from "../match-conditions.ts";
import { semanticEqual } from "../semantic-equal.ts";

/** `old`: what it follows; conditions that did not change are not looked at again. */
export function validatePolicy(policy: ValidatingAdmissionPolicy, old?: ValidatingAdmissionPolicy): FieldError[] {
  const spec: ValidatingAdmissionPolicySpec = policy.spec ?? {};
  const at = new FieldPath("spec");
  const errors = validateFailurePolicy(spec.failurePolicy, at.child("failurePolicy"));
  const params = spec.paramKind !== undefined;
  if (spec.paramKind !== undefined) errors.push(...validateParamKind(spec.paramKind, at.child("paramKind")));
  errors.push(...validateMatchConstraints(spec.matchConstraints, at.child("matchConstraints")));
  const { paramKind, matchConditions } = old?.spec ?? {};
  const unchanged = old !== undefined && semanticEqual([spec.paramKind, spec.matchConditions], [paramKind, matchConditions]);
  if (!unchanged) errors.push(...validateMatchConditions(spec.matchConditions ?? [], params, at.child("matchConditions")));
  const compiler = new PolicyCompiler({ params, composed: (spec.variables ?? []).length > 0 });
  spec.variables?.forEach((variable, i) => errors.push(...validateVariable(compiler, variable, at.child("variables").index(i))));
  const { validations = [], auditAnnotations = [] } = spec;
  if (validations.length === 0 && auditAnnotations.length === 0) {
    const why = "validations or auditAnnotations must contain at least one item";
    errors.push(required(at.child("validations"), why), required(at.child("auditAnnotations"), why));
  }
  validations.forEach((validation, i) => errors.push(...validateValidation(compiler, validation, at.child("validations").index(i))));
  errors.push(...validateAnnotations(compiler, policy.metadata?.name ?? "", auditAnnotations, at.child("auditAnnotations")));
  return errors;
}

const reasons = ["Forbidden", "Invalid", "RequestEntityTooLarge"];

function validateValidation(compiler: PolicyCompiler, validation: Validation, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { expression = "", message = "", messageExpression = "", reason } = validation;
  const path = at.child("expression");
  if (expression.trim() === "") errors.push(required(path, "expression is not specified"));
  else errors.push(...checkExpression(compiler.environment(), expression, [BOOL], path));
  const messagePath = at.child("messageExpression");
  if (messageExpression.trim() !== "")
    errors.push(...checkExpression(compiler.environment({ authorizer: false }), messageExpression, [STRING], messagePath));
  else if (messageExpression !== "") errors.push(invalidField(messagePath, messageExpression, "must be non-empty if specified"));
  if (message !== "" && message.trim() === "") errors.push(invalidField(at.child("message"), message, "must be non-empty if specified"));
  else if (/[\n\r]/.test(message.trim())) errors.push(invalidField(at.child("message"), message, "must not contain line breaks"));
  if (reason !== undefined && !reasons.includes(reason)) errors.push(notSupported(at.child("reason"), reason, reasons));
  return errors;
}

/** Upstream prints its internal type, whose fields have no names in JSON. */
const internalForm = ({ key, valueExpression }: AuditAnnotation): object => ({ Key: key, ValueExpression: valueExpression });

const mostAnnotations = 20;
const longestExpression = 5 * 1024;

function validateAnnotations(
  compiler: PolicyCompiler,
  policy: string,
  annotations: readonly AuditAnnotation[],
  at: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  if (annotations.length > mostAnnotations)
    errors.push(invalidField(at, annotations.map(internalForm), `must not have more than ${mostAnnotations} auditAnnotations`));
  const keys = new Set<string>();
  annotations.forEach(({ key = "", valueExpression = "" }, i) => {
    const here = at.index(i);
    if (policy === "") errors.push(invalidField(here.child("key"), key, "requires metadata.name be non-empty"));
    else validateQualifiedName(`${policy}/${key}`, here.child("key"), errors);
    const trimmed = valueExpression.trim();
    const path = here.child("valueExpression");
    if (trimmed === "") errors.push(required(path, "valueExpression is not specified"));
    else if (Buffer.byteLength(trimmed) > longestExpression)
      errors.push(required(path, `must not exceed ${longestExpression} bytes in length`));
    else errors.push(...expressionError(compileExpression(compiler.environment(), trimmed, [STRING, NULL]), path, valueExpression));
    if (keys.has(key)) errors.push(duplicate(here.child("key"), key));
    keys.add(key);
  });
  return errors;
}

export function validatePolicyStatus({ status = {} }: ValidatingAdmissionPolicy): FieldError[] {
  const at = new FieldPath("status");
  const warnings = at.child("typeChecking").child("expressionWarnings");
  const errors = (status.typeChecking?.expressionWarnings ?? []).flatMap((warning, i) => validateWarning(warning, warnings.index(i)));
  validateConditions(status.conditions ?? [], at.child("conditions"), errors);
  return errors;
}

function validateWarning({ warning, fieldRef = "" }: ExpressionWarning, at: FieldPath): FieldError[] {
  return [...(warning ? [] : [required(at.child("warning"))]), ...(fieldRef.trim() === "" ? [required(at.child("fieldRef"))] : [])];
}
