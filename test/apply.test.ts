/** Field managers against what upstream v1.36 made of the same writes (`tools/record-apply.ts`). */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isApiError } from "../src/core/api-error.ts";
import { kindOf } from "../src/kinds/index.ts";
import { type Atom, customResourceAtom, typeAtom } from "../src/schema/apply/atom.ts";
import { type FieldManager, fieldManager } from "../src/schema/apply/field-manager.ts";
import { excludeFields, type FieldFilter } from "../src/schema/apply/filter.ts";
import { goJson } from "../src/schema/apply/path-element.ts";
import { decodeJson, normalize } from "../src/schema/codec.ts";
import { deepFreeze, mutable, type UnstructuredObject } from "../src/schema/object.ts";
import { applyPatch, decodePatch, type PatchType } from "../src/schema/patch/apply-patch.ts";
import { applyMergePatch } from "../src/schema/patch/merge-patch.ts";
import { typeNameOf } from "../src/schema/scheme.ts";
import { coerceCustomResource } from "../src/schema/structural/custom-resource.ts";
import { applyDefaults } from "../src/schema/structural/default.ts";
import { compileSchema, type StructuralSchema } from "../src/schema/structural/schema.ts";
import type { ApplyAnswer, ApplyFixture, ApplyStep } from "./fixtures/apply/fixture.ts";

const directory = join(import.meta.dirname, "fixtures/apply");

interface Subject {
  readonly fixture: ApplyFixture;
  readonly apiVersion: string;
  readonly typeName: string | undefined;
  readonly atom: Atom;
  readonly schema: StructuralSchema | undefined;
}

/** What the strategies of these kinds reset. */
const reset: Record<string, FieldFilter> = {
  configmaps: (set) => set,
  blobs: (set) => set,
  "deployments/status": excludeFields(["spec"], ["metadata", "labels"]),
  "pods/status": excludeFields(["spec"], ["metadata", "deletionTimestamp"], ["metadata", "ownerReferences"]),
  "widgets/status": excludeFields(["spec"], ["metadata"]),
};

/** Upstream's words for what apply itself refuses. */
const ours = /^(Apply failed|failed to|invalid object type|metadata\.managedFields)/;

for (const file of readdirSync(directory).filter((f) => f.endsWith(".json"))) {
  const fixture = JSON.parse(readFileSync(join(directory, file), "utf8")) as ApplyFixture;
  const subject = subjectOf(fixture);
  const lives = new Map<string, UnstructuredObject>();
  for (const [i, step] of fixture.steps.entries()) {
    const live = step.live ?? lives.get(step.name);
    const after = step.answer?.object ?? live;
    if (after !== undefined) lives.set(step.name, after);
    const { object, message = "" } = step.answer as ApplyAnswer;
    const skip = object === undefined && !ours.test(message) ? "refused by validation, which comes before or after apply" : false;
    test(`${fixture.kind} ${i}: ${step.title} is answered ${step.answer?.status}`, { skip }, () => replay(subject, step, live));
  }
}

function subjectOf(fixture: ApplyFixture): Subject {
  const { group, version, kind, crd } = fixture;
  const typeName = crd === undefined ? typeNameOf({ group, version, kind }) : undefined;
  const source = crd?.spec.versions[0]?.schema?.openAPIV3Schema;
  const atom = typeName === undefined ? customResourceAtom(source) : typeAtom(typeName);
  assert.ok(atom);
  const schema = source === undefined ? undefined : compileSchema(source);
  return { fixture, apiVersion: group === "" ? version : `${group}/${version}`, typeName, atom, schema };
}

/** The object as it would come from a request's body or out of a patch: in its type's shape, and defaulted. */
function prepared({ fixture, typeName, schema }: Subject, source: object): UnstructuredObject {
  if (typeName === undefined) {
    const object = mutable(source) as UnstructuredObject;
    coerceCustomResource(object, schema, "Ignore");
    applyDefaults(object, schema);
    return object;
  }
  const { object } = decodeJson(JSON.stringify(source), typeName, "Ignore");
  kindOf(fixture)?.setDefaults?.(object);
  return object;
}

