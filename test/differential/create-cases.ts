/** Creates, none of which stores anything: each field of the kind absent, wrong, empty, too long, unknown, twice. */
import { collectionPath, type TestedKind } from "./bases.ts";
import type { Case } from "./case.ts";
import { mutationsOf } from "./mutations.ts";
import { changed, type Json, repeat, textOf, valueAt } from "./objects.ts";
import { fieldName, fieldsOf, locate, type WalkedField } from "./walk.ts";

/** What clients do not write, and what is emptied on create. */
export const skippedOnCreate: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata.managedFields", "status"]);

/** The base that holds most of the field's path. */
export function baseFor(bases: readonly Json[], field: WalkedField): Json {
  let best = bases[0] as Json;
  let most = -1;
  for (const base of bases) {
    const { found } = locate(base, field.path);
    if (found > most) [best, most] = [base, found];
    if (found === field.path.length) break;
  }
  return best;
}

export function* createCases(kind: TestedKind): Generator<Case> {
  const at = collectionPath(kind);
  const post = (title: string, field: string, body: string, validation = "Strict"): Case => ({
    kind: kind.id,
    title: `create: ${title}`,
    field,
    requests: [{ method: "POST", path: `${at}?dryRun=All&fieldValidation=${validation}`, body }],
  });
  for (const [i, base] of kind.bases.entries()) yield post(`base ${i}`, "", textOf(base));
  for (const field of fieldsOf(kind.typeName, skippedOnCreate)) {
    const base = baseFor(kind.bases, field);
    const path = field.path.join(".");
    const name = fieldName(field.path);
    for (const mutation of mutationsOf(field.shape, field.row, valueAt(base, field))) {
      const object = changed(base, kind.typeName, field, (holder, key) => {
        if (!("value" in mutation)) {
          if (Array.isArray(holder)) holder.splice(key as number, 1);
          else delete holder[key];
        } else holder[key] = mutation.value;
      });
      yield post(`${path} = ${mutation.title}`, name, textOf(object));
    }
    if (field.path.at(-1) === "*" || field.path.at(-1) === "{}") continue;
    yield* strictCases(kind, base, field, post);
  }
  for (const [i, base] of kind.bases.slice(kind.own).entries()) yield* variantCases(kind, base, i, post);
}

/** Keys that are not there or there twice, by each way of being strict about it. */
function* strictCases(
  kind: TestedKind,
  base: Json,
  field: WalkedField,
  post: (title: string, field: string, body: string, validation?: string) => Case,
): Generator<Case> {
  const path = field.path.join(".");
  const name = fieldName(field.path);
  const twice = textOf(changed(base, kind.typeName, field, repeat));
  const odd = textOf(changed(base, kind.typeName, field, (holder, key) => (holder[`${key}Unknown`] = 1)));
  const upper = textOf(
    changed(base, kind.typeName, field, (holder, key) => (holder[String(key).slice(0, 1).toUpperCase() + String(key).slice(1)] = "x")),
  );
  for (const validation of ["Strict", "Warn"]) {
    yield post(`${path} twice (${validation})`, name, twice, validation);
    yield post(`beside ${path} unknown (${validation})`, name, odd, validation);
  }
  yield post(`${path} in upper case`, name, upper);
}

/** The recorded objects are whole cases of their own: each top-level field of their spec is taken away. */
function* variantCases(
  kind: TestedKind,
  base: Json,
  i: number,
  post: (title: string, field: string, body: string) => Case,
): Generator<Case> {
  const spec = base["spec"];
  if (typeof spec !== "object" || spec === null) return;
  for (const key of Object.keys(spec)) {
    const copy = structuredClone(base);
    delete (copy["spec"] as Json)[key];
    yield post(`variant ${i} without spec.${key}`, `spec.${key}`, textOf(copy));
  }
}
