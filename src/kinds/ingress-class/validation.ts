import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, forbiddenField, notSupported, required, tooLong } from "../../schema/field-error.ts";
import type { IngressClass } from "../../schema/types/networking-v1.ts";
import { byteLength, invalidEach, nameIsDnsLabel, validateDomainPrefixedPath } from "../formats.ts";
import { validateObjectReference } from "../ingress/validation.ts";
import { validateImmutable } from "../object-meta.ts";

const path = new FieldPath("spec");

export function validateIngressClass({ spec }: IngressClass): FieldError[] {
  const errors: FieldError[] = [];
  const controller = spec?.controller ?? "";
  if (byteLength(controller) > 250) errors.push(tooLong(path.child("controller"), 250));
  validateDomainPrefixedPath(controller, path.child("controller"), errors);
  const { parameters } = spec ?? {};
  if (parameters === undefined) return errors;
  const at = path.child("parameters");
  validateObjectReference(parameters, at, errors);
  const { scope, namespace } = parameters;
  if (scope === undefined) errors.push(required(at.child("scope")));
  else if (scope === "Namespace") {
    if (namespace === undefined) errors.push(required(at.child("namespace"), "`parameters.scope` is set to 'Namespace'"));
    else invalidEach(nameIsDnsLabel(namespace, false), at.child("namespace"), namespace, errors);
  } else if (scope !== "Cluster") errors.push(notSupported(at.child("scope"), scope, ["Cluster", "Namespace"]));
  else if (namespace !== undefined) errors.push(forbiddenField(at.child("namespace"), "`parameters.scope` is set to 'Cluster'"));
  return errors;
}

export function validateIngressClassUpdate(ingressClass: IngressClass, old: IngressClass): FieldError[] {
  const errors: FieldError[] = [];
  validateImmutable(ingressClass.spec?.controller ?? "", old.spec?.controller ?? "", path.child("controller"), errors);
  return [...errors, ...validateIngressClass(ingressClass)];
}
