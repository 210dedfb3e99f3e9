import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJsonPath } from "./jsonpath.ts";

const pod = {
  metadata: { name: "p", labels: { "app.kubernetes.io/name": "web", plain: "x" } },
  spec: { containers: [{ name: "a", ports: [80, 443] }, { name: "b" }], replicas: 3 },
  status: {
    conditions: [
      { type: "Ready", status: "True", n: 5 },
      { type: "Other", status: "False", n: 1 },
    ],
  },
};

const find = (path: string): unknown[] => parseJsonPath(path).find(pod);

void test("paths lead to fields, elements and several of them", () => {
  assert.deepEqual(find(".metadata.name"), ["p"]);
  assert.deepEqual(find("$.spec.replicas"), [3]);
  assert.deepEqual(find(".metadata.labels.app\\.kubernetes\\.io/name"), ["web"]);
  assert.deepEqual(find(".metadata.labels['app.kubernetes.io/name']"), ["web"]);
  assert.deepEqual(find(".spec.containers[0].name"), ["a"]);
  assert.deepEqual(find(".spec.containers[-1].name"), ["b"]);
  assert.deepEqual(find(".spec.containers[*].name"), ["a", "b"]);
  assert.deepEqual(find(".spec.containers[0].ports[0:1]"), [80]);
  assert.deepEqual(find(".spec.containers[0,1].name"), ["a", "b"]);
  assert.deepEqual(find(".metadata['name','labels'].plain"), ["x"]);
  assert.deepEqual(find("..name"), ["p", "a", "b"]);
  assert.deepEqual(find("{.metadata.name}"), ["p"]);
});

void test("filters compare strings and numbers", () => {
  assert.deepEqual(find('.status.conditions[?(@.type=="Ready")].status'), ["True"]);
  assert.deepEqual(find(".status.conditions[?(@.type != 'Ready')].status"), ["False"]);
  assert.deepEqual(find(".status.conditions[?(@.n>2)].type"), ["Ready"]);
  assert.deepEqual(find(".spec.containers[?(@.ports)].name"), ["a"]);
});

void test("what is missing gives no result", () => {
  for (const path of [".nothing.at.all", ".spec.containers[7]", ".spec.replicas.x", ".metadata.__proto__"])
    assert.deepEqual(find(path), []);
});

void test("a path that makes no sense is refused", () => {
  for (const path of [".a[", ".a[?(@.b==1]", ".a[x]", ".a['b", "a b"]) assert.throws(() => parseJsonPath(path), /JSONPath/);
});
