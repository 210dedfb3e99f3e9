/** Policies in the way of requests, run here and on the upstream server. */
import type { Step } from "./scenario.ts";

type Tree = Record<string, unknown>;

const group = "/apis/admissionregistration.k8s.io/v1";
const merge = "application/merge-patch+json";

const rules = (resources: string[] = ["configmaps"], more: Tree = {}): Tree => ({
  resourceRules: [{ operations: ["*"], apiGroups: ["", "apps"], apiVersions: ["*"], resources, ...more }],
});

interface PolicyCase {
  readonly name: string;
  readonly kind?: "Validating" | "Mutating";
  readonly policy: Tree;
  readonly binding?: Tree;
  readonly steps: readonly Step[];
  /** More bindings by name. */
  readonly bindings?: Record<string, Tree>;
}

const here = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "NS" } } };

function withPolicy({ name, kind = "Validating", policy, binding = {}, bindings = {}, steps }: PolicyCase): Step[] {
  const [policies, bound] = [`${group}/${kind.toLowerCase()}admissionpolicies`, `${group}/${kind.toLowerCase()}admissionpolicybindings`];
  const id = `ns-${name}`;
  const actions = kind === "Validating" ? { validationActions: ["Deny"] } : {};
  const all = { [id]: binding, ...Object.fromEntries(Object.entries(bindings).map(([key, value]) => [`${id}-${key}`, value])) };
  const made = Object.entries(all).map(
    ([key, spec]): Step => ({
      name: `${name}: bind ${key}`,
      method: "POST",
      url: bound,
      brief: true,
      body: {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: `${kind}AdmissionPolicyBinding`,
        metadata: { name: key },
        spec: { policyName: id, matchResources: here, ...actions, ...spec },
      },
    }),
  );
  const body = {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: `${kind}AdmissionPolicy`,
    metadata: { name: id },
    spec: { matchConstraints: rules(), ...(kind === "Mutating" ? { reinvocationPolicy: "Never" } : {}), ...policy },
  };
  return [
    { name: `${name}: policy`, method: "POST", url: policies, body, brief: true },
    ...made,
    ...steps.map((step) => ({ ...step, name: `${name}: ${step.name}` })),
    ...Object.keys(all).map((key): Step => ({ name: `${name}: unbind ${key}`, method: "DELETE", url: `${bound}/${key}`, brief: true })),
    { name: `${name}: remove`, method: "DELETE", url: `${policies}/${id}`, brief: true },
  ];
}

const maps = "/api/v1/namespaces/NS/configmaps";
const map = (name: string, more: Tree = {}): Tree => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data: { a: "1" },
  ...more,
});
const create = (name: string, more: Tree = {}): Step => ({
  name: `create ${name}`,
  method: "POST",
  url: `${maps}?dryRun=All`,
  body: map(name, more),
});
const keep = (name: string, more: Tree = {}): Step => ({ name: `keep ${name}`, method: "POST", url: maps, body: map(name, more) });
const validating = (name: string, validations: Tree[], steps: readonly Step[], policy: Tree = {}, binding: Tree = {}): Step[] =>
  withPolicy({ name, policy: { validations, ...policy }, binding, steps });

const deployment = (replicas: number, more: Tree = {}): Tree => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: replicas === 9 ? "scaled" : "e" },
  spec: {
    replicas,
    selector: { matchLabels: { a: "b" } },
    template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } },
    ...more,
  },
});
const deploy = (replicas: number, more: Tree = {}): Step => ({
  name: `deploy ${replicas}`,
  method: "POST",
  url: "/apis/apps/v1/namespaces/NS/deployments?dryRun=All",
  body: deployment(replicas, more),
});

const apply = (expression: string): Tree => ({ patchType: "ApplyConfiguration", applyConfiguration: { expression } });
const json = (expression: string): Tree => ({ patchType: "JSONPatch", jsonPatch: { expression } });
const mutating = (name: string, mutations: Tree[], steps: readonly Step[], policy: Tree = {}, binding: Tree = {}): Step[] =>
  withPolicy({ name, kind: "Mutating", policy: { mutations, ...policy }, binding, steps });

