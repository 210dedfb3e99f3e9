/** Requests with webhooks in their way, run here and on the upstream server (`record.ts`): answers and questions must be the same. */
import type { Answered, Asked, WebhookServer } from "./webhook-server.ts";

/** One request. `NS` in urls and bodies is the namespace, `HOOK:/path` a clientConfig of the webhook server. */
export interface Step {
  readonly name: string;
  readonly method: string;
  readonly url: string;
  readonly body?: unknown;
  readonly contentType?: string;
  /** Only the status counts. */
  readonly brief?: boolean;
}

export interface Outcome {
  readonly name: string;
  readonly status: number;
  readonly object: unknown;
  readonly warnings: readonly string[];
  /** AdmissionReview requests by path of the webhook. */
  readonly asked: Record<string, unknown[]>;
}

export type Ask = (step: Step) => Promise<{ status: number; object: unknown; warnings: readonly string[] }>;

const encode = (patch: unknown): string => Buffer.from(JSON.stringify(patch)).toString("base64");
const patches = (...patch: unknown[]): Answered => ({ allowed: true, patchType: "JSONPatch", patch: encode(patch) });

/** What the webhooks of the scenarios answer, by path. */
export const hooks: Readonly<Record<string, (request: Asked) => Answered>> = {
  "/allow": () => ({ allowed: true }),
  "/deny": () => ({ allowed: false, status: { message: "not in my house", reason: "Forbidden", code: 403 } }),
  "/deny-silently": () => ({ allowed: false }),
  "/deny-reason": () => ({ allowed: false, status: { reason: "Because", code: 200, details: { causes: [{ field: "a", message: "b" }] } } }),
  "/warn": () => ({ allowed: true, warnings: ["mind the gap", "and the step"], auditAnnotations: { seen: "yes" } }),
  "/label": () => patches({ op: "add", path: "/metadata/labels", value: { patched: "1" } }),
  "/second": () => patches({ op: "add", path: "/data/second", value: "2" }),
  "/bad-path": () => patches({ op: "add", path: "/no/such/place", value: "1" }),
  "/bad-remove": () => patches({ op: "remove", path: "/data/nothing" }),
  "/bad-type": () => patches({ op: "replace", path: "/data", value: "text" }),
  "/bad-op": () => patches({ op: "dance", path: "/data" }),
  "/no-patch": () => ({ allowed: true, patchType: "JSONPatch", patch: Buffer.from("nonsense").toString("base64") }),
  "/patch-without-type": () => ({ allowed: true, patch: encode([]) }),
  "/other-uid": () => ({ allowed: true, uid: "somebody-else" }),
  "/not-json": () => ({ raw: "hello" }),
  "/empty": () => ({ raw: "" }),
  "/500": () => ({ raw: "it burns", status_code: 500 }),
  "/wrong-type": () => ({ allowed: "yes" }),
  "/replicas": () => patches({ op: "replace", path: "/spec/replicas", value: 3 }),
};

export interface HookSpec {
  readonly name: string;
  readonly path: string;
  readonly [field: string]: unknown;
}

/** A configuration of webhooks for the scenarios' namespace. */
export function configuration(kind: "Mutating" | "Validating", name: string, ...specs: HookSpec[]): Record<string, unknown> {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: `${kind}WebhookConfiguration`,
    metadata: { name },
    webhooks: specs.map(({ path, ...spec }) => ({
      clientConfig: `HOOK:${path}`,
      sideEffects: "None",
      admissionReviewVersions: ["v1"],
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "NS" } },
      rules: [{ operations: ["*"], apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"] }],
      timeoutSeconds: 5,
      ...spec,
    })),
  };
}

const group = "/apis/admissionregistration.k8s.io/v1";
const mutatingUrl = `${group}/mutatingwebhookconfigurations`;
const validatingUrl = `${group}/validatingwebhookconfigurations`;
const configMaps = "/api/v1/namespaces/NS/configmaps";
const map = (name: string, more: object = {}): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, ...more },
  data: { a: "1" },
});

