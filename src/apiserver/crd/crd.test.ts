import assert from "node:assert/strict";
import { test } from "node:test";
import type { CustomResourceDefinition, CustomResourceDefinitionNames } from "../../schema/types/apiextensions-v1.ts";
import { customTable, humanDuration } from "./columns.ts";
import { approvalCondition, setCondition } from "./conditions.ts";
import { decideNames, HeldNames } from "./names.ts";
import { scaleView, validateScale } from "./scale.ts";

function crd(names: CustomResourceDefinitionNames, accepted?: Partial<CustomResourceDefinitionNames>): CustomResourceDefinition {
  return {
    metadata: { name: `${names.plural}.example.com` },
    spec: { group: "example.com", scope: "Namespaced", names, versions: [] },
    ...(accepted === undefined ? {} : { status: { acceptedNames: { plural: "", kind: "", ...accepted } } }),
  };
}

function heldBy(other: CustomResourceDefinition): HeldNames {
  const held = new HeldNames();
  held.set(other);
  return held;
}

const foo = { plural: "foos", singular: "foo", kind: "Foo", listKind: "FooList", shortNames: ["f"] };

void test("names that are free are accepted", () => {
  const { accepted, condition } = decideNames(crd(foo), new HeldNames());
  assert.deepEqual(accepted, foo);
  assert.deepEqual(condition, { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" });
});

void test("a name that is taken is refused alone, and the last refusal is told", () => {
  const other = crd(
    { ...foo, plural: "others", singular: "other", kind: "Other", listKind: "OtherList" },
    { plural: "others", kind: "Other", shortNames: ["f"] },
  );
  const { accepted, condition } = decideNames(crd(foo), heldBy(other));
  assert.equal(accepted.plural, "foos");
  assert.equal(accepted.shortNames, undefined);
  assert.deepEqual(condition, { type: "NamesAccepted", status: "False", reason: "ShortNamesConflict", message: '"f" is already in use' });
});

void test("a resource's names do not clash with kinds", () => {
  const other = crd({ plural: "x", kind: "foo" }, { plural: "x", kind: "foo" });
  assert.equal(decideNames(crd(foo), heldBy(other)).condition.status, "True");
});

void test("what was accepted before stays when a new name is taken", () => {
  const other = crd({ plural: "bars", kind: "Bar" }, { plural: "bars", singular: "bar", kind: "Bar" });
  const { accepted, condition } = decideNames(crd({ ...foo, singular: "bar" }, foo), heldBy(other));
  assert.equal(accepted.singular, "foo");
  assert.equal(condition.reason, "SingularConflict");
});

void test("a name is free when its holder has another one or is gone", () => {
  const other = crd({ plural: "bars", kind: "Foo" }, { plural: "bars", kind: "Foo" });
  const held = heldBy(other);
  assert.equal(decideNames(crd(foo), held).condition.reason, "KindConflict");
  held.set(crd({ plural: "bars", kind: "Bar" }, { plural: "bars", kind: "Bar" }));
  assert.equal(decideNames(crd(foo), held).condition.status, "True");
  held.set(other);
  held.delete("bars.example.com");
  assert.equal(decideNames(crd(foo), held).condition.status, "True");
});

void test("a condition keeps its time while its status stays", () => {
  const status = {};
  const one = { type: "T", status: "True", reason: "A", message: "" };
  assert.equal(setCondition(status, one, 0), true);
  assert.equal(setCondition(status, one, 60_000), false);
  assert.equal(setCondition(status, { ...one, reason: "B" }, 60_000), true);
  assert.equal(setCondition(status, { ...one, status: "False" }, 120_000), true);
  assert.deepEqual(status, {
    conditions: [{ type: "T", status: "False", reason: "A", message: "", lastTransitionTime: "1970-01-01T00:02:00Z" }],
  });
});

void test("groups of the community need an approval", () => {
  const of = (group: string, annotation?: string): string | undefined =>
    approvalCondition({
      ...crd(foo),
      metadata: { name: "x", ...(annotation === undefined ? {} : { annotations: { "api-approved.kubernetes.io": annotation } }) },
      spec: { ...crd(foo).spec, group },
    })?.reason;
  assert.equal(of("example.com"), undefined);
  assert.equal(of("storage.k8s.io"), "MissingAnnotation");
  assert.equal(of("x.kubernetes.io", "https://github.com/kubernetes/enhancements/pull/1"), "ApprovedAnnotation");
  assert.equal(of("x.k8s.io", "unapproved, an experiment"), "UnapprovedAnnotation");
  assert.equal(of("x.k8s.io", "yes"), "InvalidAnnotation");
});

void test("columns show what their paths lead to, in their type", () => {
  const table = customTable([
    { name: "Size", type: "integer", jsonPath: ".spec.size" },
    { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: "On", type: "boolean", jsonPath: ".spec.on" },
    { name: "Labels", type: "string", jsonPath: ".spec.map", priority: 1 },
    { name: "Since", type: "date", jsonPath: ".metadata.creationTimestamp" },
    { name: "Wrong", type: "integer", jsonPath: ".metadata.name" },
  ]);
  const object = {
    metadata: { name: "a", creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: { size: 3.9, on: true, map: { k: "v" } },
    status: { conditions: [{ type: "Ready", status: "True" }] },
  };
  assert.deepEqual(table.cells(object, Date.UTC(2026, 0, 1, 0, 3, 20)), ["a", 3, "True", true, '{"k":"v"}', "3m20s", null]);
  assert.equal(table.columns[1]?.description, "Custom resource definition column (in JSONPath format): .spec.size");
  assert.equal(table.columns[4]?.priority, 1);
  assert.deepEqual(
    customTable(undefined).columns.map((c) => c.name),
    ["Name", "Age"],
  );
});

void test("ages are written with two units while they are small", () => {
  const hour = 3_600_000;
  const written = [5_000, 119_000, 200_000, 600_000, 3 * hour, 3.5 * hour, 30 * hour, 50 * hour, 9 * 24 * hour, 800 * 24 * hour].map(
    humanDuration,
  );
  assert.deepEqual(written, ["5s", "119s", "3m20s", "10m", "3h", "3h30m", "30h", "2d2h", "9d", "2y70d"]);
});

void test("scale is read from the paths and written back into the first", () => {
  const paths = { specReplicasPath: ".spec.count", statusReplicasPath: ".status.count", labelSelectorPath: ".status.selector" };
  const view = scaleView(paths, new Map());
  const object: Record<string, unknown> = {
    metadata: { name: "x", namespace: "n" },
    spec: { count: 2 },
    status: { count: 1, selector: "a=b" },
  };
  const scale = view.read(object) as Record<string, unknown>;
  assert.deepEqual(scale["spec"], { replicas: 2 });
  assert.deepEqual(scale["status"], { replicas: 1, selector: "a=b" });
  assert.deepEqual(view.write(object, { spec: { replicas: 7 } }), []);
  assert.deepEqual(object["spec"], { count: 7 });
  assert.equal(view.write(object, { spec: { replicas: -1 } }).length, 1);
  assert.throws(() => view.read({ metadata: { name: "x" } as object }), /the spec replicas field ".spec.count" does not exist/);
  assert.equal(validateScale(paths, { spec: { count: -1 }, status: { selector: 3 } }, false).length, 2);
});
