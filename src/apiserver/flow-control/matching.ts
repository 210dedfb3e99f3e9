/**
 * Which flow schema a request belongs to: the first, in order of precedence, one of whose rules has its user among its
 * subjects and its verb and resource, or path, among what it is about (KEP-1040). What concerns the user alone is worked out
 * once for each user.
 */
import type { UserInfo } from "../../auth/user.ts";
import type { FlowSchema, NonResourcePolicyRule, ResourcePolicyRule, Subject } from "../../schema/types/flowcontrol-v1.ts";
import type { RequestInfo } from "../request.ts";

interface ResourceMatcher {
  readonly verbs: ReadonlySet<string> | undefined;
  readonly groups: ReadonlySet<string> | undefined;
  readonly resources: ReadonlySet<string> | undefined;
  readonly namespaces: ReadonlySet<string> | undefined;
  readonly clusterScope: boolean;
}

interface PathMatcher {
  readonly verbs: ReadonlySet<string> | undefined;
  readonly paths: readonly string[];
}

interface RuleMatcher {
  readonly subjects: readonly Subject[];
  readonly resources: readonly ResourceMatcher[];
  readonly paths: readonly PathMatcher[];
}

/** What a schema asks of requests of one user, once the user fits. */
interface SchemaRules<T> {
  readonly of: T;
  readonly resources: readonly ResourceMatcher[];
  readonly paths: readonly PathMatcher[];
}

/** Undefined: everything. Validation has seen to it that a wildcard stands alone. */
function setOf(values: readonly string[] | undefined): ReadonlySet<string> | undefined {
  return values?.length === 1 && values[0] === "*" ? undefined : new Set(values);
}

function resourceMatcher(rule: ResourcePolicyRule): ResourceMatcher {
  return {
    verbs: setOf(rule.verbs),
    groups: setOf(rule.apiGroups),
    resources: setOf(rule.resources),
    namespaces: setOf(rule.namespaces),
    clusterScope: rule.clusterScope === true,
  };
}

function pathMatcher(rule: NonResourcePolicyRule): PathMatcher {
  return { verbs: setOf(rule.verbs), paths: rule.nonResourceURLs };
}

const accountPrefix = "system:serviceaccount:";

function isSubject(user: UserInfo, subject: Subject): boolean {
  switch (subject.kind) {
    case "User":
      return subject.user !== undefined && (subject.user.name === "*" || subject.user.name === user.name);
    case "Group":
      return subject.group !== undefined && (subject.group.name === "*" || user.groups.includes(subject.group.name));
    case "ServiceAccount": {
      const account = subject.serviceAccount;
      if (account === undefined) return false;
      const prefix = `${accountPrefix}${account.namespace}:`;
      return account.name === "*" ? user.name.startsWith(prefix) : user.name === prefix + account.name;
    }
    default:
      return false;
  }
}

function fitsResource(rule: ResourceMatcher, info: RequestInfo, resource: string): boolean {
  if (rule.verbs !== undefined && !rule.verbs.has(info.verb)) return false;
  if (rule.resources !== undefined && !rule.resources.has(resource)) return false;
  if (rule.groups !== undefined && !rule.groups.has(info.group)) return false;
  if (info.namespace === "") return rule.clusterScope;
  return rule.namespaces === undefined || rule.namespaces.has(info.namespace);
}

function fitsPath(rule: PathMatcher, info: RequestInfo): boolean {
  if (rule.verbs !== undefined && !rule.verbs.has(info.verb)) return false;
  return rule.paths.some((wanted) => {
    if (wanted === "*" || wanted === info.path) return true;
    const prefix = wanted.endsWith("*") ? wanted.slice(0, -1) : wanted;
    return info.path.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`);
  });
}

/** Schemas in order of precedence, each with a value of the caller's. */
export class SchemaMatcher<T> {
  readonly #schemas: readonly { readonly of: T; readonly rules: readonly RuleMatcher[] }[];
  readonly #users = new WeakMap<UserInfo, readonly SchemaRules<T>[]>();

  constructor(schemas: readonly { readonly schema: FlowSchema; readonly of: T }[]) {
    this.#schemas = schemas.map(({ schema, of }) => ({
      of,
      rules: (schema.spec?.rules ?? []).map((rule) => ({
        subjects: rule.subjects,
        resources: (rule.resourceRules ?? []).map(resourceMatcher),
        paths: (rule.nonResourceRules ?? []).map(pathMatcher),
      })),
    }));
  }

  /** Undefined when none fits. */
  match(user: UserInfo, info: RequestInfo): T | undefined {
    let rules = this.#users.get(user);
    if (rules === undefined) this.#users.set(user, (rules = this.#rulesOf(user)));
    if (!info.isResource) return rules.find((schema) => schema.paths.some((rule) => fitsPath(rule, info)))?.of;
    const resource = info.subresource === "" ? info.resource : `${info.resource}/${info.subresource}`;
    for (const schema of rules) {
      for (const rule of schema.resources) if (fitsResource(rule, info, resource)) return schema.of;
    }
    return undefined;
  }

  #rulesOf(user: UserInfo): SchemaRules<T>[] {
    return this.#schemas.flatMap(({ of, rules }) => {
      const fitting = rules.filter((rule) => rule.subjects.some((subject) => isSubject(user, subject)));
      if (fitting.length === 0) return [];
      return [{ of, resources: fitting.flatMap((rule) => rule.resources), paths: fitting.flatMap((rule) => rule.paths) }];
    });
  }
}

/** By rising number of precedence, then by name. */
export function inPrecedence(schemas: readonly FlowSchema[]): FlowSchema[] {
  const precedence = (schema: FlowSchema): number => schema.spec?.matchingPrecedence ?? 0;
  const name = (schema: FlowSchema): string => schema.metadata?.name ?? "";
  return schemas.toSorted((a, b) => precedence(a) - precedence(b) || (name(a) < name(b) ? -1 : 1));
}