/** Configures, runs `steps`, and takes the configuration away. */
export function withHooks(kind: "Mutating" | "Validating", name: string, specs: HookSpec[], steps: Step[]): Step[] {
  const url = kind === "Mutating" ? mutatingUrl : validatingUrl;
  return [
    { name: `${name}: configure`, method: "POST", url, body: configuration(kind, `NS-${name}`, ...specs), brief: true },
    ...steps.map((step) => ({ ...step, name: `${name}: ${step.name}` })),
    { name: `${name}: remove`, method: "DELETE", url: `${url}/NS-${name}`, brief: true },
  ];
}

const create = (name: string, more: object = {}, query = ""): Step => ({
  name: `create ${name}${query}`,
  method: "POST",
  url: configMaps + query,
  body: map(name, more),
});

const failing = (path: string): Step[] =>
  withHooks("Mutating", path.slice(1), [{ name: `f.example.com`, path }], [create(`x-${path.slice(1)}`)]);

const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "d" },
  spec: {
    replicas: 1,
    selector: { matchLabels: { a: "b" } },
    template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } },
  },
};

const scaleRule = { operations: ["*"], apiGroups: ["apps"], apiVersions: ["v1"], resources: ["deployments/scale"] };
const condition = (expression: string): object => ({ matchConditions: [{ name: "only", expression }] });

