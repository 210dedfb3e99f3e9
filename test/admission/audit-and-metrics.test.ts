import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Cluster, startCluster } from "./cluster.ts";
import { configuration, type HookSpec, hooks } from "./scenario.ts";
import { startWebhookServer, type WebhookServer } from "./webhook-server.ts";

let cluster: Cluster;
let server: WebhookServer;

before(async () => {
  cluster = await startCluster();
  server = await startWebhookServer();
  for (const [path, answer] of Object.entries(hooks)) server.serve(path, answer);
});

after(async () => {
  await server[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

const registration = "/apis/admissionregistration.k8s.io/v1";
const maps = "/api/v1/namespaces/default/configmaps";
const map = (name: string): object => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { a: "1" } });

/** Configures webhooks for the time of `run`. */
async function withHooks(kind: "Mutating" | "Validating", specs: HookSpec[], run: () => Promise<void>): Promise<void> {
  const url = `${registration}/${kind.toLowerCase()}webhookconfigurations`;
  const text = JSON.stringify(configuration(kind, "configured", ...specs)).replaceAll("NS", "default");
  const body = text.replace(/"HOOK:([^"]+)"/g, (_, path: string) =>
    JSON.stringify({ url: `https://127.0.0.1:${server.port}${path}`, caBundle: server.caBundle }),
  );
  await cluster.must("POST", url, body);
  try {
    await run();
  } finally {
    await cluster.must("DELETE", `${url}/configured`);
  }
}

/** The samples of the metrics whose name starts with this, without their help. */
function samples(name: string): string[] {
  return cluster.metrics
    .expose()
    .split("\n")
    .filter((line) => line.startsWith(name) && !/_(bucket|sum)\{/.test(line));
}

void test("mutating webhooks leave in the audit event whether they changed the object, for each round", () =>
  withHooks(
    "Mutating",
    [
      { name: "one.example.com", path: "/warn", reinvocationPolicy: "IfNeeded" },
      { name: "two.example.com", path: "/label" },
    ],
    async () => {
      const { status, annotations } = await cluster.ask("POST", maps, map("mutated"));
      assert.equal(status, 201);
      const prefix = "mutation.webhook.admission.k8s.io";
      const said = (webhook: string, mutated: boolean): string => JSON.stringify({ configuration: "configured", webhook, mutated });
      assert.deepEqual(Object.fromEntries(annotations), {
        "one.example.com/seen": "yes",
        [`${prefix}/round_0_index_0`]: said("one.example.com", false),
        [`${prefix}/round_0_index_1`]: said("two.example.com", true),
        [`${prefix}/round_1_index_0`]: said("one.example.com", false),
      });
    },
  ));

void test("webhooks that fail open are named in the audit event and counted", async () => {
  await withHooks("Validating", [{ name: "open.example.com", path: "/500", failurePolicy: "Ignore" }], async () => {
    const { status, annotations } = await cluster.ask("POST", maps, map("open"));
    assert.equal(status, 201);
    assert.deepEqual([...annotations], [["failed-open.validating.webhook.admission.k8s.io/round_0_index_0", "open.example.com"]]);
  });
  assert.deepEqual(samples("apiserver_admission_webhook_fail_open_count"), [
    'apiserver_admission_webhook_fail_open_count{name="open.example.com",type="validating"} 1',
  ]);
});

void test("calls and rejections are counted under upstream's names", async () => {
  await withHooks("Validating", [{ name: "no.example.com", path: "/deny" }], async () => {
    await cluster.ask("POST", maps, map("denied"));
  });
  const about = 'name="no.example.com",type="validating",operation="CREATE"';
  const requests = samples("apiserver_admission_webhook_request_total").filter((line) => line.includes("no.example.com"));
  assert.deepEqual(requests, [`apiserver_admission_webhook_request_total{${about},code="403",rejected="true"} 1`]);
  assert.deepEqual(samples("apiserver_admission_webhook_rejection_count"), [
    `apiserver_admission_webhook_rejection_count{${about},error_type="no_error",rejection_code="403"} 1`,
  ]);
  const durations = samples("apiserver_admission_webhook_admission_duration_seconds").filter((line) => line.includes("no.example.com"));
  assert.deepEqual(durations, [`apiserver_admission_webhook_admission_duration_seconds_count{${about},rejected="true"} 1`]);
});

void test("nobody is asked about what configures webhooks and policies", () =>
  withHooks(
    "Validating",
    [
      {
        name: "all.example.com",
        path: "/deny",
        namespaceSelector: {},
        rules: [{ operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*/*"] }],
      },
    ],
    async () => {
      assert.equal((await cluster.ask("GET", `${registration}/validatingwebhookconfigurations`)).status, 200);
      const policy = {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingAdmissionPolicy",
        metadata: { name: "free" },
        spec: {
          matchConstraints: { resourceRules: [{ operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*"] }] },
          validations: [{ expression: "false" }],
        },
      };
      assert.equal((await cluster.ask("POST", `${registration}/validatingadmissionpolicies`, policy)).status, 201);
      assert.equal((await cluster.ask("POST", maps, map("caught"))).status, 403);
      assert.equal((await cluster.ask("DELETE", `${registration}/validatingadmissionpolicies/free`)).status, 200);
    },
  ));

void test("policies leave their annotations and failures in the audit event", async () => {
  const policies = `${registration}/validatingadmissionpolicies`;
  const bindings = `${registration}/validatingadmissionpolicybindings`;
  const head = { apiVersion: "admissionregistration.k8s.io/v1" };
  const resourceRules = [{ operations: ["*"], apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"] }];
  const validations = [{ expression: "true" }, { expression: "false", message: "never" }];
  const auditAnnotations = [
    { key: "name", valueExpression: "'the ' + object.metadata.name" },
    { key: "none", valueExpression: "null" },
  ];
  const spec = { matchConstraints: { resourceRules }, validations, auditAnnotations };
  await cluster.must("POST", policies, { ...head, kind: "ValidatingAdmissionPolicy", metadata: { name: "noted" }, spec });
  const bound = { policyName: "noted", validationActions: ["Audit"] };
  await cluster.must("POST", bindings, { ...head, kind: "ValidatingAdmissionPolicyBinding", metadata: { name: "bound" }, spec: bound });
  const { status, annotations } = await cluster.ask("POST", maps, map("noted"));
  assert.equal(status, 201);
  const failure = [{ message: "never", policy: "noted", binding: "bound", expressionIndex: 1, validationActions: ["Audit"] }];
  assert.deepEqual(Object.fromEntries(annotations), {
    "noted/name": "the noted",
    "validation.policy.admission.k8s.io/validation_failure": JSON.stringify(failure),
  });
  const total = "apiserver_validating_admission_policy_check_total";
  assert.deepEqual(samples(total), [`${total}{policy="noted",policy_binding="bound",error_type="no_error",enforcement_action="audit"} 1`]);
  await cluster.must("DELETE", `${bindings}/bound`);
  await cluster.must("DELETE", `${policies}/noted`);
});
