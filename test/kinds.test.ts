/** Our kinds against what upstream v1.36 answered to the same objects (`tools/record-kinds.ts`). */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { kindOf } from "../src/kinds/index.ts";
import type { Kind } from "../src/kinds/kind.ts";
import { nameIsDnsSubdomain } from "../src/kinds/formats.ts";
import { createErrors, updateErrors } from "../src/resources/strategy/from-kind.ts";
import { isApiError } from "../src/core/api-error.ts";
import { eventToCore } from "../src/resources/events-conversion.ts";
import { initFamilies, keepAllocated, normalizeClusterIps } from "../src/resources/services/families.ts";
import { validateRelatedFields } from "../src/resources/services/related-fields.ts";
import type { Service } from "../src/schema/types/core-v1.ts";
import { decodeJson } from "../src/schema/codec.ts";
import type { FieldError } from "../src/schema/field-error.ts";
import type { UnstructuredObject } from "../src/schema/object.ts";
import { deepFreeze, mutable } from "../src/schema/object.ts";
import { typeNameOf } from "../src/schema/scheme.ts";
import type { KindCase, KindFixture } from "./fixtures/kinds/fixture.ts";

const directory = join(import.meta.dirname, "fixtures/kinds");

for (const file of readdirSync(directory).filter((f) => f.endsWith(".json"))) {
  const fixture = JSON.parse(readFileSync(join(directory, file), "utf8")) as KindFixture;
  const kind = kindOf(fixture);
  assert.ok(kind, `no kind for ${fixture.resource}`);
  for (const one of fixture.cases) test(`${fixture.kind}: ${one.title}`, () => replay(fixture, kind, one));
}

function decode(fixture: KindFixture, json: Record<string, unknown>): UnstructuredObject {
  const { group, version, kind } = fixture;
  const placed = { apiVersion: group === "" ? version : `${group}/${version}`, kind, ...json };
  const { object } = decodeJson(JSON.stringify(placed), typeNameOf({ group, version, kind }), "Ignore");
  return group === "events.k8s.io" ? eventToCore(object) : object;
}

function replay(fixture: KindFixture, kind: Kind, one: KindCase): void {
  const wanted = one.answer ?? {};
  const { object, errors, warnings } = one.update ? replayUpdate(fixture, kind, one) : replayCreate(fixture, kind, one);
  if (wanted.object === undefined) {
    assert.equal(wanted.status, 422, `recorded ${wanted.status} ${wanted.reason}`);
    const causes = errors.map((e) => ({ reason: e.type, message: e.body, field: e.field }));
    assert.deepEqual(
      causes,
      wanted.causes?.map((c) => ({ ...c, field: c.field ?? "" })),
    );
    return;
  }
  assert.deepEqual(errors, []);
  assert.deepEqual(stripped(object), stripped(decode(fixture, wanted.object)));
  if (wanted.cells && kind.cells)
    assert.deepEqual(ageless(kind.cells(decode(fixture, wanted.object), wanted.now ?? 0)), ageless(wanted.cells));
  if (wanted.warnings || kind.warnings) assert.deepEqual(warnings, (wanted.warnings ?? []).filter(isOfTheObject));
}

/** Cells without ages, which recorded objects do not have. */
function ageless(cells: readonly unknown[]): unknown[] {
  return cells.map((cell) => (typeof cell === "string" && /^(<unknown>|(\d+[smhdy])+)$/.test(cell) ? "<age>" : cell));
}

/** Warnings about a whole version are no matter of the kind. */
function isOfTheObject(warning: string): boolean {
  return !/^v\S+ \w+ is deprecated in v/.test(warning);
}

interface Outcome {
  readonly object: UnstructuredObject;
  readonly errors: readonly FieldError[];
  readonly warnings: readonly string[];
}

function replayCreate(fixture: KindFixture, kind: Kind, one: KindCase): Outcome {
  const object = decode(fixture, one.object);
  const meta = (object.metadata ??= {});
  if (fixture.namespaced) meta.namespace ??= "the-namespace";
  meta.uid = "00000000-0000-0000-0000-000000000000";
  meta.creationTimestamp = "2026-01-01T00:00:00Z";
  kind.setDefaults?.(object);
  kind.prepareForCreate?.(object);
  if (fixture.kind === "Service") {
    const faults = serviceFaults(object, undefined);
    if (faults) return { object, errors: faults, warnings: [] };
  }
  const validateName = kind.validateName ?? nameIsDnsSubdomain;
  const errors = createErrors(kind, object, fixture.namespaced, validateName);
  return { object, errors, warnings: kind.warnings?.(object, undefined) ?? [] };
}

function replayUpdate(fixture: KindFixture, kind: Kind, one: KindCase): Outcome {
  const old = deepFreeze(withIdentity(decode(fixture, one.stored ?? {})));
  const object = withIdentity(decode(fixture, one.update?.object ?? {}));
  const meta = (object.metadata ??= {});
  if (fixture.namespaced) meta.namespace ??= "the-namespace";
  if (one.update?.withoutResourceVersion === true) delete meta.resourceVersion;
  kind.setDefaults?.(object);
  if (old.metadata?.generation !== undefined) meta.generation = old.metadata.generation;
  const sub = one.update?.subresource;
  if (fixture.kind === "Service" && sub === undefined) {
    const faults = serviceFaults(object, old);
    if (faults) return { object, errors: faults, warnings: [] };
  }
  const hooks = sub === undefined ? kind : sub === "status" ? undefined : kind.subresources?.[sub];
  if (sub === "status") kind.prepareForStatusUpdate?.(object, old);
  else hooks?.prepareForUpdate?.(object, old);
  const validate = sub === "status" ? kind.validateStatusUpdate?.bind(kind) : hooks?.validateUpdate?.bind(hooks);
  const errors = updateErrors(
    kind,
    object,
    old,
    fixture.namespaced,
    validate,
    sub === undefined ? undefined : sub === "status" ? (kind.metadataOnStatusUpdate ?? ["change"]) : ["change"],
  );
  return { object, errors, warnings: sub === undefined ? (kind.warnings?.(object, old) ?? []) : [] };
}

/** What the service registry fills in before the kind is asked (`src/resources/services`). */
function serviceFaults(object: UnstructuredObject, old: UnstructuredObject | undefined): FieldError[] | undefined {
  const service = object as unknown as Service;
  const before = old as unknown as Service | undefined;
  try {
    if (before) keepAllocated(service, before);
    normalizeClusterIps(service, before);
    initFamilies(service, before, ["IPv4"], validateRelatedFields(service, before));
    return undefined;
  } catch (error) {
    if (!isApiError(error)) throw error;
    return error.details?.causes?.map((c) => ({ type: c.reason, body: c.message, field: c.field })) as FieldError[];
  }
}

function withIdentity(object: UnstructuredObject): UnstructuredObject {
  const copy = mutable(object);
  copy.metadata = { ...copy.metadata, uid: "00000000-0000-0000-0000-000000000000", resourceVersion: "1" };
  return copy;
}

/** Without what the server fills in at the time of writing. */
function stripped(object: UnstructuredObject): unknown {
  const text = JSON.stringify(object).replace(/"(lastTransitionTime|lastPhaseTransitionTime)":"[^"]*"/g, '"$1":"now"');
  const copy = JSON.parse(text) as UnstructuredObject;
  const meta = (copy.metadata ??= {});
  delete meta.uid;
  delete meta.resourceVersion;
  delete meta.creationTimestamp;
  delete meta.managedFields;
  return copy;
}
