import assert from "node:assert/strict";
import { test } from "node:test";
import { admissionChain } from "../../src/resources/admission/index.ts";
import type { Client } from "../../src/client/client.ts";
import {
  configmaps,
  limitranges,
  namespaces,
  nodes,
  pods,
  serviceaccounts,
  persistentvolumeclaims,
} from "../../src/schema/types/core-v1.ts";
import { leases } from "../../src/schema/types/coordination-v1.ts";
import { priorityclasses } from "../../src/schema/types/scheduling-v1.ts";
import { storageclasses } from "../../src/schema/types/storage-v1.ts";
import { startServer, type TestServer } from "./server.ts";

async function withNamespace(): Promise<TestServer> {
  const at = await startServer({ admission: admissionChain });
  await at.client.resource(namespaces).create({ metadata: { name: "team" } });
  await at.client.resource(serviceaccounts, "team").create({ metadata: { name: "default" } });
  return at;
}

const pod = (name: string, spec: object = {}): { metadata: { name: string }; spec: { containers: { name: string; image: string }[] } } => ({
  metadata: { name },
  spec: { containers: [{ name: "app", image: "nginx" }], ...spec },
});

test("nothing is written into a namespace that does not exist", async () => {
  await using at = await startServer({ admission: admissionChain });
  await assert.rejects(at.client.resource(configmaps, "nowhere").create({ metadata: { name: "a" } }), {
    code: 404,
    message: 'namespaces "nowhere" not found',
  });
});

test("a terminating namespace takes nothing new, and says why", async () => {
  await using at = await withNamespace();
  await at.client.resource(configmaps, "team").create({ metadata: { name: "old" } });
  await at.client.resource(namespaces).delete("team");
  await assert.rejects(at.client.resource(configmaps, "team").create({ metadata: { name: "new" } }), {
    code: 403,
    message: 'configmaps "new" is forbidden: unable to create new content in namespace team because it is being terminated',
    details: {
      name: "new",
      kind: "configmaps",
      causes: [{ reason: "NamespaceTerminating", message: "namespace team is being terminated", field: "metadata.namespace" }],
    },
  });
  await at.client.resource(configmaps, "team").delete("old");
});

test("default, kube-system and kube-public stay", async () => {
  await using at = await startServer({ admission: admissionChain });
  await at.client.resource(namespaces).create({ metadata: { name: "default" } });
  await assert.rejects(at.client.resource(namespaces).delete("default"), {
    message: 'namespaces "default" is forbidden: this namespace may not be deleted',
  });
});

test("a pod runs as the default account and finds its token", async () => {
  await using at = await withNamespace();
  const created = await at.client.resource(pods, "team").create(pod("a"));
  assert.equal(created.spec?.serviceAccountName, "default");
  assert.equal(created.spec?.serviceAccount, "default");
  const volume = created.spec?.volumes?.[0];
  assert.match(volume?.name ?? "", /^kube-api-access-[a-z0-9]{5}$/);
  assert.deepEqual(volume?.projected, {
    sources: [
      { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
      { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
      { downwardAPI: { items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }] } },
    ],
    defaultMode: 420,
  });
  assert.deepEqual(created.spec?.containers[0]?.volumeMounts, [
    { name: volume?.name, readOnly: true, mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" },
  ]);
});

test("a pod that wants no token gets none, and pull secrets come from the account", async () => {
  await using at = await withNamespace();
  await at.client.resource(serviceaccounts, "team").create({ metadata: { name: "puller" }, imagePullSecrets: [{ name: "registry" }] });
  const spec = { automountServiceAccountToken: false, serviceAccountName: "puller" };
  const created = await at.client.resource(pods, "team").create(pod("a", spec));
  assert.equal(created.spec?.volumes, undefined);
  assert.deepEqual(created.spec?.imagePullSecrets, [{ name: "registry" }]);
});

test("a pod of an account that does not exist is refused", async () => {
  await using at = await withNamespace();
  await assert.rejects(at.client.resource(pods, "team").create(pod("a", { serviceAccountName: "ghost" })), {
    code: 403,
    message: 'pods "a" is forbidden: error looking up service account team/ghost: serviceaccount "ghost" not found',
  });
});

test("priority comes from the class, from the default class, or is 0", async () => {
  await using at = await withNamespace();
  const client = at.client.resource(pods, "team");
  assert.equal((await client.create(pod("plain"))).spec?.priority, 0);
  await at.client.resource(priorityclasses).create({ metadata: { name: "high" }, value: 1000 });
  assert.equal((await client.create(pod("high", { priorityClassName: "high" }))).spec?.priority, 1000);
  await at.client.resource(priorityclasses).create({ metadata: { name: "usual" }, value: 7, globalDefault: true });
  const usual = await client.create(pod("usual"));
  assert.deepEqual(
    [usual.spec?.priorityClassName, usual.spec?.priority, usual.spec?.preemptionPolicy],
    ["usual", 7, "PreemptLowerPriority"],
  );
  await assert.rejects(client.create(pod("bad", { priorityClassName: "none" })), {
    message: 'pods "bad" is forbidden: no PriorityClass with name none was found',
  });
  await assert.rejects(client.create(pod("odd", { priority: 3 })), /the integer value of priority \(3\) must not be provided in pod spec/);
  await assert.rejects(at.client.resource(priorityclasses).create({ metadata: { name: "second" }, value: 1, globalDefault: true }), {
    message:
      'priorityclasses.scheduling.k8s.io "second" is forbidden: PriorityClass usual is already marked as default. Only one default can exist',
  });
});

test("a pod tolerates a node's failure for five minutes", async () => {
  await using at = await withNamespace();
  const created = await at.client.resource(pods, "team").create(pod("a"));
  assert.deepEqual(created.spec?.tolerations, [
    { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 },
    { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 },
  ]);
});

test("a new node is tainted as not ready", async () => {
  await using at = await withNamespace();
  const created = await at.client.resource(nodes).create({ metadata: { name: "n1" } });
  assert.deepEqual(created.spec?.taints, [{ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }]);
});

test("a claim gets the newest default class and its protection", async () => {
  await using at = await withNamespace();
  const metadata = { name: "fast", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } };
  await at.client.resource(storageclasses).create({ metadata, provisioner: "x/y" });
  const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
  const claim = await at.client.resource(persistentvolumeclaims, "team").create({ metadata: { name: "c" }, spec });
  assert.equal(claim.spec?.storageClassName, "fast");
  assert.deepEqual(claim.metadata?.finalizers, ["kubernetes.io/pvc-protection"]);
});

