/** What patches must do whatever they hold. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { normalize } from "../normalize.ts";
import { deepFreeze } from "../object.ts";
import { applyJsonPatch, type JsonPatchOperation } from "./json-patch.ts";
import { applyMergePatch } from "./merge-patch.ts";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";
import { isObject, jsonEqual } from "./tree.ts";

const key = fc.constantFrom("a", "b", "c", "x/y", "t~z", "0", "1", "__proto__");
const leaf = fc.oneof(fc.integer(), fc.string({ maxLength: 4 }), fc.boolean(), fc.constant(null));

/** JSON whose members are own properties, whatever their names. */
const json = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: "small", withCrossShrink: true }, leaf, tie("list"), tie("map")),
  list: fc.array(tie("value"), { maxLength: 3 }),
  map: fc.array(fc.tuple(key, tie("value")), { maxLength: 4 }).map((pairs) => Object.fromEntries(pairs)),
}));
const map = json.map as fc.Arbitrary<Record<string, unknown>>;
const value = json.value;

const pointer = (...steps: string[]): string => steps.map((s) => `/${s.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
const clone = <T>(of: T): T => JSON.parse(JSON.stringify(of)) as T;
const check = (...args: Parameters<typeof fc.assert>): void => void fc.assert(...args);

test("what a JSON patch adds it can test, and remove again", () => {
  check(
    fc.property(map, key, value, (document, name, added) => {
      fc.pre(!Object.hasOwn(document, name));
      const before = deepFreeze(clone(document));
      const path = pointer(name);
      const patch: JsonPatchOperation[] = [
        { op: "add", path, value: added },
        { op: "test", path, value: added },
      ];
      const after = applyJsonPatch(before, patch);
      assert.ok(Object.hasOwn(after, name));
      assert.deepEqual(after[name], added);
      assert.deepEqual(applyJsonPatch(after, [{ op: "remove", path }]), before);
    }),
  );
});

test("a move is a copy and a removal", () => {
  check(
    fc.property(map, key, key, value, (document, from, to, moved) => {
      fc.pre(from !== to);
      const before = deepFreeze({ ...clone(document), [from]: moved });
      const [path, source] = [pointer(to), pointer(from)];
      const once = applyJsonPatch<object>(before, [{ op: "move", from: source, path }]);
      const twice = applyJsonPatch<object>(before, [
        { op: "copy", from: source, path },
        { op: "remove", path: source },
      ]);
      assert.deepEqual(once, twice);
    }),
  );
});

/** The merge patch from one document without nulls to another (RFC 7386). */
function difference(from: unknown, to: unknown): unknown {
  if (!isObject(from) || !isObject(to)) return to;
  const patch: [string, unknown][] = [];
  for (const name of Object.keys(from)) if (!Object.hasOwn(to, name)) patch.push([name, null]);
  for (const name of Object.keys(to)) {
    if (!Object.hasOwn(from, name)) patch.push([name, to[name]]);
    else if (!jsonEqual(from[name], to[name])) patch.push([name, difference(from[name], to[name])]);
  }
  return Object.fromEntries(patch);
}

function withoutNulls(from: unknown): unknown {
  if (Array.isArray(from)) return from.map((item) => (item === null ? 0 : withoutNulls(item)));
  if (!isObject(from)) return from;
  return Object.fromEntries(
    Object.entries(from)
      .filter(([, v]) => v !== null)
      .map(([name, v]) => [name, withoutNulls(v)]),
  );
}

const solid = map.map((m) => withoutNulls(m) as Record<string, unknown>);

test("a merge patch from one document to another makes the other", () => {
  check(
    fc.property(solid, solid, (from, to) => {
      const patch = difference(from, to) as object;
      assert.deepEqual(applyMergePatch(deepFreeze(clone(from)), patch), to);
    }),
  );
});

test("a merge patch twice is a merge patch once, and an empty one changes nothing", () => {
  check(
    fc.property(map, map, (document, patch) => {
      const before = deepFreeze(clone(document));
      const once = applyMergePatch(before, patch);
      assert.deepEqual(applyMergePatch(once, patch), once);
      assert.deepEqual(applyMergePatch(before, {}), before);
    }),
  );
});

const podType = "io.k8s.api.core.v1.Pod";
const text = fc.constantFrom("a", "b", "c");
const labels = fc.dictionary(text, text, { maxKeys: 3 });
const container = (name: string): fc.Arbitrary<object> =>
  fc
    .record(
      {
        image: text,
        env: fc.uniqueArray(fc.record({ name: text, value: text }), { maxLength: 3, selector: (e) => e.name }),
        command: fc.array(text, { minLength: 1, maxLength: 2 }),
        resources: fc.record({ limits: fc.dictionary(fc.constantFrom("cpu", "memory"), fc.constantFrom("1", "2"), { minKeys: 1 }) }),
      },
      { requiredKeys: [] },
    )
    .map((rest) => ({ name, ...rest }));
const containers = fc
  .uniqueArray(fc.constantFrom("one", "two", "three"), { minLength: 1, maxLength: 3 })
  .chain((names) => fc.tuple(...names.map(container)));
const pod = fc
  .record({ metadata: fc.record({ labels }), spec: fc.record({ containers, nodeSelector: labels }) })
  .map((p) => normalize<Record<string, unknown>>(podType, p));

test("a strategic merge patch twice is one, and by the object itself changes nothing", () => {
  check(
    fc.property(pod, pod, (document, patch) => {
      const before = deepFreeze(clone(document));
      assert.deepEqual(applyStrategicMergePatch(podType, before, clone(document)), before);
      const once = applyStrategicMergePatch(podType, before, patch);
      assert.deepEqual(applyStrategicMergePatch(podType, once, patch), once);
    }),
  );
});

interface Named {
  readonly name: string;
}

test("a strategic merge patch keeps items that it does not name, in their order, and a delete directive takes one away", () => {
  check(
    fc.property(pod, pod, (document, patch) => {
      const names = (of: object): string[] => ((of as { spec: { containers: Named[] | null } }).spec.containers ?? []).map((c) => c.name);
      const after = applyStrategicMergePatch(podType, document, patch);
      const patched = new Set(names(patch));
      const kept = (of: object): string[] => names(of).filter((name) => !patched.has(name));
      assert.deepEqual(kept(after), kept(document));
      for (const name of names(after)) {
        const removal = { spec: { containers: [{ $patch: "delete", name }] } };
        assert.deepEqual(
          names(applyStrategicMergePatch(podType, after, removal)),
          names(after).filter((n) => n !== name),
        );
      }
    }),
  );
});
