/** What server-side apply must do whatever is applied. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isApiError } from "../../core/api-error.ts";
import { normalize } from "../normalize.ts";
import { deepFreeze, type UnstructuredObject } from "../object.ts";
import type { JSONSchemaProps } from "../types/apiextensions-v1.ts";
import { customResourceAtom, deducedAtom, typeAtom } from "./atom.ts";
import { fieldManager, type FieldManager, withManagedFields } from "./field-manager.ts";
import { FieldSet } from "./field-set.ts";
import { decodeFields, encodeFields, type FieldsV1 } from "./fields-v1.ts";
import { decodeManagedFields } from "./managed-fields.ts";
import { fieldElement, keyElement, type PathElement, valueElement } from "./path-element.ts";
import { toFieldSet } from "./to-field-set.ts";

const check = (...args: Parameters<typeof fc.assert>): void => void fc.assert(...args);
const text = fc.constantFrom("a", "b", "c", "d");

const typeName = "io.k8s.api.core.v1.Pod";
const atom = typeAtom(typeName);
const apiVersion = "v1";

let clock = 0;
const managers: FieldManager = fieldManager({
  type: { atom: (at) => (at === apiVersion ? atom : undefined), convert: (o) => o },
  apiVersion,
  kind: "Pod",
  empty: deepFreeze(normalize<UnstructuredObject>(typeName, { apiVersion, kind: "Pod" })),
  now: () => (clock += 1000),
});

const container = fc.record(
  {
    image: text,
    env: fc.uniqueArray(fc.record({ name: text, value: text }), { minLength: 1, maxLength: 3, selector: (e) => e.name }),
    args: fc.array(text, { minLength: 1, maxLength: 2 }),
    ports: fc.uniqueArray(fc.record({ containerPort: fc.integer({ min: 1, max: 3 }) }), {
      minLength: 1,
      maxLength: 2,
      selector: (p) => p.containerPort,
    }),
  },
  { requiredKeys: [] },
);

/** Configurations of one pod, by their fields. */
const config: fc.Arbitrary<UnstructuredObject> = fc
  .record(
    {
      labels: fc.dictionary(text, text, { minKeys: 1, maxKeys: 3 }),
      finalizers: fc.uniqueArray(text, { minLength: 1, maxLength: 3 }),
      containers: fc
        .uniqueArray(fc.constantFrom("one", "two"), { minLength: 1, maxLength: 2 })
        .chain((names) => fc.tuple(...names.map((name) => container.map((c) => ({ name, ...c }))))),
      nodeSelector: fc.dictionary(text, text, { minKeys: 1, maxKeys: 2 }),
    },
    { requiredKeys: [] },
  )
  .map(({ labels, finalizers, ...spec }) => ({
    apiVersion,
    kind: "Pod",
    metadata: { name: "p", ...(labels === undefined ? {} : { labels }), ...(finalizers === undefined ? {} : { finalizers }) },
    ...(Object.keys(spec).length === 0 ? {} : { spec }),
  }));

/** The object after an apply as a server keeps it: normalised, with a uid. */
function applied(live: UnstructuredObject | undefined, by: string, what: UnstructuredObject, force = true): UnstructuredObject {
  const result = managers.apply(live ?? managers.empty, what, by, force);
  const entries = result.metadata?.managedFields;
  const shaped = normalize<UnstructuredObject>(typeName, withManagedFields(result, undefined));
  shaped.metadata = { ...shaped.metadata, uid: "u" };
  return deepFreeze(withManagedFields({ ...shaped, apiVersion, kind: "Pod" }, entries));
}

const contents = (object: UnstructuredObject): UnstructuredObject => withManagedFields(object, undefined);

/** Who owns what, without times. */
function owners(object: UnstructuredObject): Record<string, unknown> {
  const managed = [...decodeManagedFields(object.metadata?.managedFields).values()];
  return Object.fromEntries(managed.map((m) => [`${m.operation} ${m.manager}`, encodeFields(m.set)]));
}

test("an apply twice is an apply once, down to its very entries", () => {
  check(
    fc.property(config, config, (first, second) => {
      const once = applied(applied(undefined, "other", first), "me", second);
      const twice = applied(once, "me", second);
      assert.deepEqual(twice, once);
      for (const [i, entry] of (twice.metadata?.managedFields ?? []).entries()) assert.equal(entry, once.metadata?.managedFields?.[i]);
    }),
  );
});

test("what is applied by force is so afterwards, and its applier's", () => {
  check(
    fc.property(config, config, (first, second) => {
      const after = applied(applied(undefined, "other", first), "me", second);
      const set = toFieldSet(second, atom as NonNullable<typeof atom>);
      const own = [...decodeManagedFields(after.metadata?.managedFields).values()].find((m) => m.manager === "me")?.set ?? FieldSet.empty;
      // Names and kinds are nobody's.
      const nobody = FieldSet.fromFields(["apiVersion"], ["kind"], ["metadata", "name"]);
      assert.ok(own.equals(set.difference(nobody)));
      const whole = toFieldSet(contents(after), atom as NonNullable<typeof atom>);
      assert.ok(set.difference(nobody).difference(whole).isEmpty);
    }),
  );
});

test("what the only applier names no longer is gone", () => {
  check(
    fc.property(config, config, (first, second) => {
      const after = applied(applied(undefined, "me", first), "me", second);
      assert.deepEqual(contents(after), contents(applied(undefined, "me", second)));
      assert.deepEqual(owners(after), owners(applied(undefined, "me", second)));
    }),
  );
});

