import assert from "node:assert/strict";
import { test } from "node:test";
import facts from "../../../facts/bootstrap-objects.json" with { type: "json" };
import { defaultFeatureGates, parseFeatureGates } from "../../core/feature-gates.ts";
import type { KubeObject } from "../../schema/object.ts";
import { gatedPolicy } from "./gated-policy.ts";

const objects = facts as unknown as (KubeObject & { kind: string; rules?: { resources?: string[] }[] })[];

void test("without gates the default policy is upstream's", () => {
  assert.deepEqual(gatedPolicy(objects, defaultFeatureGates), objects);
});

void test("a gate brings roles of its own and rules to others", () => {
  const { gates } = parseFeatureGates(["ClusterTrustBundle=true"]);
  const policy = gatedPolicy(objects, gates);
  assert.deepEqual(
    policy.slice(objects.length).map((o) => `${o.kind}/${o.metadata?.name}`),
    [
      "ClusterRole/system:cluster-trust-bundle-discovery",
      "ClusterRoleBinding/system:cluster-trust-bundle-discovery",
      "ClusterRole/system:controller:kube-apiserver-serving-clustertrustbundle-publisher",
      "ClusterRoleBinding/system:controller:kube-apiserver-serving-clustertrustbundle-publisher",
    ],
  );
  const node = policy.find((o) => o.kind === "ClusterRole" && o.metadata?.name === "system:node");
  assert.deepEqual(
    node?.rules?.slice(-2).map((r) => r.resources),
    [["clustertrustbundles"], ["serviceaccounts"]],
  );
});
