/** Patches of a stored object in each of the patch languages; dry runs all. */
import type { TestedKind } from "./bases.ts";
import type { Case } from "./case.ts";
import { chance } from "./choose.ts";
import { skippedOnCreate } from "./create-cases.ts";
import { mutationsOf } from "./mutations.ts";
import { type Json, valueAt } from "./objects.ts";
import type { StoredObject } from "./setup.ts";
import { fieldName, fieldsOf, type Key, locate, type WalkedField } from "./walk.ts";

const merge = "application/merge-patch+json";
const strategic = "application/strategic-merge-patch+json";
const json = "application/json-patch+json";

/** Of the mutations of a field. */
const share = 0.05;

export function* patchCases(kind: TestedKind, { path, object }: StoredObject, seed: number): Generator<Case> {
  const name = path.split("/").at(-1) as string;
  const patch = (title: string, field: string, type: string, body: unknown, query = "&fieldValidation=Strict"): Case => ({
    kind: kind.id,
    title: `patch ${name}: ${type.slice(12)} ${title}`,
    field,
    requests: [
      {
        method: "PATCH",
        path: `${path}?dryRun=All${query}`,
        headers: { "content-type": type },
        body: typeof body === "string" ? body : JSON.stringify(body),
      },
    ],
  });
  for (const type of [merge, strategic, json]) {
    for (const body of oddBodies) yield patch(body, "", type, body);
    yield patch(
      "unknown (Warn)",
      "",
      type,
      type === json ? '[{"op":"add","path":"/unknown","value":1}]' : '{"unknown":1}',
      "&fieldValidation=Warn",
    );
  }
  for (const body of oddJsonPatches) yield patch(body, "", json, body);
  for (const body of oddStrategicPatches) yield patch(body, "", strategic, body);
  yield patch("{}", "", "application/unknown", "{}");
  for (const field of fieldsOf(kind.typeName, skippedOnCreate)) {
    const at = field.path.join(".");
    for (const mutation of mutationsOf(field.shape, field.row, valueAt(object, field))) {
      const title = `${at} = ${mutation.title}`;
      const which = chance(`${kind.id} patch ${title}`, seed) / share;
      if (which >= 1) continue;
      const field1 = fieldName(field.path);
      if (which < 0.33) yield patch(title, field1, merge, nested(object, field, mutation.value ?? null, false));
      else if (which < 0.66) yield patch(title, field1, strategic, nested(object, field, mutation.value ?? null, true));
      else yield patch(title, field1, json, jsonPatch(object, field, mutation.value, which < 0.83));
    }
  }
}

const oddBodies: readonly string[] = [
  "",
  "x",
  "null",
  "[]",
  "{}",
  '"x"',
  "5",
  '{"kind":"Other"}',
  '{"apiVersion":"other/v1"}',
  '{"metadata":null}',
  '{"metadata":{"name":"other"}}',
  '{"metadata":{"namespace":"other"}}',
  '{"metadata":{"resourceVersion":"1"}}',
  '{"metadata":{"uid":"x"}}',
  '{"metadata":{"labels":{"a":null,"b":"c"}}}',
  '{"metadata":{"labels":null}}',
  '{"metadata":{"labels":{"a":5}}}',
  '{"metadata":{"annotations":{"a":"b","a":"c"}}}',
  '{"unknown":1}',
  '{"metadata":{"unknown":1}}',
  '{"metadata":{"finalizers":["example.com/a"]}}',
  "{",
  '{"spec":5}',
];
const oddJsonPatches: readonly string[] = [
  "[{}]",
  '[{"op":"replace"}]',
  '[{"op":"none","path":"/metadata"}]',
  '[{"op":"add","path":"metadata","value":1}]',
  '[{"op":"remove","path":"/missing"}]',
  '[{"op":"replace","path":"/missing","value":1}]',
  '[{"op":"test","path":"/kind","value":"x"}]',
  '[{"op":"test","path":"/missing","value":"x"}]',
  '[{"op":"add","path":"/metadata/labels/x","value":"y"}]',
  '[{"op":"copy","from":"/metadata/name","path":"/metadata/labels"}]',
  '[{"op":"move","from":"/metadata/missing","path":"/metadata/labels"}]',
  '[{"op":"add","path":"/metadata/finalizers/-","value":"example.com/a"}]',
  '[{"op":"add","path":"/metadata/finalizers/5","value":"x"}]',
  '[{"op":"add","path":"/metadata/labels/a~1b","value":"c"}]',
  '[{"op":"add","path":"/metadata/labels","value":{"a":"b"}}]',
  '[{"op":"replace","path":"","value":{}}]',
  '[{"op":"remove","path":""}]',
  '[{"op":"add","path":"/metadata/labels/x","value":5}]',
  "[5]",
  '{"op":"add"}',
  '[{"op":"add","path":"/metadata/annotations","value":{"a":"b","a":"c"}}]',
];
const oddStrategicPatches: readonly string[] = [
  '{"metadata":{"$patch":"replace","labels":{"x":"y"}}}',
  '{"metadata":{"labels":{"$patch":"delete"}}}',
  '{"$patch":"delete"}',
  '{"metadata":{"labels":{"$patch":"none"}}}',
  '{"metadata":{"$retainKeys":["name"]}}',
  '{"metadata":{"$setElementOrder/finalizers":["a"],"finalizers":["a"]}}',
  '{"metadata":{"$deleteFromPrimitiveList/finalizers":["example.com/hold"]}}',
  '{"metadata":{"ownerReferences":[{"uid":"u"}]}}',
  '{"metadata":{"ownerReferences":[{"$patch":"delete","uid":"4d1ce3ac-0b8f-4b6c-bb33-5f3c1f6f8f1e"}]}}',
  '{"metadata":{"ownerReferences":[{"name":"nokey"}]}}',
];

/** The path in the object as far as it is there, then by what a patch would make. */
function keysOf(object: Json, field: WalkedField): Key[] {
  const place = locate(object, field.path);
  return field.path.map((segment, i) => place.keys[i] ?? (segment === "*" ? 0 : segment === "{}" ? "sample" : segment));
}

/** A merge patch of one place. In strategic ones list items carry the merge keys of the item that is meant. */
function nested(object: Json, field: WalkedField, value: unknown, keyed: boolean): unknown {
  const keys = keysOf(object, field);
  const build = (i: number, at: unknown): unknown => {
    if (i === keys.length) return value;
    const key = keys[i] as Key;
    const child = typeof at === "object" && at !== null ? (at as Record<Key, unknown>)[key] : undefined;
    const inner = build(i + 1, child);
    if (typeof key === "string") return { [key]: inner };
    if (!keyed || typeof inner !== "object" || inner === null || Array.isArray(inner)) return [inner];
    const held = (typeof child === "object" ? (child ?? {}) : {}) as Json;
    const mark = [
      "name",
      "containerPort",
      "mountPath",
      "devicePath",
      "key",
      "type",
      "ip",
      "uid",
      "topologyKey",
      "port",
      "conditionType",
    ].find((k) => k in held && !(k in inner));
    return [mark === undefined ? inner : { [mark]: held[mark], ...inner }];
  };
  return build(0, object);
}

function jsonPatch(object: Json, field: WalkedField, value: unknown, replace: boolean): unknown {
  const path = keysOf(object, field)
    .map((k) => `/${String(k).replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("");
  return [value === undefined ? { op: "remove", path } : { op: replace ? "replace" : "add", path, value }];
}
