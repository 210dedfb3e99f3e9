/** What is wrong with an audit policy that could be read. */
import { dns1123Subdomain } from "../../core/names.ts";
import { type FieldError, FieldPath, invalidField, notSupported, required } from "../../schema/field-error.ts";
import type { AuditPolicy, PolicyRule } from "./policy-types.ts";

export const auditLevels: readonly string[] = ["None", "Metadata", "Request", "RequestResponse"];
export const auditStages: readonly string[] = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"];

/** Every fault, in upstream's order. */
export function validatePolicy(policy: Pick<AuditPolicy, "rules" | "omitStages">): FieldError[] {
  const rules = new FieldPath("rules");
  return [
    ...validateStages(policy.omitStages, new FieldPath("omitStages")),
    ...policy.rules.flatMap((rule, i) => validateRule(rule, rules.index(i))),
  ];
}

function validateRule(rule: PolicyRule, path: FieldPath): FieldError[] {
  const errors = [
    ...validateLevel(rule.level, path.child("level")),
    ...validateUrls(rule.nonResourceURLs, path.child("nonResourceURLs")),
    ...rule.resources.flatMap(({ group, resources, resourceNames }) => validateResources(group, resources, resourceNames, path)),
    ...validateStages(rule.omitStages, path.child("omitStages")),
  ];
  if (rule.nonResourceURLs.length > 0 && (rule.resources.length > 0 || rule.namespaces.length > 0)) {
    const why = "rules cannot apply to both regular resources and non-resource URLs";
    errors.push(invalidField(path.child("nonResourceURLs"), rule.nonResourceURLs, why));
  }
  return errors;
}

function validateLevel(level: string, path: FieldPath): FieldError[] {
  if (auditLevels.includes(level)) return [];
  return [level === "" ? required(path) : notSupported(path, level, auditLevels)];
}

function validateUrls(urls: readonly string[], path: FieldPath): FieldError[] {
  return urls.flatMap((url, i) => {
    if (url === "*") return [];
    const errors: FieldError[] = [];
    const at = path.index(i);
    if (!url.startsWith("/")) errors.push(invalidField(at, url, "non-resource URL rules must begin with a '/' character"));
    if (url.slice(0, -1).includes("*"))
      errors.push(invalidField(at, url, "non-resource URL wildcards '*' must be the final character of the rule"));
    return errors;
  });
}

function validateResources(group: string, resources: readonly string[], names: readonly string[], rule: FieldPath): FieldError[] {
  const path = rule.child("resources");
  const errors: FieldError[] = [];
  const messages = group === "" || group === "*" ? [] : dns1123Subdomain(group);
  if (messages.length > 0) errors.push(invalidField(path.child("group"), group, messages.join(",")));
  if (names.length > 0 && resources.length === 0)
    errors.push(invalidField(path.child("resourceNames"), names, "using resourceNames requires at least one resource"));
  return errors;
}

function validateStages(stages: readonly string[], path: FieldPath): FieldError[] {
  return stages.flatMap((stage, i) =>
    auditStages.includes(stage) ? [] : [invalidField(path.index(i), stage, `allowed stages are ${auditStages.join(",")}`)],
  );
}
