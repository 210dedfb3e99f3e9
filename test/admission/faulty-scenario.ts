/** Faulty configurations of admission, refused here and by the upstream server. */
import type { Step } from "./scenario.ts";

type Tree = Record<string, unknown>;

const group = "/apis/admissionregistration.k8s.io/v1";
const rule = { operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] };
const constraints = { resourceRules: [rule] };

const make =
  (kind: string, plural: string) =>
  (name: string, content: Tree): Step => ({
    name: `${kind}: ${name}`,
    method: "POST",
    url: `${group}/${plural}?dryRun=All`,
    body: { apiVersion: "admissionregistration.k8s.io/v1", kind, metadata: { name: "ns-faulty" }, ...content },
  });

const policyOf = make("ValidatingAdmissionPolicy", "validatingadmissionpolicies");
const bindingOf = make("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings");
const mutatingOf = make("MutatingAdmissionPolicy", "mutatingadmissionpolicies");
const mutatingBindingOf = make("MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings");
const hooksOf = make("ValidatingWebhookConfiguration", "validatingwebhookconfigurations");

const fine = { expression: "true" };
const policy = (name: string, spec: Tree): Step =>
  policyOf(name, { spec: { matchConstraints: constraints, validations: [fine], ...spec } });
const binding = (name: string, spec: Tree): Step => bindingOf(name, { spec: { policyName: "p", validationActions: ["Deny"], ...spec } });
const mutation = { patchType: "JSONPatch", jsonPatch: { expression: "[JSONPatch{op: 'add', path: '/a', value: 1}]" } };
const mutating = (name: string, spec: Tree): Step =>
  mutatingOf(name, { spec: { matchConstraints: constraints, mutations: [mutation], reinvocationPolicy: "Never", ...spec } });
const hook = (name: string, spec: Tree): Step =>
  hooksOf(name, {
    webhooks: [
      {
        name: "a.example.com",
        rules: [rule],
        clientConfig: { url: "https://example.com/x" },
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
        ...spec,
      },
    ],
  });

const validation = (name: string, content: Tree): Step => policy(name, { validations: [content] });
const long = (count: number): Tree[] => Array.from({ length: count }, (_, i) => ({ name: `n${i}`, expression: "true" }));

