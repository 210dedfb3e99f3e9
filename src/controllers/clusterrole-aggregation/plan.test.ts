import assert from "node:assert/strict";
import { test } from "node:test";
import { aggregatedRules } from "./plan.ts";

const rule = (resource: string) => ({ apiGroups: [""], resources: [resource], verbs: ["get"] });
const part = (name: string, resource: string) => ({ metadata: { name, labels: { "to-view": "true" } }, rules: [rule(resource)] });
const view = {
  metadata: { name: "view", labels: { "to-view": "true" } },
  aggregationRule: { clusterRoleSelectors: [{ matchLabels: { "to-view": "true" } }] },
};

test("rules come by name, each once, never from the role itself", () => {
  assert.deepEqual(aggregatedRules(view, [view, part("b", "pods"), part("a", "services"), part("c", "pods")]), [
    rule("services"),
    rule("pods"),
  ]);
});

test("a role whose rules are right, or that aggregates nothing, is left alone", () => {
  assert.equal(aggregatedRules({ ...view, rules: [rule("pods")] }, [part("b", "pods")]), undefined);
  assert.equal(aggregatedRules(part("b", "pods"), []), undefined);
});
