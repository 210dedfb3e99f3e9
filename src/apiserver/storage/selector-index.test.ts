import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFieldSelector } from "../../schema/field-selector.ts";
import { parseLabelSelector } from "../../schema/label-selector.ts";
import type { UnstructuredObject } from "../../schema/object.ts";
import { orderedMap } from "../../store/ordered-map.ts";
import { Entry } from "./entry.ts";
import { Selection } from "./selection.ts";
import { SelectorIndexes } from "./selector-index.ts";
import { Warmth } from "./warmth.ts";

const strategy = { selectableFields: (o: UnstructuredObject) => ({ "spec.nodeName": (o["spec"] as { nodeName: string }).nodeName }) };
const decode = (value: Uint8Array): UnstructuredObject => JSON.parse(Buffer.from(value).toString()) as UnstructuredObject;

function entryOf(name: string, app: string, nodeName: string, warmth = new Warmth()): Entry {
  const [namespace] = name.split("/");
  const object = { kind: "Pod", apiVersion: "v1", metadata: { name, namespace, labels: { app } }, spec: { nodeName } };
  return new Entry(name, 1, Buffer.from(JSON.stringify(object)), undefined, decode, undefined, warmth);
}

class Objects {
  readonly tree = orderedMap<Entry>();
  readonly indexes = new SelectorIndexes(this);
  count(namespace: string): number {
    return namespace === "" ? this.tree.size : this.tree.keysArray().filter((key) => key.startsWith(`${namespace}/`)).length;
  }
  put(name: string, app: string, node: string): void {
    const entry = entryOf(name, app, node);
    this.tree.set(name, entry);
    this.indexes.put(entry);
  }
  remove(name: string): void {
    this.tree.delete(name);
    this.indexes.remove(name);
  }
}

const byLabel = (text: string, namespace = ""): Selection => new Selection(namespace, parseLabelSelector(text), undefined, strategy);
const byField = (text: string): Selection => new Selection("", undefined, parseFieldSelector(text), strategy);

function many(): Objects {
  const objects = new Objects();
  for (let i = 0; i < 1000; i++) objects.put(`ns-${i % 2}/${String(i).padStart(4, "0")}`, `app-${i % 100}`, `node-${i % 50}`);
  return objects;
}

void test("an index finds what looking at all objects finds, in the same order", async () => {
  const objects = many();
  for (const selection of [
    byLabel("app=app-7"),
    byLabel("app in (app-7,app-8),x!=y"),
    byLabel("app=app-7", "ns-1"),
    byField("spec.nodeName=node-3"),
  ]) {
    await objects.indexes.prepare(selection);
    const found = objects.indexes.find(selection)?.keys.filter((key) => selection.matches(objects.tree.get(key) as Entry));
    const all = objects.tree.keysArray().filter((key) => selection.matches(objects.tree.get(key) as Entry));
    assert.ok(all.length > 0);
    assert.deepEqual(found, all);
  }
});

void test("changes while an index is made, and after, are in it", async () => {
  const objects = many();
  const selection = byField("spec.nodeName=node-3");
  const building = objects.indexes.prepare(selection);
  assert.equal(objects.indexes.find(selection), undefined, "not before it is made");
  objects.put("ns-0/0000", "app-0", "node-3");
  objects.put("ns-1/0003", "app-3", "node-4");
  objects.remove("ns-1/0053");
  objects.put("ns-9/new", "app-0", "node-3");
  await building;
  objects.remove("ns-1/0103");
  const expected = objects.tree.keysArray().filter((key) => selection.matches(objects.tree.get(key) as Entry));
  assert.deepEqual(objects.indexes.find(selection), { keys: expected, exact: true });
  assert.ok(expected.includes("ns-9/new") && expected.includes("ns-0/0000") && !expected.includes("ns-1/0003"));
});

void test("few objects, and selections that most of them meet, are looked at one by one", async () => {
  const few = new Objects();
  few.put("a/b", "x", "y");
  assert.equal(few.indexes.prepare(byLabel("app=x")), undefined);
  const objects = new Objects();
  for (let i = 0; i < 1000; i++) objects.put(`ns/${String(i)}`, "same", "node");
  await objects.indexes.prepare(byLabel("app=same"));
  assert.equal(objects.indexes.find(byLabel("app=same")), undefined);
});

void test("what is not used makes room for what is, and is made again when it is wanted", () => {
  const warmth = new Warmth(10_000);
  const entries = Array.from({ length: 100 }, (_, i) => entryOf(`ns/${i}`, "a", "b", warmth));
  const [first, second] = entries as [Entry, Entry];
  const kept = first.object();
  const gone = second.object();
  for (const entry of entries.slice(2)) {
    entry.object();
    first.object();
  }
  assert.equal(first.object(), kept, "used all along");
  assert.notEqual(second.object(), gone);
  assert.deepEqual(second.object(), gone);
});

void test("labels that are alike are one object", () => {
  const warmth = new Warmth();
  const [a, b] = [entryOf("ns/a", "x", "1", warmth), entryOf("ns/b", "x", "2", warmth)];
  assert.equal(a.labels(), b.labels());
  assert.deepEqual(a.labels(), { app: "x" });
});
