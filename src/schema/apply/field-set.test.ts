import assert from "node:assert/strict";
import { test } from "node:test";
import { FieldSet } from "./field-set.ts";
import { decodeFields, encodeFields } from "./fields-v1.ts";
import { parsePathElement, printElement } from "./path-element.ts";
import { capUpdateManagers } from "./cap-managers.ts";
import { anyElement, excludeFields, includeFields } from "./filter.ts";
import { type ManagedSet, decodeManagedFields, managerId, validateFieldManager, validateManagedFields } from "./managed-fields.ts";
import { parentManagedFields, scaleManagedFields } from "./scale.ts";
import { rootPath } from "../field-error.ts";
import { typeAtom } from "./atom.ts";
import { extractItems } from "./remove.ts";

const ports = {
  "f:spec": { ".": {}, "f:ports": { 'k:{"port":80,"protocol":"TCP"}': { ".": {}, "f:port": {} } }, "f:set": { "v:1": {}, 'v:"x"': {} } },
};

test("FieldsV1 is read and written in upstream's order", () => {
  const set = decodeFields(ports);
  assert.equal(JSON.stringify(encodeFields(set)), JSON.stringify(ports));
  const jumbled = {
    "i:10": {},
    "i:9": {},
    'v:"b"': {},
    "v:10": {},
    "v:9": {},
    'k:{"b":1,"a":2}': {},
    "f:b": {},
    "f:a": {},
    "x:unknown": {},
  };
  const sorted = ["f:a", "f:b", 'k:{"a":2,"b":1}', "v:9", "v:10", 'v:"b"', "i:9", "i:10"];
  assert.deepEqual(Object.keys(encodeFields(decodeFields(jumbled))), sorted);
});

test("equal sets are one, and operations that change nothing give back their input", () => {
  const set = decodeFields(ports);
  assert.equal(decodeFields(structuredClone(ports)), set);
  assert.equal(set.union(FieldSet.fromFields(["spec"])), set);
  assert.equal(set.difference(FieldSet.fromFields(["status"])), set);
  assert.equal(set.intersection(set), set);
  assert.equal(encodeFields(set), encodeFields(decodeFields(structuredClone(ports))));
});

test("a difference leaves children of a removed parent, a recursive one does not", () => {
  const set = FieldSet.fromFields(["a"], ["a", "b"], ["c"]);
  const parent = FieldSet.fromFields(["a"]);
  assert.ok(set.difference(parent).equals(FieldSet.fromFields(["a", "b"], ["c"])));
  assert.ok(set.recursiveDifference(parent).equals(FieldSet.fromFields(["c"])));
});

test("malformed elements are refused, those of an unknown kind ignored", () => {
  assert.throws(() => parsePathElement("f"), /2 characters/);
  assert.throws(() => parsePathElement("fname"), /missing colon: fname/);
  assert.throws(() => parsePathElement("v:{"), SyntaxError);
  assert.equal(parsePathElement("z:what"), undefined);
  assert.equal(printElement(parsePathElement('k:{"name":"x","port":1}') ?? assert.fail()), '[name="x",port=1]');
});

test("filters keep or leave out what strategies say", () => {
  const set = FieldSet.fromFields(["spec", "a", "image"], ["spec", "b", "size"], ["status", "x"]);
  assert.ok(excludeFields(["status"])(set).equals(FieldSet.fromFields(["spec", "a", "image"], ["spec", "b", "size"])));
  assert.ok(includeFields(["spec", anyElement, "size"])(set).equals(FieldSet.fromFields(["spec", "b", "size"])));
});

test("the oldest of more than ten updaters become ancient-changes", () => {
  const managed = new Map<string, ManagedSet>();
  for (let i = 0; i < 12; i++) {
    const of = { manager: `m${i}`, operation: "Update", subresource: "", apiVersion: "v1" };
    const time = `2026-01-01T00:00:${String(i).padStart(2, "0")}Z`;
    managed.set(managerId(of), { ...of, applied: false, set: FieldSet.fromFields([`f${i}`]), time });
  }
  const capped = [...capUpdateManagers(managed).values()];
  assert.equal(capped.length, 10);
  const ancient = capped.find((of) => of.manager === "ancient-changes");
  assert.equal(ancient?.set.equals(FieldSet.fromFields(["f0"], ["f1"], ["f2"])), true);
  assert.equal(ancient?.time, "2026-01-01T00:00:02Z");
});

test("managed fields that a client wrote are validated", () => {
  assert.throws(() => decodeManagedFields([{ operation: "Other", apiVersion: "v1" }]), /operation must be `Apply` or `Update`/);
  assert.throws(() => decodeManagedFields([{ operation: "Apply", apiVersion: "v1" }]), /missing fieldsType in managed fields entry 0/);
  const path = rootPath.child("metadata").child("managedFields");
  const errors = validateManagedFields([{ operation: "X", fieldsType: "Y", manager: "a\u0007", subresource: "s".repeat(300) }], path);
  assert.deepEqual(
    errors.map((e) => e.field),
    ["operation", "fieldsType", "manager", "subresource"].map((f) => `metadata.managedFields[0].${f}`),
  );
  assert.equal(validateFieldManager("m".repeat(129), path).length, 1);
});

test("a scale's owner takes the replicas from the object's, and others keep theirs", () => {
  const fields = { "f:spec": { "f:paused": {}, "f:replicas": {} } };
  const entry = { operation: "Update", apiVersion: "apps/v1", fieldsType: "FieldsV1", fieldsV1: fields };
  const parent = [{ manager: "a", ...entry, time: "2026-01-01T00:00:00Z" }];
  const paths = new Map([["apps/v1", ["spec", "replicas"]]]);
  const scale = scaleManagedFields(parent, paths);
  assert.deepEqual(scale?.[0]?.fieldsV1, { "f:spec": { "f:replicas": {} } });
  const applied = parent.map((e) => ({ ...e, operation: "Apply" }));
  assert.deepEqual(parentManagedFields(applied, scaleManagedFields(applied, paths), "apps/v1", paths), applied);
  const stolen = [
    { ...entry, manager: "b", apiVersion: "autoscaling/v1", subresource: "scale", fieldsV1: { "f:spec": { "f:replicas": {} } } },
  ];
  const after = parentManagedFields(parent, stolen, "apps/v1", paths);
  assert.deepEqual(
    after?.map((e) => [e.manager, e.apiVersion, e.fieldsV1]),
    [
      ["b", "apps/v1", { "f:spec": { "f:replicas": {} } }],
      ["a", "apps/v1", { "f:spec": { "f:paused": {} } }],
    ],
  );
});

test("items of a set are extracted from an object", () => {
  const pod = {
    spec: {
      hostname: "h",
      containers: [
        { name: "a", image: "i" },
        { name: "b", image: "j" },
      ],
    },
  };
  const set = decodeFields({ "f:spec": { "f:containers": { 'k:{"name":"b"}': { "f:image": {} } } } });
  const atom = typeAtom("io.k8s.api.core.v1.Pod") ?? assert.fail();
  assert.deepEqual(extractItems(pod, set, atom), { spec: { containers: [{ image: "j" }] } });
});
