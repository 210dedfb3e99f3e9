import type { FieldError, FieldPath as Path } from "../../schema/field-error.ts";
import { FieldPath, forbiddenField, invalidField, notSupported, required } from "../../schema/field-error.ts";
import type {
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from "../../schema/types/flowcontrol-v1.ts";
import { invalidEach, nameIsDnsLabel, nameIsDnsSubdomain } from "../formats.ts";
import { validateConditionTypes } from "../priority-level-configuration/validation.ts";

const path = new FieldPath("spec");

/** What the mandatory schemas say is not compared here: they are put back when they are changed. */
export function validateFlowSchema({ metadata, spec, status }: FlowSchema): FieldError[] {
  const errors: FieldError[] = [];
  const { matchingPrecedence: precedence = 0, distinguisherMethod, priorityLevelConfiguration, rules = [] } = spec ?? {};
  const wrong = (why: string): void => void errors.push(invalidField(path.child("matchingPrecedence"), precedence, why));
  if (precedence <= 0) wrong("must be a positive value");
  if (precedence > 10_000) wrong("must not be greater than 10000");
  if (precedence === 1 && metadata?.name !== "exempt") wrong("only the schema named 'exempt' may have matchingPrecedence 1");
  const methods = ["ByNamespace", "ByUser"];
  if (distinguisherMethod !== undefined && !methods.includes(distinguisherMethod.type)) {
    errors.push(notSupported(path.child("distinguisherMethod", "type"), { Type: distinguisherMethod.type }, methods));
  }
  const at = path.child("priorityLevelConfiguration", "name");
  const level = priorityLevelConfiguration?.name ?? "";
  if (level === "") errors.push(required(at, "must reference a priority level"));
  else invalidEach(nameIsDnsSubdomain(level, false), at, level, errors);
  rules.forEach((rule, i) => validateRule(rule, path.child("rules").index(i), errors));
  validateConditionTypes(status?.conditions, errors);
  return errors;
}

function validateRule(rule: PolicyRulesWithSubjects, at: Path, errors: FieldError[]): void {
  const { subjects, resourceRules = [], nonResourceRules = [] } = rule;
  if (!subjects?.length) errors.push(required(at.child("subjects"), "subjects must contain at least one value"));
  subjects?.forEach((subject, i) => validateSubject(subject, at.child("subjects").index(i), errors));
  if (resourceRules.length === 0 && nonResourceRules.length === 0) {
    errors.push(required(at, "at least one of resourceRules and nonResourceRules has to be non-empty"));
  }
  resourceRules.forEach((r, i) => validateResourceRule(r, at.child("resourceRules").index(i), errors));
  nonResourceRules.forEach((r, i) => validateUrlRule(r, at.child("nonResourceRules").index(i), errors));
}

const subjectFields = { ServiceAccount: "serviceAccount", User: "user", Group: "group" } as const;

function validateSubject(subject: Subject, at: Path, errors: FieldError[]): void {
  const { kind } = subject;
  if (kind !== "ServiceAccount" && kind !== "User" && kind !== "Group") {
    errors.push(notSupported(at.child("kind"), kind ?? "", ["Group", "ServiceAccount", "User"]));
    return;
  }
  const field = subjectFields[kind];
  const who = subject[field];
  const here = at.child(field);
  if (who === undefined) errors.push(required(here, `${field} is required when subject kind is '${kind}'`));
  else if (!who.name) errors.push(required(here.child("name")));
  if (kind === "ServiceAccount" && subject.serviceAccount) {
    const { name, namespace } = subject.serviceAccount;
    if (name && name !== "*") invalidEach(nameIsDnsSubdomain(name, false), here.child("name"), name, errors);
    if (!namespace) errors.push(required(here.child("namespace"), "must specify namespace for service account"));
    else invalidEach(nameIsDnsLabel(namespace, false), here.child("namespace"), namespace, errors);
  }
  const others: readonly (keyof typeof subjectFields)[] =
    kind === "User" ? ["ServiceAccount", "Group"] : kind === "Group" ? ["ServiceAccount", "User"] : ["User", "Group"];
  for (const other of others) {
    const otherField = subjectFields[other];
    if (subject[otherField] !== undefined) {
      errors.push(forbiddenField(at.child(otherField), `${otherField} is forbidden when subject kind is not '${other}'`));
    }
  }
}

const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];

function validateVerbs(given: readonly string[] | undefined, at: Path, errors: FieldError[]): void {
  if (!given?.length) errors.push(required(at, "verbs must contain at least one value"));
  else if (given.includes("*")) {
    if (given.length > 1) errors.push(invalidField(at, given, "if '*' is present, must not specify other verbs"));
  } else if (!given.every((v) => verbs.includes(v))) errors.push(notSupported(at, given, verbs));
}

function validateUrlRule({ verbs: given, nonResourceURLs: urls }: NonResourcePolicyRule, at: Path, errors: FieldError[]): void {
  validateVerbs(given, at.child("verbs"), errors);
  const here = at.child("nonResourceURLs");
  if (!urls?.length) errors.push(required(here, "nonResourceURLs must contain at least one value"));
  else if (urls.includes("*")) {
    if (urls.length > 1) errors.push(invalidField(here, urls, "if '*' is present, must not specify other non-resource URLs"));
  } else {
    urls.forEach((url, i) => {
      const fault = urlFault(url);
      if (fault !== undefined) errors.push(invalidField(here.index(i), url, fault));
    });
  }
}

function urlFault(url: string): string | undefined {
  if (url === "") return "must not be empty";
  if (url === "/") return undefined;
  if (!url.startsWith("/")) return "must start with slash";
  if (url.includes(" ")) return "must not contain white-space";
  if (url.includes("//")) return "must not contain double slash";
  const wildcard = url.indexOf("*");
  return wildcard === -1 || (wildcard === url.length - 1 && url.endsWith("/*")) ? undefined : "wildcard can only do suffix matching";
}

function validateResourceRule(rule: ResourcePolicyRule, at: Path, errors: FieldError[]): void {
  validateVerbs(rule.verbs, at.child("verbs"), errors);
  const list = (field: "apiGroups" | "resources", one: string, others: string): void => {
    const values = rule[field] as readonly string[] | undefined;
    if (!values?.length) errors.push(required(at.child(field), `resource rules must supply at least one ${one}`));
    else if (values.length > 1 && values.includes("*")) {
      errors.push(invalidField(at.child(field), values, `if '*' is present, must not specify other ${others}`));
    }
  };
  list("apiGroups", "api group", "api groups");
  list("resources", "resource", "resources");
  const { clusterScope } = rule;
  // An empty list is null, as Go writes it.
  const namespaces = rule.namespaces ?? [];
  const here = at.child("namespaces");
  if (namespaces.length === 0 && clusterScope !== true) {
    errors.push(required(here, "resource rules that are not cluster scoped must supply at least one namespace"));
  } else if (namespaces.includes("*")) {
    if (namespaces.length > 1) errors.push(invalidField(here, namespaces, "if '*' is present, must not specify other namespaces"));
  } else {
    namespaces.forEach((namespace, i) => {
      const messages = nameIsDnsLabel(namespace, false).map((m) => `each member of this list must be '*' or a DNS-1123 label; ${m}`);
      invalidEach(messages, here.index(i), namespace, errors);
    });
  }
}
