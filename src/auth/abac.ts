/** Attribute based access control: policies of a file, a JSON object a line (`--authorization-mode ABAC`). */
import { goQuote } from "../core/go-quote.ts";
import { ConfigError, type ConfigKind, readConfigDocument } from "./config/config-document.ts";
import type { Attributes, Authorizer, Verdict } from "./authorizer.ts";
import type { RuleResolver, RuleSet } from "./authorizers.ts";
import { authenticatedGroup } from "./names.ts";
import type { UserInfo } from "./user.ts";

/** Empty fields match nothing, `*` everything. */
interface Policy {
  readonly user: string;
  readonly group: string;
  readonly readonly: boolean;
  readonly apiGroup: string;
  readonly resource: string;
  readonly namespace: string;
  readonly nonResourcePath: string;
}

const document: ConfigKind = {
  kind: "Policy",
  versions: ["abac.authorization.kubernetes.io/v1beta1"],
  shape: {
    name: "Policy",
    fields: {
      spec: {
        name: "PolicySpec",
        fields: {
          user: "string",
          group: "string",
          readonly: "bool",
          apiGroup: "string",
          resource: "string",
          namespace: "string",
          nonResourcePath: "string",
        },
      },
    },
  },
};

/** Throws an Error that names file and line. */
export function parseAbacPolicies(text: string, path: string): Policy[] {
  const policies: Policy[] = [];
  text.split("\n").forEach((line, i) => {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) return;
    try {
      policies.push(parsePolicy(line));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw new Error(`error reading policy file ${path}, line ${i + 1}: ${line}: ${error.message}`, { cause: error });
    }
  });
  return policies;
}

function parsePolicy(line: string): Policy {
  let given: unknown;
  try {
    given = JSON.parse(line);
  } catch (error) {
    throw new ConfigError(`couldn't get version/kind; json parse error: ${(error as Error).message}`);
  }
  const { kind, apiVersion } = (given ?? {}) as { kind?: string; apiVersion?: string };
  if (!kind || !apiVersion || kind !== document.kind || !document.versions.includes(apiVersion))
    return unversioned(given as Partial<Policy>);
  const { spec } = readConfigDocument(line, document) as { spec?: Partial<Policy> };
  const { user = "", group = "", readonly = false, apiGroup = "", resource = "", namespace = "", nonResourcePath = "" } = spec ?? {};
  return { ...subject(user, group), readonly, apiGroup, resource, namespace, nonResourcePath };
}

/** A star is everybody who is known. */
function subject(user: string, group: string): { user: string; group: string } {
  return user === "*" || group === "*" ? { user: "", group: authenticatedGroup } : { user, group };
}

/** The form without version: what is left out matches everything. */
function unversioned(given: Partial<Policy>): Policy {
  if (typeof given !== "object" || given === null)
    throw new ConfigError(`json: cannot unmarshal ${goQuote(String(given))} into Go value of type v0.Policy`);
  const { user = "", group = "", readonly = false, resource = "", namespace = "" } = given;
  return {
    ...(user === "" && group === "" ? { user: "", group: authenticatedGroup } : subject(user, group)),
    readonly,
    apiGroup: "*",
    resource: resource === "" ? "*" : resource,
    namespace: namespace === "" ? "*" : namespace,
    nonResourcePath: resource === "" && namespace === "" ? "*" : "",
  };
}

function concerns({ user, group }: Policy, who: UserInfo): boolean {
  if (user !== "" && user !== "*" && user !== who.name) return false;
  if (group !== "" && group !== "*" && !who.groups.includes(group)) return false;
  return user !== "" || group !== "";
}

const reads = new Set(["get", "list", "watch"]);
const fits = (pattern: string, value: string): boolean => pattern === "*" || pattern === value;

function covers(policy: Policy, a: Attributes): boolean {
  if (policy.readonly && !reads.has(a.verb)) return false;
  if (a.resourceRequest) {
    return fits(policy.namespace, a.namespace) && fits(policy.resource, a.resource) && fits(policy.apiGroup, a.group);
  }
  const pattern = policy.nonResourcePath;
  return fits(pattern, a.path) || (pattern.endsWith("*") && a.path.startsWith(pattern.replace(/\*+$/, "")));
}

export class AbacAuthorizer implements Authorizer, RuleResolver {
  readonly #policies: readonly Policy[];

  constructor(policies: readonly Policy[]) {
    this.#policies = policies;
  }

  authorize(attributes: Attributes): Verdict {
    const allowed = this.#policies.some((p) => concerns(p, attributes.user) && covers(p, attributes));
    return allowed ? { decision: "allow", reason: "" } : { decision: "no-opinion", reason: "No policy matched." };
  }

  rulesFor(user: UserInfo, namespace: string): RuleSet {
    const own = this.#policies.filter((p) => concerns(p, user) && fits(p.namespace, namespace));
    const verbs = (p: Policy): string[] => (p.readonly ? ["get", "list", "watch"] : ["*"]);
    return {
      resourceRules: own
        .filter((p) => p.resource !== "")
        .map((p) => ({ verbs: verbs(p), apiGroups: [p.apiGroup], resources: [p.resource] })),
      nonResourceRules: own.filter((p) => p.nonResourcePath !== "").map((p) => ({ verbs: verbs(p), nonResourceURLs: [p.nonResourcePath] })),
      incomplete: false,
    };
  }
}

export type { Policy as AbacPolicy };
