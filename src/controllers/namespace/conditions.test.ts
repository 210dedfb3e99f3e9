import assert from "node:assert/strict";
import { test } from "node:test";
import { deletionConditions, estimateSeconds, type DeletionState } from "./conditions.ts";

const now = Date.UTC(2026, 0, 1);
const clean: DeletionState = { discoveryFailures: new Map(), errors: [], remaining: [] };
const text = (state: DeletionState) =>
  deletionConditions([], state, now).map((c) => `${c.type}=${c.status} ${c.reason ?? ""}: ${c.message ?? ""}`);

test("a namespace that empties says so in five conditions", () => {
  assert.deepEqual(text(clean), [
    "NamespaceDeletionDiscoveryFailure=False ResourcesDiscovered: All resources successfully discovered",
    "NamespaceDeletionGroupVersionParsingFailure=False ParsedGroupVersions: All legacy kube types successfully parsed",
    "NamespaceDeletionContentFailure=False ContentDeleted: All content successfully deleted, may be waiting on finalization",
    "NamespaceContentRemaining=False ContentRemoved: All content successfully removed",
    "NamespaceFinalizersRemaining=False ContentHasNoFinalizers: All content-preserving finalizers finished",
  ]);
});

test("what remains is named with its finalizers, sorted", () => {
  const remaining = [
    { group: "", resource: "pods", count: 2, finalizers: new Map([["b/x", 1]]) },
    {
      group: "apps",
      resource: "deployments",
      count: 1,
      finalizers: new Map([
        ["b/x", 1],
        ["a/y", 1],
      ]),
    },
  ];
  const lines = text({ ...clean, remaining });
  assert.equal(
    lines[3],
    "NamespaceContentRemaining=True SomeResourcesRemain: Some resources are remaining: deployments.apps has 1 resource instances, pods. has 2 resource instances",
  );
  assert.equal(
    lines[4],
    "NamespaceFinalizersRemaining=True SomeFinalizersRemain: Some content in the namespace has finalizers remaining: a/y in 1 resource instances, b/x in 2 resource instances",
  );
});

test("failures are counted and quoted", () => {
  const lines = text({
    ...clean,
    discoveryFailures: new Map([["metrics.k8s.io/v1beta1", "stale GroupVersion discovery: metrics.k8s.io/v1beta1"]]),
    errors: ["b", "a"],
  });
  assert.equal(
    lines[0],
    "NamespaceDeletionDiscoveryFailure=True DiscoveryFailed: Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: stale GroupVersion discovery: metrics.k8s.io/v1beta1",
  );
  assert.equal(
    lines[2],
    "NamespaceDeletionContentFailure=True ContentDeletionFailed: Failed to delete all resource types, 2 remaining: a, b",
  );
});

test("conditions that do not change are the same list, times move with the status only", () => {
  const first = deletionConditions([], clean, now);
  assert.equal(deletionConditions(first, clean, now + 1e6), first);
  const failed = deletionConditions(first, { ...clean, errors: ["x"] }, now + 60_000);
  assert.equal(failed[2]?.lastTransitionTime, "2026-01-01T00:01:00Z");
  assert.equal(failed[3]?.lastTransitionTime, "2026-01-01T00:00:00Z");
});

test("pods get their grace, finalizers fifteen seconds, anything else none", () => {
  const rest = (finalizers: [string, number][], count = 1) => ({ group: "", resource: "pods", count, finalizers: new Map(finalizers) });
  assert.equal(estimateSeconds(rest([], 0), 30, 0), 0);
  assert.equal(estimateSeconds(rest([]), 30, 10_000), 30);
  assert.equal(estimateSeconds(rest([["a", 1]]), 30, 40_000), 15);
  assert.equal(estimateSeconds(rest([]), 30, 40_000), undefined);
});