test("an applier who leaves takes nothing with it that another applies too", () => {
  const bare: UnstructuredObject = { apiVersion, kind: "Pod", metadata: { name: "p" } };
  check(
    fc.property(config, (what) => {
      const both = applied(applied(undefined, "one", what), "two", what);
      const after = applied(both, "two", bare);
      assert.deepEqual(contents(after), contents(applied(undefined, "one", what)));
      assert.deepEqual(owners(after), owners(applied(undefined, "one", what)));
    }),
  );
});

test("a conflict names exactly what a force would take away", () => {
  check(
    fc.property(config, config, (first, second) => {
      const live = applied(undefined, "other", first);
      const before = decodeManagedFields(live.metadata?.managedFields);
      const forced = decodeManagedFields(applied(live, "me", second).metadata?.managedFields);
      const lost = [...before].reduce((sum, [id, { set }]) => sum + count(set.difference(forced.get(id)?.set ?? FieldSet.empty)), 0);
      try {
        applied(live, "me", second, false);
        assert.equal(lost, 0);
      } catch (error) {
        if (!isApiError(error)) throw error;
        assert.equal(error.code, 409);
        assert.equal(error.details?.causes?.length, lost);
      }
    }),
  );
});

function count(set: FieldSet): number {
  let size = 0;
  set.forEach(() => size++);
  return size;
}

test("an update that changes nothing keeps the very list of managers", () => {
  check(
    fc.property(config, (what) => {
      const live = applied(undefined, "me", what);
      assert.equal(managers.update(live, structuredClone(live), "you"), live.metadata?.managedFields);
    }),
  );
});

test("an update takes what it changes from whoever owned it, and nothing else", () => {
  check(
    fc.property(config, text, text, (what, key, value) => {
      const live = applied(undefined, "me", what);
      const labels = { ...live.metadata?.labels, [key]: value };
      const next = { ...live, metadata: { ...live.metadata, labels } };
      const entries = decodeManagedFields(managers.update(live, next, "you"));
      const label = [fieldElement("metadata"), fieldElement("labels"), fieldElement(key)];
      const own = (who: string): boolean => [...entries.values()].some((m) => m.manager === who && m.set.has(label));
      const changed = live.metadata?.labels?.[key] !== value;
      assert.equal(own("you"), changed);
      assert.equal(own("me"), !changed);
      const mine = decodeManagedFields(live.metadata?.managedFields);
      const path = FieldSet.fromPaths([label]);
      for (const [id, { set }] of mine) assert.ok(set.difference(path).equals((entries.get(id)?.set ?? FieldSet.empty).difference(path)));
    }),
  );
});

const element: fc.Arbitrary<PathElement> = fc.oneof(
  fc.string({ maxLength: 3 }).map(fieldElement),
  fc
    .tuple(fc.string({ maxLength: 2 }), fc.oneof(fc.string({ maxLength: 2 }), fc.integer(), fc.boolean()))
    .map((pair) => keyElement([pair])),
  fc.oneof(fc.string({ maxLength: 2 }), fc.integer()).map(valueElement),
);
const fields = fc.array(fc.array(element, { minLength: 1, maxLength: 3 }), { maxLength: 5 }).map((paths) => FieldSet.fromPaths(paths));

test("sets of fields obey the laws of sets, and survive their JSON", () => {
  check(
    fc.property(fields, fields, fields, (a, b, c) => {
      assert.ok(a.union(b).equals(b.union(a)));
      assert.ok(a.intersection(b).equals(b.intersection(a)));
      assert.ok(
        a
          .union(b)
          .union(c)
          .equals(a.union(b.union(c))),
      );
      assert.ok(a.difference(b).union(a.intersection(b)).equals(a));
      assert.ok(a.difference(b).intersection(b).isEmpty);
      assert.ok(a.intersection(b.union(c)).equals(a.intersection(b).union(a.intersection(c))));
      assert.ok(decodeFields(JSON.parse(JSON.stringify(encodeFields(a))) as FieldsV1).equals(a));
    }),
  );
});

test("a value of no type owns its leaves", () => {
  check(
    fc.property(fc.jsonValue(), (value) => {
      const object = JSON.parse(JSON.stringify({ value })) as object;
      const set = toFieldSet(object, deducedAtom);
      assert.ok(decodeFields(JSON.parse(JSON.stringify(encodeFields(set))) as FieldsV1).equals(set));
    }),
  );
});

test("a set of more values than are remembered is merged value by value", () => {
  const schema = { type: "array", "x-kubernetes-list-type": "set", items: { type: "string" } };
  const tags = customResourceAtom({ type: "object", properties: { tags: schema } } as JSONSchemaProps);
  const bare = { apiVersion: "example.com/v1", kind: "Tagged", metadata: { name: "x" } };
  const tagged = fieldManager({
    type: { atom: () => tags, convert: (o) => o },
    apiVersion: bare.apiVersion,
    kind: bare.kind,
    empty: bare,
    now: () => 0,
  });
  const from = (first: number): UnstructuredObject => ({ ...bare, tags: Array.from({ length: 34_000 }, (_, i) => `t${first + i}`) });
  const live = tagged.apply(bare, from(0), "one", false);
  const both = tagged.apply(live, from(10_000), "two", false)["tags"] as string[];
  assert.equal(both.length, 44_000);
  assert.equal(new Set(both).size, 44_000);
});