const kubelet = (client: Client, node: string): Client =>
  client.as({ name: `system:node:${node}`, groups: ["system:nodes", "system:authenticated"] });

test("a kubelet writes its own node and lease, not another's", async () => {
  await using at = await withNamespace();
  await at.client.resource(namespaces).create({ metadata: { name: "kube-node-lease" } });
  const n1 = kubelet(at.client, "n1");
  const own = await n1.resource(nodes).create({ metadata: { name: "n1", labels: { "kubernetes.io/os": "linux" } } });
  await assert.rejects(n1.resource(nodes).create({ metadata: { name: "n2" } }), {
    message: 'nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"',
  });
  await assert.rejects(n1.resource(nodes).update({ ...own, spec: { ...own.spec, taints: [] } }), {
    message: 'nodes "n1" is forbidden: node "n1" is not allowed to modify taints',
  });
  const labels = { ...own.metadata?.labels, "node-restriction.kubernetes.io/x": "y" };
  await assert.rejects(n1.resource(nodes).update({ ...own, metadata: { ...own.metadata, labels } }), {
    message: 'nodes "n1" is forbidden: is not allowed to modify labels: node-restriction.kubernetes.io/x',
  });
  await n1.resource(leases, "kube-node-lease").create({ metadata: { name: "n1" }, spec: {} });
  await assert.rejects(n1.resource(leases, "kube-node-lease").create({ metadata: { name: "n2" }, spec: {} }), {
    message: 'leases.coordination.k8s.io "n2" is forbidden: can only access node lease with the same name as the requesting node',
  });
  await assert.rejects(n1.resource(pods, "team").create(pod("p")), {
    message: 'pods "p" is forbidden: pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods',
  });
});

test("containers get a limit range's defaults, and keep within its bounds", async () => {
  await using at = await withNamespace();
  const limits = [
    {
      type: "Container",
      default: { cpu: "500m", memory: "256Mi" },
      defaultRequest: { cpu: "100m" },
      max: { cpu: "1" },
      min: { memory: "64Mi" },
    },
    { type: "Pod", max: { cpu: "1500m" } },
  ];
  await at.client.resource(limitranges, "team").create({ metadata: { name: "l" }, spec: { limits } });
  const client = at.client.resource(pods, "team");
  const created = await client.create(
    pod("plain", { containers: [{ name: "app", image: "x", resources: { requests: { memory: "128Mi" } } }] }),
  );
  assert.deepEqual(created.spec?.containers[0]?.resources, {
    limits: { cpu: "500m", memory: "256Mi" },
    requests: { cpu: "100m", memory: "128Mi" },
  });
  assert.equal(
    created.metadata?.annotations?.["kubernetes.io/limit-ranger"],
    "LimitRanger plugin set: cpu request for container app; cpu, memory limit for container app",
  );
  const big = { name: "app", image: "x", resources: { limits: { cpu: "2", memory: "32Mi" } } };
  await assert.rejects(client.create(pod("big", { containers: [big] })), {
    code: 403,
    message:
      'pods "big" is forbidden: [minimum memory usage per Container is 64Mi, but request is 32Mi, maximum cpu usage per Container is 1, but limit is 2, maximum cpu usage per Pod is 1500m, but limit is 2]',
  });
});