export const steps: readonly Step[] = [
  ...withHooks(
    "Validating",
    "denied",
    [{ name: "v.example.com", path: "/deny" }],
    [create("a"), create("a", {}, "?dryRun=All&fieldManager=me&fieldValidation=Strict")],
  ),
  ...withHooks("Validating", "silent", [{ name: "v.example.com", path: "/deny-silently" }], [create("a")]),
  ...withHooks("Validating", "reason", [{ name: "v.example.com", path: "/deny-reason" }], [create("a")]),
  ...withHooks(
    "Validating",
    "warned",
    [{ name: "v.example.com", path: "/warn" }],
    [
      create("warned"),
      { name: "update", method: "PUT", url: `${configMaps}/warned`, body: map("warned", { annotations: { b: "c" } }) },
      {
        name: "patch",
        method: "PATCH",
        url: `${configMaps}/warned`,
        body: { data: { z: "1" } },
        contentType: "application/merge-patch+json",
      },
      { name: "delete", method: "DELETE", url: `${configMaps}/warned?propagationPolicy=Background` },
      create("generated", { name: undefined, generateName: "gen-" }),
      {
        name: "delete all",
        method: "DELETE",
        url: `${configMaps}?labelSelector=kubernetes.io%2Fnothing%21%3Dx&fieldSelector=metadata.name%21%3Dkube-root-ca.crt`,
        brief: true,
      },
    ],
  ),
  ...withHooks("Validating", "patches", [{ name: "v.example.com", path: "/label" }], [create("a")]),
  ...withHooks("Validating", "ignored", [{ name: "v.example.com", path: "/500", failurePolicy: "Ignore" }], [create("ignored")]),
  ...withHooks(
    "Validating",
    "selected",
    [{ name: "v.example.com", path: "/deny", objectSelector: { matchLabels: { no: "way" } } }],
    [
      create("selected"),
      create("refused", { labels: { no: "way" } }),
      {
        name: "label it",
        method: "PATCH",
        url: `${configMaps}/selected`,
        body: { metadata: { labels: { no: "way" } } },
        contentType: "application/merge-patch+json",
      },
    ],
  ),
  ...withHooks(
    "Validating",
    "side-effects",
    [{ name: "v.example.com", path: "/allow", sideEffects: "NoneOnDryRun" }],
    [create("b", {}, "?dryRun=All")],
  ),
  ...withHooks(
    "Validating",
    "conditions",
    [
      { name: "never.example.com", path: "/deny", ...condition("object.metadata.name == 'other'") },
      { name: "fails.example.com", path: "/deny", ...condition("object.spec.nothing == 1 && request.operation == 'CREATE'") },
    ],
    [create("c")],
  ),
  ...withHooks(
    "Validating",
    "conditions-met",
    [
      {
        name: "met.example.com",
        path: "/deny",
        ...condition("request.userInfo.username != '' && has(object.data.a) && oldObject == null"),
      },
    ],
    [create("c")],
  ),
  ...withHooks(
    "Mutating",
    "mutated",
    [
      { name: "one.example.com", path: "/label" },
      { name: "two.example.com", path: "/second", admissionReviewVersions: ["v9", "v1beta1", "v1"] },
    ],
    [create("mutated")],
  ),
  ...withHooks(
    "Mutating",
    "again",
    [
      { name: "one.example.com", path: "/allow", reinvocationPolicy: "IfNeeded" },
      { name: "two.example.com", path: "/second", reinvocationPolicy: "IfNeeded" },
      { name: "three.example.com", path: "/label" },
    ],
    [create("again")],
  ),
  ...[
    "/bad-path",
    "/bad-remove",
    "/bad-type",
    "/bad-op",
    "/no-patch",
    "/patch-without-type",
    "/other-uid",
    "/not-json",
    "/empty",
    "/500",
    "/wrong-type",
    "/nowhere",
  ].flatMap(failing),
  ...withHooks(
    "Mutating",
    "on-delete",
    [
      {
        name: "one.example.com",
        path: "/label",
        rules: [{ operations: ["DELETE"], apiGroups: ["*"], apiVersions: ["*"], resources: ["configmaps"] }],
      },
    ],
    [{ name: "delete", method: "DELETE", url: `${configMaps}/mutated` }],
  ),
  { name: "a deployment", method: "POST", url: "/apis/apps/v1/namespaces/NS/deployments", body: deployment, brief: true },
  ...withHooks(
    "Mutating",
    "scale",
    [{ name: "s.example.com", path: "/replicas", rules: [scaleRule] }],
    [
      {
        name: "scale",
        method: "PATCH",
        url: "/apis/apps/v1/namespaces/NS/deployments/d/scale",
        body: { spec: { replicas: 2 } },
        contentType: "application/merge-patch+json",
      },
    ],
  ),
  ...withHooks(
    "Validating",
    "hpa",
    [
      {
        name: "h.example.com",
        path: "/deny",
        rules: [{ operations: ["*"], apiGroups: ["autoscaling"], apiVersions: ["v1"], resources: ["horizontalpodautoscalers"] }],
      },
    ],
    [
      {
        name: "a v2 hpa, seen as v1",
        method: "POST",
        url: "/apis/autoscaling/v2/namespaces/NS/horizontalpodautoscalers",
        body: {
          apiVersion: "autoscaling/v2",
          kind: "HorizontalPodAutoscaler",
          metadata: { name: "h" },
          spec: {
            maxReplicas: 3,
            scaleTargetRef: { kind: "Deployment", name: "d", apiVersion: "apps/v1" },
            metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } }],
          },
        },
      },
    ],
  ),
  ...withHooks(
    "Validating",
    "reviews",
    [
      {
        name: "r.example.com",
        path: "/deny",
        namespaceSelector: {},
        rules: [{ operations: ["*"], apiGroups: ["authorization.k8s.io"], apiVersions: ["*"], resources: ["localsubjectaccessreviews"] }],
      },
    ],
    [
      {
        name: "a review",
        method: "POST",
        url: "/apis/authorization.k8s.io/v1/namespaces/NS/localsubjectaccessreviews",
        body: {
          apiVersion: "authorization.k8s.io/v1",
          kind: "LocalSubjectAccessReview",
          metadata: { namespace: "NS" },
          spec: { user: "bob", resourceAttributes: { namespace: "NS", verb: "get", resource: "pods" } },
        },
      },
    ],
  ),
  ...withHooks(
    "Validating",
    "tokens",
    [
      {
        name: "t.example.com",
        path: "/deny",
        rules: [{ operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["serviceaccounts/token"] }],
      },
    ],
    [
      {
        name: "an account",
        method: "POST",
        url: "/api/v1/namespaces/NS/serviceaccounts",
        body: { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "acc" } },
        brief: true,
      },
      {
        name: "a token",
        method: "POST",
        url: "/api/v1/namespaces/NS/serviceaccounts/acc/token",
        body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { audiences: ["x"], expirationSeconds: 700 } },
      },
    ],
  ),
  ...withHooks(
    "Validating",
    "connect",
    [
      {
        name: "c.example.com",
        path: "/deny",
        rules: [{ operations: ["CONNECT"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods/exec", "services/proxy"] }],
      },
    ],
    [
      { name: "exec", method: "POST", url: "/api/v1/namespaces/NS/pods/p/exec?command=ls&command=-l&stdin=true&container=c" },
      { name: "proxy", method: "GET", url: "/api/v1/namespaces/NS/services/s/proxy/a/b" },
    ],
  ),
  ...withHooks(
    "Validating",
    "namespace",
    [
      {
        name: "n.example.com",
        path: "/deny",
        namespaceSelector: { matchLabels: { shut: "yes" } },
        rules: [{ operations: ["UPDATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["namespaces"], scope: "Cluster" }],
      },
    ],
    [
      {
        name: "label it",
        method: "PATCH",
        url: "/api/v1/namespaces/NS",
        body: { metadata: { labels: { shut: "yes" } } },
        contentType: "application/merge-patch+json",
      },
    ],
  ),
];

/** Runs the steps; the webhook server must have the {@link hooks}. */
export async function runSteps(all: readonly Step[], ask: Ask, server: WebhookServer, namespace: string): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const step of all) {
    server.asked.clear();
    const text = step.body === undefined ? undefined : JSON.stringify(step.body).replaceAll("NS", namespace);
    const body = text?.replace(/"HOOK:([^"]+)"/g, (_, path: string) =>
      JSON.stringify({ url: `https://127.0.0.1:${server.port}${path}`, caBundle: server.caBundle }),
    );
    const answer = await ask({ ...step, url: step.url.replaceAll("NS", namespace), body });
    const asked = Object.fromEntries(
      [...server.asked].map(([path, requests]) => [path, requests.map((r) => normal(r, server.port, namespace))]),
    );
    outcomes.push({
      name: step.name,
      status: answer.status,
      object: step.brief === true && answer.status < 400 ? {} : normal(answer.object, server.port, namespace),
      warnings: answer.warnings,
      asked: step.brief === true ? {} : asked,
    });
  }
  return outcomes;
}

/** Without what no two runs have in common. */
function normal(value: unknown, port: number, namespace: string): unknown {
  if (Array.isArray(value)) return value.map((item) => normal(item, port, namespace));
  if (typeof value === "object" && value !== null) {
    // Of a scale's status there is more where controllers run.
    const status = "replicas" in value && "selector" in value && typeof value.selector === "string";
    const entries = Object.entries(value).filter(([key]) => key !== "userInfo" && !(status && key === "replicas"));
    return Object.fromEntries(entries.map(([key, item]) => [key, key === "resourceVersion" ? "<version>" : normal(item, port, namespace)]));
  }
  if (typeof value !== "string") return value;
  return value
    .replaceAll(namespace, "NS")
    .replaceAll(`:${port}`, ":PORT")
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<uid>")
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "<time>")
    .replace(/^gen-[a-z0-9]{5}$/, "gen-<random>")
    .replace(/"gen-[a-z0-9]{5}"/, '"gen-<random>"');
}
