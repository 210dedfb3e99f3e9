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

void test("who writes or binds a policy must be allowed to read its parameters", async () => {
  const allowed = new Set<string>();
  await using cluster = await startCluster({
    authorizer: {
      authorize: ({ verb, group, resource, namespace, name }) => {
        const may = allowed.has(`${verb} ${group}/${resource} ${namespace}/${name}`);
        return { decision: may ? "allow" : "no-opinion", reason: "" };
      },
    },
  });
  const user = { name: "writer", groups: ["system:authenticated"] };
  const create = async (resource: string, kind: string, spec: object, as?: typeof user): Promise<[number, unknown]> => {
    const body = { ...head, kind, metadata: { name: "p" }, spec };
    const { status, object } = await cluster.ask("POST", `${registration}/${resource}`, body, undefined, as);
    return [status, object["message"]];
  };
  const policy = {
    paramKind: { apiVersion: "v1", kind: "ConfigMap" },
    matchConstraints: { resourceRules: [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["secrets"] }] },
    validations: [{ expression: "true" }],
  };
  const binding = {
    policyName: "p",
    validationActions: ["Deny"],
    paramRef: { name: "x", namespace: "ns", parameterNotFoundAction: "Deny" },
  };
  const mutating = { policyName: "q", paramRef: { selector: {}, parameterNotFoundAction: "Deny" } };
  const shown = "user &{writer  [system:authenticated] map[]}";
  const invalid = (kind: string, field: string): string =>
    `${kind}.admissionregistration.k8s.io "p" is invalid: spec.${field}: Forbidden: `;
  const writePolicy = () => create("validatingadmissionpolicies", "ValidatingAdmissionPolicy", policy, user);
  const writeBinding = (as?: typeof user) => create("validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding", binding, as);
  const about = `must have "get" permission on all objects of the referenced paramKind (kind=ConfigMap, apiVersion=v1)`;
  assert.deepEqual(await writePolicy(), [422, `${invalid("ValidatingAdmissionPolicy", "paramKind")}${shown} ${about}`]);
  allowed.add("get /configmaps */*");
  assert.deepEqual(await writePolicy(), [201, undefined]);
  const denied = `${shown} does not have "get" permission on the object referenced by paramRef`;
  assert.deepEqual(await writeBinding(user), [422, invalid("ValidatingAdmissionPolicyBinding", "paramRef") + denied]);
  allowed.add("get /configmaps ns/x");
  assert.deepEqual(await writeBinding(user), [201, undefined]);
  const unknown = `unable to get policy q to determine minimum required permissions and ${shown} does not have "list" permission`;
  assert.deepEqual(await create("mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding", mutating, user), [
    422,
    `${invalid("MutatingAdmissionPolicyBinding", "paramRef")}${unknown} for all groups, versions and resources`,
  ]);
  // Who may do anything is not asked about.
  assert.deepEqual(await create("mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding", mutating), [201, undefined]);
});
