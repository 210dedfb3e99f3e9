import assert from "node:assert/strict";
import { test } from "node:test";
import type { PersistentVolume, Pod } from "../../schema/types/core-v1.ts";
import type { VolumeAttachment } from "../../schema/types/storage-v1.ts";
import type { Attributes } from "../authorizer.ts";
import { listSource } from "../list-source.ts";
import { NodeGraph } from "./graph.ts";
import { NodeAuthorizer } from "./node-authorizer.ts";

const pods = listSource<Pod>();
const persistentVolumes = listSource<PersistentVolume>();
const volumeAttachments = listSource<VolumeAttachment>();
const node = new NodeAuthorizer(new NodeGraph({ pods, persistentVolumes, volumeAttachments }), [
  { verbs: ["get", "list", "watch"], apiGroups: [""], resources: ["services"] },
]);

function pod(name: string, nodeName: string, spec: object = {}, annotations?: Record<string, string>): Pod {
  const metadata = { name, namespace: "ns", ...(annotations === undefined ? {} : { annotations }) };
  return { metadata, spec: { nodeName, serviceAccountName: "robot", containers: [], ...spec } };
}

function can(who: string, verb: string, what: string, name = "", more: Partial<Attributes> = {}): string {
  const [resource = "", group = ""] = what.split("@");
  const [plain = "", subresource = ""] = resource.split("/");
  const verdict = node.authorize({
    user: { name: `system:node:${who}`, groups: ["system:nodes"] },
    verb,
    resourceRequest: true,
    path: "",
    group,
    version: "v1",
    resource: plain,
    subresource,
    namespace: "ns",
    name,
    ...more,
  });
  return verdict.decision === "allow" ? "yes" : verdict.reason;
}

const unrelated = (who: string): string => `no relationship found between node '${who}' and this object`;

void test("a node reads what its pods name, as long as one of them is there", () => {
  const spec = {
    imagePullSecrets: [{ name: "pull" }],
    containers: [
      {
        name: "c",
        env: [{ name: "E", valueFrom: { secretKeyRef: { name: "env", key: "k" } } }],
        envFrom: [{ configMapRef: { name: "cm" } }],
      },
    ],
    volumes: [
      { name: "v", persistentVolumeClaim: { claimName: "claim" } },
      { name: "p", projected: { sources: [{ secret: { name: "projected" } }] } },
      { name: "e", ephemeral: {} },
    ],
  };
  pods.put(pod("p1", "n1", spec));
  pods.put(pod("p2", "n1", { imagePullSecrets: [{ name: "pull" }] }));
  for (const secret of ["pull", "env", "projected"]) assert.equal(can("n1", "get", "secrets", secret), "yes", secret);
  assert.equal(can("n1", "watch", "configmaps", "cm"), "yes");
  assert.equal(can("n1", "get", "persistentvolumeclaims", "claim"), "yes");
  assert.equal(can("n1", "get", "persistentvolumeclaims", "p1-e"), "yes");
  assert.equal(can("n1", "get", "pods", "p1"), "yes");
  assert.equal(can("n2", "get", "secrets", "pull"), unrelated("n2"));
  assert.equal(can("n1", "get", "secrets", "other"), unrelated("n1"));
  assert.equal(can("n1", "list", "secrets"), "No Object name found");
  assert.equal(can("n1", "delete", "secrets", "pull"), "can only read resources of this type");
  pods.remove("ns", "p1");
  assert.equal(can("n1", "get", "secrets", "pull"), "yes");
  assert.equal(can("n1", "get", "secrets", "env"), unrelated("n1"));
  pods.remove("ns", "p2");
  assert.equal(can("n1", "get", "secrets", "pull"), unrelated("n1"));
});

void test("a mirror pod opens nothing", () => {
  pods.put(pod("m", "n1", { imagePullSecrets: [{ name: "s" }] }, { "kubernetes.io/config.mirror": "x" }));
  assert.equal(can("n1", "get", "secrets", "s"), unrelated("n1"));
  assert.equal(can("n1", "get", "pods", "m"), "yes");
});

void test("a volume and its secrets are seen through the claim", () => {
  pods.put(pod("c", "n1", { volumes: [{ name: "v", persistentVolumeClaim: { claimName: "data" } }] }));
  persistentVolumes.put({
    metadata: { name: "pv" },
    spec: {
      claimRef: { namespace: "ns", name: "data" },
      csi: { driver: "d", volumeHandle: "h", nodeStageSecretRef: { name: "stage", namespace: "csi" } },
    },
  });
  assert.equal(can("n1", "get", "persistentvolumes", "pv", { namespace: "" }), "yes");
  assert.equal(can("n1", "get", "secrets", "stage", { namespace: "csi" }), "yes");
  assert.equal(can("n2", "get", "secrets", "stage", { namespace: "csi" }), unrelated("n2"));
});

void test("tokens are made for the accounts of own pods only", () => {
  pods.put(pod("t", "n1"));
  assert.equal(can("n1", "create", "serviceaccounts/token", "robot"), "yes");
  assert.equal(can("n2", "create", "serviceaccounts/token", "robot"), unrelated("n2"));
  assert.equal(can("n1", "create", "serviceaccounts", "robot"), "can only create token subresource of serviceaccount");
});

void test("own node, lease and CSINode", () => {
  assert.equal(can("n1", "get", "nodes", "n1", { namespace: "" }), "yes");
  assert.equal(can("n1", "get", "nodes", "n2", { namespace: "" }), "node 'n1' cannot read 'n2', only its own Node object");
  assert.equal(can("n1", "update", "leases@coordination.k8s.io", "n1", { namespace: "kube-node-lease" }), "yes");
  assert.equal(
    can("n1", "update", "leases@coordination.k8s.io", "n2", { namespace: "kube-node-lease" }),
    "can only access node lease with the same name as the requesting node",
  );
  assert.equal(can("n1", "create", "csinodes@storage.k8s.io", "", { namespace: "" }), "yes");
});

void test("pods are listed by their node, and the rest goes by rules", () => {
  assert.equal(can("n1", "list", "pods", "", { fieldSelector: "spec.nodeName=n1" }), "yes");
  assert.equal(
    can("n1", "watch", "pods", "", { fieldSelector: "spec.nodeName=n2" }),
    "can only list/watch pods with spec.nodeName field selector",
  );
  assert.equal(can("n1", "list", "services"), "yes");
  assert.equal(can("n1", "list", "endpoints"), "");
});

void test("an update counts where it changes what the pod names", () => {
  const ask = (): string => can("n7", "get", "secrets", "late");
  const named = { ephemeralContainers: [{ name: "d", envFrom: [{ secretRef: { name: "late" } }] }] };
  pods.put(pod("p7", "n7"));
  assert.equal(ask(), unrelated("n7"));
  pods.put(pod("p7", "n7", named));
  assert.equal(ask(), "yes");
  pods.put({ ...pod("p7", "n7", named), status: { phase: "Running" } });
  assert.equal(ask(), "yes");
  pods.remove("ns", "p7");
  assert.equal(ask(), unrelated("n7"));
});