function managerOf({ fixture, apiVersion, typeName, atom }: Subject, step: ApplyStep, now: number): FieldManager {
  const { kind, resource } = fixture;
  const bare = { apiVersion, kind };
  const empty = typeName === undefined ? bare : normalize<UnstructuredObject>(typeName, bare);
  const key = step.subresource === undefined ? resource : `${resource}/${step.subresource}`;
  const filter = reset[key] ?? (step.subresource === undefined ? excludeFields(["status"]) : excludeFields(["spec"]));
  const type = {
    atom: (version: string) => (version === apiVersion ? atom : undefined),
    convert: (object: object) => object,
    filters: { [apiVersion]: filter },
  };
  return fieldManager({ type, apiVersion, kind, subresource: step.subresource, empty, now: () => now });
}

function replay(subject: Subject, step: ApplyStep, recorded: UnstructuredObject | undefined): void {
  const answer = step.answer as ApplyAnswer;
  const entries = answer.object?.metadata?.managedFields ?? [];
  const now = Math.max(0, ...entries.map((entry) => Date.parse(entry.time ?? "1970-01-01T00:00:00Z")));
  const manager = managerOf(subject, step, now);
  const live = deepFreeze(recorded === undefined ? emptyOf(subject) : prepared(subject, recorded));
  if (answer.object === undefined) return replayFailure(subject, step, answer, live, manager);
  const next =
    step.verb === "apply"
      ? manager.apply(live, step.body as UnstructuredObject, step.manager, step.force === true)
      : written(subject, step, live);
  const managedFields = step.verb === "apply" ? next.metadata?.managedFields : manager.update(live, next, step.manager);
  assert.deepEqual(managedFields ?? [], entries);
  assert.equal(
    JSON.stringify(managedFields?.map((e) => e.fieldsV1)),
    JSON.stringify(answer.object.metadata?.managedFields?.map((e) => e.fieldsV1)),
  );
  // What allocators and admission add to a new object is not ours.
  if (subject.fixture.resource === "pods" && step.verb === "apply") return;
  if (recorded === undefined && !["configmaps", "widgets", "blobs"].includes(subject.fixture.resource)) return;
  assert.deepEqual(comparable(subject, step, prepared(subject, next)), comparable(subject, step, prepared(subject, answer.object)));
}

function emptyOf({ apiVersion, fixture, typeName }: Subject): UnstructuredObject {
  const bare = { apiVersion, kind: fixture.kind };
  return typeName === undefined ? bare : normalize<UnstructuredObject>(typeName, bare);
}

function written(subject: Subject, step: ApplyStep, live: UnstructuredObject): UnstructuredObject {
  if (step.verb === "create") return prepared(subject, step.body);
  if (step.verb === "update") return prepared(subject, applyMergePatch(live, step.body));
  const patch = decodePatch(step.verb as PatchType, JSON.stringify(step.body), "Ignore");
  return prepared(subject, applyPatch(live, patch, subject.typeName, "Ignore").object);
}

function replayFailure(subject: Subject, step: ApplyStep, answer: ApplyAnswer, live: UnstructuredObject, manager: FieldManager): void {
  const apply = (): unknown => manager.apply(live, step.body as UnstructuredObject, step.manager, step.force === true);
  assert.throws(apply, (error) => {
    assert.ok(isApiError(error), String(error));
    // Several faults, and managers, come in the order of a Go map.
    assert.deepEqual(error.message.split("\n").sort(), answer.message?.split("\n").sort(), subject.fixture.kind);
    assert.equal(error.code, answer.status);
    assert.equal(error.reason, answer.reason ?? "");
    assert.deepEqual(sortedCauses(error.details?.causes), sortedCauses(answer.causes));
    return true;
  });
}

/** Upstream's causes come in the order of a Go map of managers. */
function sortedCauses(causes: readonly object[] | undefined): string[] {
  return (causes ?? []).map((cause) => goJson(cause)).sort();
}

/** What a write through the object, or one through its status, can change. */
function comparable({ fixture }: Subject, step: ApplyStep, source: UnstructuredObject): object {
  const object = mutable(source);
  if (step.subresource === "status") return { status: object["status"] };
  const { metadata, status, ...rest } = object;
  const { labels, annotations, finalizers, ownerReferences, name, namespace } = metadata ?? {};
  // Controllers' annotations and the status are not the writer's.
  return {
    ...rest,
    labels,
    annotations,
    finalizers,
    ownerReferences,
    name,
    namespace,
    ...(fixture.resource === "blobs" ? { status } : {}),
  };
}