const params = { paramKind: { apiVersion: "v1", kind: "ConfigMap" } };
const ref = (more: Tree): Tree => ({ paramRef: { parameterNotFoundAction: "Deny", namespace: "NS", ...more } });

export const policySteps: readonly Step[] = [
  ...validating("plain", [{ expression: "object.data.a == '2'" }], [create("a"), create("b", { data: { a: "2" } })]),
  ...validating("message", [{ expression: "false", message: "  never  ", reason: "Forbidden" }], [create("a")]),
  ...validating("unauthorized", [{ expression: "false", reason: "Unauthorized" }], [create("a")]),
  ...validating("too-large", [{ expression: "false", reason: "RequestEntityTooLarge" }], [create("a")]),
  ...validating(
    "expressed",
    [{ expression: "has(object.data.b)", messageExpression: "'no b in ' + object.metadata.name", message: "no" }],
    [create("a")],
  ),
  ...validating("unexpressed", [{ expression: "false", messageExpression: "object.nothing", message: "fallback" }], [create("a")]),
  ...validating("two-lines", [{ expression: "false", messageExpression: "'a\\nb'" }], [create("a")]),
  ...validating("failing", [{ expression: "object.nothing == 'x'" }], [create("a")]),
  ...validating("failing-ignored", [{ expression: "object.nothing == 'x'" }], [create("a")], { failurePolicy: "Ignore" }),
  ...validating("several", [{ expression: "true" }, { expression: "1 == 2" }, { expression: "2 == 3" }], [create("a")]),
  ...validating("warn", [{ expression: "false", message: "mind" }], [create("a")], {}, { validationActions: ["Warn", "Audit"] }),
  ...validating("conditions", [{ expression: "false" }], [create("a"), create("b")], {
    matchConditions: [{ name: "b", expression: "object.metadata.name == 'b'" }],
  }),
  ...validating("bad-conditions", [{ expression: "false" }], [create("a")], {
    matchConditions: [{ name: "b", expression: "object.spec.x == 1" }],
  }),
  ...validating(
    "variables",
    [{ expression: "variables.sum > 3", messageExpression: "'sum is ' + string(variables.sum)" }],
    [create("a"), create("b", { data: { a: "3" } })],
    {
      variables: [
        { name: "a", expression: "int(object.data.a)" },
        { name: "sum", expression: "variables.a + 1" },
      ],
    },
  ),
  ...validating("bad-variable", [{ expression: "variables.a == 1" }], [create("a", { data: { a: "x" } })], {
    variables: [{ name: "a", expression: "int(object.data.a)" }],
  }),
  ...validating(
    "request",
    [
      {
        expression: "request.operation == 'UPDATE'",
        messageExpression:
          "request.operation + ' ' + request.kind.kind + ' ' + request.resource.resource + ' ' + request.namespace + ' ' + string(request.dryRun) + ' ' + string(has(request.subResource))",
      },
    ],
    [create("a")],
  ),
  ...validating(
    "namespace",
    [
      {
        expression: "namespaceObject.metadata.name == 'other'",
        messageExpression: "'in ' + namespaceObject.metadata.name + ' ' + namespaceObject.status.phase",
      },
    ],
    [create("a")],
  ),
  ...validating(
    "authorizer",
    [
      {
        expression: "!authorizer.group('').resource('configmaps').namespace('NS').check('create').allowed()",
        messageExpression: "'allowed'",
      },
    ],
    [create("a")],
  ),
  ...validating("request-resource", [{ expression: "!authorizer.requestResource.check('frob').allowed()" }], [create("a")]),
  ...validating("budget", [{ expression: "range(0, 3).all(x, true)" }], [create("a")], {}, {}),
  ...validating("excluded", [{ expression: "false" }], [create("a"), create("b")], {
    matchConstraints: {
      ...rules(),
      excludeResourceRules: [{ operations: ["*"], apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"], resourceNames: ["a"] }],
    },
  }),
  ...validating("named", [{ expression: "false" }], [create("a"), create("b")], {
    matchConstraints: rules(["configmaps"], { resourceNames: ["a"] }),
  }),
  ...validating(
    "object-selector",
    [{ expression: "false" }],
    [create("a"), { ...create("a"), name: "labelled", body: map("a", { metadata: { name: "a", labels: { x: "y" } } }) }],
    {
      matchConstraints: { ...rules(), objectSelector: { matchLabels: { x: "y" } } },
    },
  ),
  ...validating(
    "scale",
    [
      {
        expression: "object.spec.replicas <= 5",
        messageExpression: "object.kind + ' ' + object.apiVersion + ' ' + string(object.spec.replicas)",
      },
    ],
    [
      { name: "make", method: "POST", url: "/apis/apps/v1/namespaces/NS/deployments", body: deployment(9), brief: true },
      {
        name: "scale",
        method: "PATCH",
        url: "/apis/apps/v1/namespaces/NS/deployments/scaled/scale",
        body: { spec: { replicas: 8 } },
        contentType: merge,
      },
    ],
    { matchConstraints: rules(["deployments/scale"]) },
  ),
  keep("params", { data: { limit: "2" }, metadata: { name: "params", labels: { p: "1" } } }),
  keep("more-params", { data: { limit: "3" }, metadata: { name: "more-params", labels: { p: "1" } } }),
  ...validating(
    "params",
    [
      {
        expression: "int(object.data.a) < int(params.data.limit)",
        messageExpression: "'limit of ' + params.kind + ' ' + params.metadata.name + ' is ' + params.data.limit",
      },
    ],
    [create("a", { data: { a: "5" } }), create("b")],
    params,
    ref({ name: "params" }),
  ),
  ...validating("no-params", [{ expression: "false" }], [create("a")], params, ref({ name: "nothing" })),
  ...validating(
    "no-params-allowed",
    [{ expression: "false" }],
    [create("a")],
    params,
    ref({ name: "nothing", parameterNotFoundAction: "Allow" }),
  ),
  ...validating("own-params", [{ expression: "params.data.limit == 'x'" }], [create("a")], params, {
    paramRef: { name: "params", parameterNotFoundAction: "Deny" },
  }),
  ...validating(
    "selected-params",
    [{ expression: "int(object.data.a) < int(params.data.limit)" }],
    [create("a", { data: { a: "2" } }), create("b", { data: { a: "1" } })],
    params,
    ref({ selector: { matchLabels: { p: "1" } } }),
  ),
  ...validating("null-params", [{ expression: "params != null" }], [create("a")], params),
  ...validating(
    "unknown-params",
    [{ expression: "false" }],
    [create("a")],
    { paramKind: { apiVersion: "no.such/v1", kind: "Group" } },
    ref({ name: "x" }),
  ),
  ...validating(
    "delete",
    [{ expression: "oldObject.metadata.name != 'params'" }],
    [{ name: "delete", method: "DELETE", url: `${maps}/params` }],
  ),
  ...validating("annotations", [{ expression: "true" }], [create("a")], {
    auditAnnotations: [
      { key: "name", valueExpression: "'the ' + object.metadata.name" },
      { key: "none", valueExpression: "null" },
    ],
  }),
  ...validating("failing-annotation", [{ expression: "true" }], [create("a")], {
    auditAnnotations: [{ key: "name", valueExpression: "object.nothing" }],
  }),
  ...mutating("label", [apply("Object{ metadata: Object.metadata{ labels: {'from-policy': 'yes'} } }")], [create("a"), deploy(1)], {
    matchConstraints: rules(["configmaps", "deployments"]),
  }),
  ...mutating(
    "json",
    [
      json(
        "[JSONPatch{op: 'add', path: '/data/b', value: object.data.a + '!'}, JSONPatch{op: 'add', path: '/metadata/labels', value: {'x-y': 'z'}}]",
      ),
    ],
    [create("a")],
  ),
  ...mutating(
    "json-escape",
    [
      json(
        "[JSONPatch{op: 'add', path: '/metadata/annotations', value: {}}, JSONPatch{op: 'add', path: '/metadata/annotations/' + jsonpatch.escapeKey('a/b'), value: 'd'}]",
      ),
    ],
    [create("a")],
  ),
  ...mutating(
    "json-test",
    [json("[JSONPatch{op: 'test', path: '/data/a', value: '9'}, JSONPatch{op: 'add', path: '/data/b', value: 'x'}]")],
    [create("a")],
  ),
  ...mutating("json-bad", [json("[JSONPatch{op: 'add', path: '/no/where', value: 'x'}]")], [create("a")]),
  ...mutating("json-bad-ignored", [json("[JSONPatch{op: 'add', path: '/no/where', value: 'x'}]")], [create("a")], {
    failurePolicy: "Ignore",
  }),
  ...mutating(
    "sidecar",
    [
      apply(
        "Object{ spec: Object.spec{ template: Object.spec.template{ spec: Object.spec.template.spec{ containers: [Object.spec.template.spec.containers{ name: 'sidecar', image: 'side' }] } } } }",
      ),
    ],
    [deploy(1)],
    { matchConstraints: rules(["deployments"]) },
  ),
  ...mutating("atomic", [apply("Object{ spec: Object.spec{ selector: Object.spec.selector{ matchLabels: {'x': 'y'} } } }")], [deploy(1)], {
    matchConstraints: rules(["deployments"]),
  }),
  ...mutating("undeclared", [apply("Object{ spec: Object.spec{ nothing: 1 } }")], [deploy(1)], {
    matchConstraints: rules(["deployments"]),
  }),
  ...mutating("mismatch", [apply("Object{ spec: Object.wrong{ replicas: 1 } }")], [deploy(1)], {
    matchConstraints: rules(["deployments"]),
  }),
  ...mutating("failing-mutation", [apply("Object{ metadata: Object.metadata{ labels: {'x': object.nothing} } }")], [create("a")]),
  ...mutating(
    "mutating-params",
    [json("[JSONPatch{op: 'add', path: '/data/limit', value: params.data.limit}]")],
    [create("a")],
    params,
    ref({ name: "more-params" }),
  ),
  ...mutating("mutating-variables", [json("[JSONPatch{op: 'add', path: '/data/b', value: variables.b}]")], [create("a")], {
    variables: [{ name: "b", expression: "object.data.a + object.data.a" }],
  }),
  ...mutating("mutating-conditions", [json("[JSONPatch{op: 'add', path: '/data/b', value: 'x'}]")], [create("a"), create("b")], {
    matchConditions: [{ name: "b", expression: "object.metadata.name == 'b'" }],
  }),
  ...mutating(
    "two",
    [
      json("[JSONPatch{op: 'add', path: '/data/b', value: object.data.a + 'b'}]"),
      json("[JSONPatch{op: 'add', path: '/data/c', value: object.data.b + 'c'}]"),
    ],
    [create("a")],
  ),
  ...withPolicy({
    name: "again",
    kind: "Mutating",
    policy: {
      reinvocationPolicy: "IfNeeded",
      mutations: [json("[JSONPatch{op: 'add', path: '/data/n', value: has(object.data.n) ? object.data.n + 'x' : 'x'}]")],
    },
    bindings: { other: {} },
    steps: [create("a")],
  }),
  ...mutating(
    "unknown-mutating-params",
    [json("[]")],
    [create("a")],
    { paramKind: { apiVersion: "no.such/v1", kind: "Group" } },
    ref({ name: "x" }),
  ),
  ...mutating(
    "removal",
    [json("[JSONPatch{op: 'remove', path: '/data/a'}]")],
    [create("a"), { name: "delete", method: "DELETE", url: `${maps}/more-params?dryRun=All` }],
  ),
];
