import assert from "node:assert/strict";
import { test } from "node:test";
import type { Attributes } from "../../auth/authorizer.ts";
import { parseAuditPolicy } from "./policy.ts";
import { evaluatePolicy } from "./policy-rules.ts";

const head = "apiVersion: audit.k8s.io/v1\nkind: Policy\n";
const policy = (rules: string): ReturnType<typeof parseAuditPolicy> => parseAuditPolicy(`${head}${rules}`, "policy.yaml");

function asks(change: Partial<Attributes> = {}): Attributes {
  return {
    user: { name: "jane", groups: ["devs"] },
    verb: "get",
    resourceRequest: true,
    path: "/api/v1/namespaces/a/pods/p/log",
    group: "",
    version: "v1",
    resource: "pods",
    subresource: "log",
    namespace: "a",
    name: "p",
    fieldSelector: undefined,
    labelSelector: undefined,
    ...change,
  };
}

function level(rules: string, change?: Partial<Attributes>): string {
  return evaluatePolicy(policy(`rules:\n${rules}`), asks(change)).level;
}

void test("the first rule that fits decides, and where none does nothing is told", () => {
  const rules = "- {level: Metadata, users: [bob]}\n- {level: Request, userGroups: [devs]}\n- {level: RequestResponse}";
  assert.equal(level(rules), "Request");
  assert.equal(level(rules, { user: { name: "x", groups: [] } }), "RequestResponse");
  assert.equal(level("- {level: Metadata, verbs: [list]}"), "None");
});

void test("resources are named with their subresource, or by wildcards", () => {
  const on = (resource: string, names = ""): string =>
    level(`- {level: Metadata, resources: [{group: "", resources: [${resource}]${names}}]}`);
  assert.equal(on("pods"), "None");
  assert.equal(on("pods/log"), "Metadata");
  assert.equal(on("'pods/*'"), "Metadata");
  assert.equal(on("'*/log'"), "Metadata");
  assert.equal(on("'*'"), "Metadata");
  assert.equal(on("pods/log", ", resourceNames: [q]"), "None");
  assert.equal(level("- {level: Metadata, namespaces: [b]}"), "None");
  assert.equal(level("- {level: Metadata, resources: [{group: apps}]}"), "None");
  assert.equal(level("- {level: Metadata, resources: [{group: '*'}]}"), "Metadata");
});

void test("paths that are no resources fit rules of paths", () => {
  const path = { resourceRequest: false, path: "/healthz/ping" };
  assert.equal(level("- {level: Metadata, nonResourceURLs: ['/healthz*']}", path), "Metadata");
  assert.equal(level("- {level: Metadata, nonResourceURLs: ['/healthz']}", path), "None");
  assert.equal(level("- {level: Metadata, nonResourceURLs: ['*']}"), "None", "a resource is none of them");
  assert.equal(level("- {level: Metadata, namespaces: ['']}", path), "None");
});

void test("stages that the policy leaves out, each rule leaves out", () => {
  const config = evaluatePolicy(policy("omitStages: [RequestReceived]\nrules:\n- {level: Metadata, omitStages: [Panic]}"), asks());
  assert.deepEqual(config.omitStages, ["RequestReceived", "Panic"]);
});

void test("managed fields are left out by the policy unless a rule says otherwise", () => {
  const omits = (rule: string): boolean =>
    evaluatePolicy(policy(`omitManagedFields: true\nrules:\n- {level: Metadata${rule}}`), asks()).omitManagedFields;
  assert.equal(omits(""), true);
  assert.equal(omits(", omitManagedFields: false"), false);
});

void test("faults are those of upstream, all at once", () => {
  assert.throws(() => policy("rules:\n- {level: Loud}\n- {level: Metadata, nonResourceURLs: [x, '/a*b'], resources: [{group: a/b}]}"), {
    message: [
      'loading audit policy file: [rules[0].level: Unsupported value: "Loud": supported values: "None", "Metadata", "Request", "RequestResponse"',
      `rules[1].nonResourceURLs[0]: Invalid value: "x": non-resource URL rules must begin with a '/' character`,
      `rules[1].nonResourceURLs[1]: Invalid value: "/a*b": non-resource URL wildcards '*' must be the final character of the rule`,
      `rules[1].resources.group: Invalid value: "a/b": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
      'rules[1].nonResourceURLs: Invalid value: ["x","/a*b"]: rules cannot apply to both regular resources and non-resource URLs]: from file policy.yaml',
    ].join(", "),
  });
  assert.throws(() => policy("rules: []"), {
    message: "loading audit policy file: loaded illegal policy with 0 rules: from file policy.yaml",
  });
  assert.throws(
    () => parseAuditPolicy("kind: Policy", "f"),
    /unknown group version field audit\.k8s\.io\/__internal, Kind=Policy in policy: from file f$/,
  );
  assert.throws(
    () => policy("rules: [{level: 5}]"),
    /json: cannot unmarshal number into Go struct field PolicyRule\.rules\.level of type v1\.Level/,
  );
  const warned: string[] = [];
  parseAuditPolicy(`${head}rules:\n- {level: None, foo: 1}`, "f", (message) => warned.push(message));
  assert.match(warned.join(), /falling back to lenient decoding: strict decoding error: unknown field "rules\[0\]\.foo"/);
});
