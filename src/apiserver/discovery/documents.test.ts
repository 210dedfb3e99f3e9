import assert from "node:assert/strict";
import { test } from "node:test";
import type { ResourceDefinition, Subresource } from "../resource.ts";
import { aggregatedDiscovery, apiGroupList, apiResourceList, compareVersions, servedGroups } from "./documents.ts";

function definition(
  group: string,
  resource: string,
  kind: string,
  versions: string[],
  more: Partial<ResourceDefinition> = {},
): ResourceDefinition {
  return {
    group,
    resource,
    singular: kind.toLowerCase(),
    kind,
    listKind: `${kind}List`,
    namespaced: true,
    shortNames: [],
    categories: [],
    versions: versions.map((version) => ({ version, typeName: "" })),
    storageVersion: versions[0] as string,
    verbs: ["get", "list"],
    strategy: {},
    subresources: {},
    storagePrefix: `/registry/${resource}`,
    ...more,
  };
}

const status: Subresource = { type: "object", strategy: {}, verbs: ["get"] };
const scale: Subresource = {
  type: "object",
  strategy: {},
  verbs: ["get"],
  view: { group: "autoscaling", version: "v1", kind: "Scale", typeName: "", read: (o) => o, replicasPaths: new Map(), write: () => [] },
};

void test("versions are ordered by stability, then by age", () => {
  const sorted = ["v1beta1", "foo", "v10", "v1", "v11alpha2", "v2", "v12alpha1", "v3beta1", "bar"].sort(compareVersions);
  assert.deepEqual(sorted, ["v10", "v2", "v1", "v3beta1", "v1beta1", "v12alpha1", "v11alpha2", "bar", "foo"]);
});

void test("groups are ordered by priority, then by name; the core group has no entry among them", () => {
  const groups = servedGroups(
    [
      definition("b.example", "bs", "B", ["v1"]),
      definition("a.example", "as", "A", ["v1alpha1", "v1"]),
      definition("apps", "deployments", "Deployment", ["v1"]),
      definition("", "configmaps", "ConfigMap", ["v1"]),
    ],
    (group) => (group === "apps" ? { group: 17800, version: 15 } : { group: 1000, version: 100 }),
  );
  assert.deepEqual(
    groups.map((g) => g.group),
    ["", "apps", "a.example", "b.example"],
  );
  const list = apiGroupList(groups) as { groups: { name: string; preferredVersion: { version: string } }[] };
  assert.deepEqual(
    list.groups.map((g) => `${g.name}/${g.preferredVersion.version}`),
    ["apps/v1", "a.example/v1", "b.example/v1"],
  );
});

void test("a resource list has the stored version's hash, and foreign kinds by their group version", () => {
  const [group] = servedGroups([
    definition("", "replicationcontrollers", "ReplicationController", ["v1"], { subresources: { status, scale }, categories: ["all"] }),
    definition("", "configmaps", "ConfigMap", ["v1"], { shortNames: ["cm"] }),
  ]);
  const served = group?.versions[0];
  assert.ok(served);
  assert.deepEqual(apiResourceList("", served), {
    kind: "APIResourceList",
    groupVersion: "v1",
    resources: [
      {
        name: "configmaps",
        singularName: "configmap",
        namespaced: true,
        kind: "ConfigMap",
        verbs: ["get", "list"],
        shortNames: ["cm"],
        storageVersionHash: "qFsyl6wFWjQ=",
      },
      {
        name: "replicationcontrollers",
        singularName: "replicationcontroller",
        namespaced: true,
        kind: "ReplicationController",
        verbs: ["get", "list"],
        categories: ["all"],
        storageVersionHash: "Jond2If31h0=",
      },
      {
        name: "replicationcontrollers/scale",
        singularName: "",
        namespaced: true,
        group: "autoscaling",
        version: "v1",
        kind: "Scale",
        verbs: ["get"],
      },
      { name: "replicationcontrollers/status", singularName: "", namespaced: true, kind: "ReplicationController", verbs: ["get"] },
    ],
  });
});

void test("the aggregated document names built-in kinds briefly and custom ones in full", () => {
  const codec = {
    decode: () => ({ object: {}, problems: [] }),
    shape: () => ({ object: {}, problems: [] }),
    normalize: () => ({ object: {}, problems: [] }),
  };
  const groups = servedGroups([
    definition("apps", "deployments", "Deployment", ["v1"], { subresources: { scale } }),
    definition("example.com", "things", "Thing", [], { versions: [{ version: "v1", typeName: "", codec }], storageVersion: "v1" }),
  ]);
  const { items } = aggregatedDiscovery(groups) as {
    items: { versions: { resources: { responseKind: object; subresources?: { responseKind: object }[] }[] }[] }[];
  };
  const first = (i: number): { responseKind: object; subresources?: { responseKind: object }[] } | undefined =>
    items[i]?.versions[0]?.resources[0];
  assert.deepEqual(first(0)?.responseKind, { group: "", version: "", kind: "Deployment" });
  assert.deepEqual(first(0)?.subresources?.[0]?.responseKind, { group: "autoscaling", version: "v1", kind: "Scale" });
  assert.deepEqual(first(1)?.responseKind, { group: "example.com", version: "v1", kind: "Thing" });
});