export const faultySteps: readonly Step[] = [
  policyOf("nothing", { spec: {} }),
  policyOf("no spec", {}),
  policy("failure policy", { failurePolicy: "Maybe" }),
  policy("no validations", { validations: [] }),
  policy("no rules", { matchConstraints: {} }),
  policy("match policy", { matchConstraints: { ...constraints, matchPolicy: "Nearly" } }),
  policy("bad rule", { matchConstraints: { resourceRules: [{ operations: [], apiGroups: [], apiVersions: [], resources: [] }] } }),
  policy("rule names", { matchConstraints: { resourceRules: [{ ...rule, resourceNames: ["a", "a", "..", "b/c"] }] } }),
  policy("bad selectors", {
    matchConstraints: {
      ...constraints,
      namespaceSelector: { matchLabels: { "a b": "c d" } },
      objectSelector: { matchExpressions: [{ key: "a", operator: "Is" }] },
    },
  }),
  policy("wildcards", {
    matchConstraints: {
      resourceRules: [{ operations: ["*", "CREATE"], apiGroups: ["*", "a"], apiVersions: ["*", "v1"], resources: ["*/*", "pods", "*"] }],
    },
  }),
  policy("param kind", { paramKind: { apiVersion: "a/b/c", kind: "no_kind" } }),
  policy("param kind version", { paramKind: { apiVersion: "A_b/V1" } }),
  policy("empty param kind", { paramKind: {} }),
  policy("match conditions", {
    matchConditions: [
      { name: "a b", expression: "" },
      { name: "", expression: "x" },
      { name: "c", expression: "1" },
      { name: "c", expression: "params.a" },
    ],
  }),
  policy("many conditions", { matchConditions: long(65) }),
  policy("variables", {
    variables: [
      { name: "", expression: "" },
      { name: "for", expression: "1" },
      { name: "a-b", expression: "nothing" },
      { name: "ok", expression: "variables.later" },
      { name: "later", expression: "1" },
    ],
    validations: [{ expression: "variables.ok == 'x' && variables.later == 'x'" }, { expression: "variables.missing" }],
  }),
  policy("no variables to use", { validations: [{ expression: "variables.a" }] }),
  validation("empty expression", { expression: "  " }),
  validation("syntax", { expression: "object.x +" }),
  validation("wrong type", { expression: "1 + 1" }),
  validation("null type", { expression: "null" }),
  validation("unknown identifier", { expression: "what == 1" }),
  validation("params without kind", { expression: "params.x == 1" }),
  validation("unknown field of request", { expression: "request.nothing == 1" }),
  validation("message expression", { ...fine, messageExpression: "1" }),
  validation("message expression with authorizer", { ...fine, messageExpression: "string(authorizer.path('/').check('get').allowed())" }),
  validation("blank messages", { ...fine, messageExpression: "  ", message: "  " }),
  validation("message of two lines", { ...fine, message: "a\nb" }),
  validation("reason", { ...fine, reason: "Because" }),
  policy("audit annotations", {
    auditAnnotations: [
      { key: "", valueExpression: "" },
      { key: "a", valueExpression: "1" },
      { key: "a", valueExpression: "'x'" },
      { key: "b c", valueExpression: "'x' +" },
    ],
  }),
  policy("many audit annotations", { auditAnnotations: Array.from({ length: 21 }, (_, i) => ({ key: `k${i}`, valueExpression: "'x'" })) }),
  bindingOf("nothing", { spec: {} }),
  binding("policy name", { policyName: "A_b" }),
  binding("actions", { validationActions: ["Deny", "Warn", "Deny", "Shout"] }),
  binding("param ref", { paramRef: {} }),
  binding("param ref both", { paramRef: { name: "a/b", selector: { matchLabels: { "a b": "c" } }, parameterNotFoundAction: "Shrug" } }),
  binding("match resources", { matchResources: { matchPolicy: "Nearly", resourceRules: [{ ...rule, scope: "Local" }] } }),
  mutatingOf("nothing", { spec: {} }),
  mutating("reinvocation", { reinvocationPolicy: "Often" }),
  mutating("operations", { matchConstraints: { resourceRules: [{ ...rule, operations: ["DELETE", "UPDATE"] }] } }),
  mutating("no mutations", { mutations: [] }),
  mutating("patch type", { mutations: [{}, { patchType: "Glue" }, { patchType: "JSONPatch" }, { patchType: "ApplyConfiguration" }] }),
  mutating("other form", {
    mutations: [
      { ...mutation, applyConfiguration: { expression: "Object{}" } },
      { patchType: "ApplyConfiguration", applyConfiguration: { expression: "Object{}" }, jsonPatch: { expression: "[]" } },
    ],
  }),
  mutating("expressions", {
    mutations: [
      { patchType: "JSONPatch", jsonPatch: { expression: "" } },
      { patchType: "JSONPatch", jsonPatch: { expression: "1" } },
      { patchType: "JSONPatch", jsonPatch: { expression: "[JSONPatch{op: 1, path: 'a'}]" } },
      { patchType: "JSONPatch", jsonPatch: { expression: "[JSONPatch{operation: 'a'}]" } },
      { patchType: "ApplyConfiguration", applyConfiguration: { expression: "Object.spec{}" } },
      { patchType: "ApplyConfiguration", applyConfiguration: { expression: "Object{spec: Object.spec{a: what}}" } },
      { patchType: "ApplyConfiguration", applyConfiguration: { expression: "Other{}" } },
    ],
  }),
  mutatingBindingOf("nothing", { spec: {} }),
  mutatingBindingOf("operations", { spec: { policyName: "p", matchResources: { resourceRules: [{ ...rule, operations: ["DELETE"] }] } } }),
  hook("conditions", {
    matchConditions: [
      { name: "a", expression: "1" },
      { name: "b", expression: "params.x" },
      { name: "c", expression: "object.a +" },
    ],
  }),
  hook("condition names", {
    matchConditions: [
      { name: "a", expression: "true" },
      { name: "a", expression: "false" },
      { name: "", expression: " " },
    ],
  }),
  hook("many conditions", { matchConditions: long(65) }),
  hook("url", { clientConfig: { url: "http://user@example.com/x?a=b#c" } }),
  hook("both clients", { clientConfig: { url: "https://a", service: { name: "a", namespace: "b" } } }),
  hook("service", { clientConfig: { service: { name: "", namespace: "", path: "a//b", port: 0 } } }),
  hook("ca bundle", { clientConfig: { url: "https://a", caBundle: "bm8gcGVt" } }),
  hook("everything", {
    sideEffects: "Some",
    timeoutSeconds: 31,
    failurePolicy: "x",
    matchPolicy: "y",
    admissionReviewVersions: ["v9", "v9", "V"],
  }),
];
