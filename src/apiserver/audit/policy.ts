/**
 * The audit policy (audit.k8s.io/v1 Policy): reading and checking the file. Wording of faults:
 * `k8s.io/apiserver/pkg/audit/policy` and `pkg/apis/audit/validation`.
 */
import { parseYaml, YamlError } from "../../lang/yaml.ts";
import { describeFieldError } from "../../schema/field-error.ts";
import type { AuditLevel, AuditPolicy, AuditStage } from "./policy-types.ts";
import { validatePolicy } from "./policy-validation.ts";

type Fields = Record<string, unknown>;

const policyFields = new Set(["apiVersion", "kind", "metadata", "rules", "omitStages", "omitManagedFields"]);
const ruleFields = new Set([
  "level",
  "users",
  "userGroups",
  "verbs",
  "resources",
  "namespaces",
  "nonResourceURLs",
  "omitStages",
  "omitManagedFields",
]);
const resourceFields = new Set(["group", "resources", "resourceNames"]);

/** A policy that cannot be used; the message names the file. */
export class AuditPolicyError extends Error {
  override readonly name = "AuditPolicyError";
}

/**
 * Reads a policy, YAML or JSON. `warn` is told of fields that the policy does not have: they are passed over, as upstream does.
 * @throws AuditPolicyError
 */
export function parseAuditPolicy(text: string, fileName: string, warn: (message: string) => void = () => undefined): AuditPolicy {
  const fail = (why: string): AuditPolicyError => new AuditPolicyError(`loading audit policy file: ${why}: from file ${fileName}`);
  let document: unknown;
  try {
    document = parseYaml(text);
  } catch (error) {
    if (error instanceof YamlError) throw fail(`failed decoding: ${error.message}`);
    throw error;
  }
  if (typeof document !== "object" || document === null || Array.isArray(document))
    throw fail("failed decoding: couldn't get version/kind; json parse error: the file is not an object");
  const policy = document as Fields;
  const { kind, apiVersion } = policy;
  // Without them upstream takes the file for its internal version, and then wants to know of which version it is.
  if (kind === undefined || kind === "" || apiVersion === undefined || apiVersion === "")
    throw fail("unknown group version field audit.k8s.io/__internal, Kind=Policy in policy");
  if (kind !== "Policy" || apiVersion !== "audit.k8s.io/v1") {
    const what = `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`;
    throw fail(`failed decoding: ${what} in scheme "pkg/runtime/scheme.go:111"`);
  }
  const unknown = unknownFields(policy);
  if (unknown.length > 0)
    warn(`Audit policy contains errors, falling back to lenient decoding: strict decoding error: ${unknown.join(", ")}`);
  const shaped = shape(policy, fail);
  const errors = validatePolicy(shaped);
  if (errors.length > 0) {
    const texts = errors.map(describeFieldError);
    throw fail(texts.length === 1 ? (texts[0] as string) : `[${texts.join(", ")}]`);
  }
  if (shaped.rules.length === 0) throw fail("loaded illegal policy with 0 rules");
  return withPolicyStages(shaped);
}

function unknownFields(policy: Fields): string[] {
  const found: string[] = [];
  const look = (value: Fields, known: ReadonlySet<string>, path: string): void => {
    for (const key of Object.keys(value)) if (!known.has(key)) found.push(`unknown field ${JSON.stringify(`${path}${key}`)}`);
  };
  look(policy, policyFields, "");
  objects(policy["rules"]).forEach((rule, i) => {
    look(rule, ruleFields, `rules[${i}].`);
    objects(rule["resources"]).forEach((r, j) => look(r, resourceFields, `rules[${i}].resources[${j}].`));
  });
  return found;
}

function objects(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter((v): v is Fields => typeof v === "object" && v !== null) : [];
}

type Fail = (why: string) => AuditPolicyError;

function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

function mistyped(fail: Fail, value: unknown, field: string, type: string): AuditPolicyError {
  return fail(`failed decoding: json: cannot unmarshal ${jsonKind(value)} into Go struct field ${field} of type ${type}`);
}

function textOf(fail: Fail, value: unknown, field: string, type = "string"): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw mistyped(fail, value, field, type);
  return value;
}

function textsOf(fail: Fail, value: unknown, field: string, type = "string"): readonly string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw mistyped(fail, value, field, `[]${type}`);
  return value.map((item) => textOf(fail, item, field, type));
}

function flagOf(fail: Fail, value: unknown, field: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "boolean") throw mistyped(fail, value, field, "bool");
  return value;
}

function shape(policy: Fields, fail: Fail): AuditPolicy {
  const rules = policy["rules"];
  if (rules !== undefined && rules !== null && !Array.isArray(rules)) throw mistyped(fail, rules, "Policy.rules", "[]v1.PolicyRule");
  return {
    rules: objects(rules).map((rule) => shapeRule(rule, fail)),
    omitStages: textsOf(fail, policy["omitStages"], "Policy.omitStages", "v1.Stage") as AuditStage[],
    omitManagedFields: flagOf(fail, policy["omitManagedFields"], "Policy.omitManagedFields") ?? false,
  };
}

function shapeRule(rule: Fields, fail: Fail): AuditPolicy["rules"][number] {
  const texts = (key: string, type?: string): readonly string[] => textsOf(fail, rule[key], `PolicyRule.rules.${key}`, type);
  return {
    level: textOf(fail, rule["level"], "PolicyRule.rules.level", "v1.Level") as AuditLevel,
    users: texts("users"),
    userGroups: texts("userGroups"),
    verbs: texts("verbs"),
    resources: objects(rule["resources"]).map((r) => ({
      group: textOf(fail, r["group"], "GroupResources.rules.resources.group"),
      resources: textsOf(fail, r["resources"], "GroupResources.rules.resources.resources"),
      resourceNames: textsOf(fail, r["resourceNames"], "GroupResources.rules.resources.resourceNames"),
    })),
    namespaces: texts("namespaces"),
    nonResourceURLs: texts("nonResourceURLs"),
    omitStages: texts("omitStages", "v1.Stage") as AuditStage[],
    omitManagedFields: flagOf(fail, rule["omitManagedFields"], "PolicyRule.rules.omitManagedFields"),
  };
}

/** What the policy leaves out, each rule leaves out. */
function withPolicyStages(policy: AuditPolicy): AuditPolicy {
  const rules = policy.rules.map((rule) => ({ ...rule, omitStages: [...new Set([...policy.omitStages, ...rule.omitStages])] }));
  return { ...policy, rules };
}
