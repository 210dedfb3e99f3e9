import assert from "node:assert/strict";
import { test } from "node:test";
import type { Attributes } from "../../src/auth/authorizer.ts";
import { startCluster } from "./cluster.ts";

const registration = "/apis/admissionregistration.k8s.io/v1";
const head = { apiVersion: "admissionregistration.k8s.io/v1" };

void test("expressions ask an authorizer that takes its time, each question once in a request", async () => {
  const asked: Attributes[] = [];
  await using cluster = await startCluster({
    authorizer: {
      authorize: async (attributes) => {
        asked.push(attributes);
        await new Promise((done) => setImmediate(done));
        const allowed = attributes.verb === "get";
        return { decision: allowed ? "allow" : "no-opinion", reason: allowed ? "because" : "" };
      },
    },
  });
  const may = (verb: string): string =>
    `authorizer.group('apps').resource('deployments').subresource('scale').namespace('ns').name('n').check('${verb}')`;
  const spec = {
    matchConstraints: { resourceRules: [{ operations: ["*"], apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"] }] },
    variables: [{ name: "may", expression: `${may("get")}.allowed()` }],
    matchConditions: [{ name: "may", expression: "authorizer.path('/healthz').check('get').allowed()" }],
    validations: [
      { expression: "variables.may && variables.may" },
      { expression: `${may("get")}.reason() == 'because'` },
      { expression: `!${may("delete")}.allowed()` },
      { expression: "authorizer.requestResource.check('frob').allowed()", message: "no frobbing" },
    ],
  };
  await cluster.must("POST", `${registration}/validatingadmissionpolicies`, {
    ...head,
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: "p" },
    spec,
  });
  const bound = { policyName: "p", validationActions: ["Deny"] };
  await cluster.must("POST", `${registration}/validatingadmissionpolicybindings`, {
    ...head,
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name: "p" },
    spec: bound,
  });
  asked.length = 0;
  const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } };
  const { status, object } = await cluster.ask("POST", "/api/v1/namespaces/default/configmaps", map);
  assert.equal(status, 422);
  assert.match(String(object["message"]), /denied request: no frobbing$/);
  const about = ({ verb, path, group, resource, subresource, namespace, name, resourceRequest, user }: Attributes): string =>
    resourceRequest ? `${user.name} ${verb} ${group}/${resource}/${subresource} ${namespace}/${name}` : `${user.name} ${verb} ${path}`;
  assert.deepEqual(asked.map(about), [
    "alice get /healthz",
    "alice get apps/deployments/scale ns/n",
    "alice delete apps/deployments/scale ns/n",
    "alice frob /configmaps/ default/a",
  ]);
});
