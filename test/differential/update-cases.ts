/** Updates of a stored object, none of which is kept: each field changed, taken away, made wrong; through subresources too. */
import type { TestedKind } from "./bases.ts";
import type { Case, CaseRequest } from "./case.ts";
import { chance } from "./choose.ts";
import { skippedOnCreate } from "./create-cases.ts";
import { mutationsOf, type Mutation } from "./mutations.ts";
import { changed, type Json, textOf, valueAt } from "./objects.ts";
import type { StoredObject } from "./setup.ts";
import { fieldName, fieldsOf, type WalkedField } from "./walk.ts";

const skipped: ReadonlySet<string> = new Set([...skippedOnCreate].filter((f) => f !== "status"));

/** Of the mutations of a field that an update tries; creates try them all. */
const mutationShare = 0.25;

/** Pods have so many fields that an update, which is refused for most of them in the same words, tries fewer. */
const podShare = 0.1;

/** What each subresource that takes the whole object is for. Other fields are played with more rarely. */
const ownFields: Readonly<Record<string, readonly string[]>> = {
  status: ["status"],
  ephemeralcontainers: ["spec.ephemeralContainers"],
  resize: ["spec.containers.*.resources", "spec.initContainers.*.resources", "spec.containers.*.resizePolicy", "spec.resources"],
  finalize: ["spec.finalizers"],
  approval: ["status.conditions"],
};

export interface Edit {
  readonly field: WalkedField;
  readonly mutation: Mutation;
  readonly object: Json;
}

/** The edits of an object that a seed chooses. `share`: of the mutations of a field. */
export function* editsOf(typeName: string, base: Json, about: string, seed: number, share: (path: string) => number): Generator<Edit> {
  for (const field of fieldsOf(typeName, skipped)) {
    const path = field.path.join(".");
    for (const mutation of mutationsOf(field.shape, field.row, valueAt(base, field))) {
      if (chance(`${about} ${path} ${mutation.title}`, seed) >= share(path)) continue;
      const object = changed(base, typeName, field, (holder, key) => {
        if ("value" in mutation) holder[key] = mutation.value;
        else if (Array.isArray(holder)) holder.splice(key as number, 1);
        else delete holder[key];
      });
      yield { field, mutation, object };
    }
  }
}

/** `first`: the kind's first base, which is played with more than the others. */
export function* updateCases(kind: TestedKind, stored: StoredObject, first: boolean, seed: number): Generator<Case> {
  const { path, object } = stored;
  const name = path.split("/").at(-1) as string;
  const put = (title: string, field: string, body: Json, sub = "", query = "&fieldValidation=Strict"): Case => ({
    kind: kind.id,
    title: `update ${name}${sub}: ${title}`,
    field,
    requests: [{ method: "PUT", path: `${path}${sub}?dryRun=All${query}`, body: textOf(body) }],
  });
  yield put("as it is", "", object);
  const meta = (change: Json): Json => ({ ...object, metadata: { ...(object["metadata"] as Json), ...change } });
  yield put("without a version", "metadata.resourceVersion", meta({ resourceVersion: undefined }));
  yield put("an old version", "metadata.resourceVersion", meta({ resourceVersion: "1" }));
  yield put("a bad version", "metadata.resourceVersion", meta({ resourceVersion: "x" }));
  yield put("another uid", "metadata.uid", meta({ uid: "4d1ce3ac-0b8f-4b6c-bb33-5f3c1f6f8f1e" }));
  yield put("another name", "metadata.name", meta({ name: "another" }));
  yield put("another namespace", "metadata.namespace", meta({ namespace: "another" }));
  yield put("with its uid", "metadata.uid", meta({ uid: "@uid@" }));
  const much = kind.row.resource === "pods" ? podShare : 1;
  const share = (first ? mutationShare : mutationShare / 5) * much;
  for (const { field, mutation, object: next } of editsOf(kind.typeName, object, `${kind.id} ${name}`, seed, (p) =>
    p.startsWith("status") ? 0.02 : share,
  )) {
    yield put(`${field.path.join(".")} = ${mutation.title}`, fieldName(field.path), next);
  }
  for (const { subresource, responseKind, verbs } of kind.row.subresources ?? []) {
    if (!verbs.includes("update") || responseKind.kind !== kind.row.responseKind.kind) continue;
    const own = ownFields[subresource] ?? [""];
    const shareOf = (p: string): number => (own.some((o) => p.startsWith(o)) ? (first ? 1 : 0.1) : 0.02) * much;
    for (const { field, mutation, object: next } of editsOf(kind.typeName, object, `${kind.id} ${name} ${subresource}`, seed, shareOf)) {
      yield put(`${field.path.join(".")} = ${mutation.title}`, fieldName(field.path), next, `/${subresource}`);
    }
  }
  if (first && kind.row.subresources?.some((s) => s.subresource === "scale") === true) yield* scaleCases(kind, stored);
}

function* scaleCases(kind: TestedKind, { path }: StoredObject): Generator<Case> {
  const name = path.split("/").at(-1) as string;
  const scale: Json = {
    apiVersion: "autoscaling/v1",
    kind: "Scale",
    metadata: { name, namespace: "@namespace@", resourceVersion: "@rv@" },
    spec: { replicas: 3 },
  };
  const send = (title: string, request: CaseRequest): Case => ({
    kind: kind.id,
    title: `scale ${name}: ${title}`,
    field: "scale",
    requests: [request],
  });
  const at = `${path}/scale?dryRun=All`;
  yield send("read", { method: "GET", path: `${path}/scale` });
  for (const { field, mutation, object } of editsOf("io.k8s.api.autoscaling.v1.Scale", scale, `${kind.id} scale`, 1, () => 1)) {
    yield send(`${field.path.join(".")} = ${mutation.title}`, {
      method: "PUT",
      path: `${at}&fieldValidation=Strict`,
      body: textOf(object),
    });
  }
  const merge = { "content-type": "application/merge-patch+json" };
  for (const body of [
    '{"spec":{"replicas":4}}',
    '{"spec":{"replicas":-1}}',
    '{"spec":{"replicas":"x"}}',
    '{"spec":null}',
    '{"metadata":{"name":"x"}}',
    "[]",
  ]) {
    yield send(`patch ${body}`, { method: "PATCH", path: at, headers: merge, body });
  }
}
