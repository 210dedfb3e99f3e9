/** Server-side apply: sequences of several managers over one object that is made for them, with managed fields compared. */
import { collectionPath, type TestedKind } from "./bases.ts";
import type { Case, CaseRequest } from "./case.ts";
import { chance } from "./choose.ts";
import { skippedOnCreate } from "./create-cases.ts";
import { changed, type Json, valueAt } from "./objects.ts";
import { nameOf } from "./setup.ts";
import { fieldName, fieldsOf, type WalkedField } from "./walk.ts";

const applyType = { "content-type": "application/apply-patch+yaml" };
const mergeType = { "content-type": "application/merge-patch+json" };

/** Fields of a kind that two managers quarrel about. */
const quarrels = 4;

/** Titles of cases whose answers are compared with their managed fields. */
export const comparesManagers = (title: string): boolean => title.startsWith("apply");

export function* applyCases(kind: TestedKind, seed: number): Generator<Case> {
  // Definitions and API services are written by the server too, in its own time.
  if (/^api(extensions|registration)/.test(kind.row.group) || !kind.row.verbs.includes("patch")) return;
  for (const base of kind.bases.slice(0, Math.min(2, kind.own))) {
    const name = nameOf(base);
    const bare: Json = { ...base, metadata: { name, labels: { app: "web" } } };
    delete bare["status"];
    const at = `${collectionPath(kind)}/${name}`;
    const leaves = [...fieldsOf(kind.typeName, new Set([...skippedOnCreate, "metadata", "status"]))].filter(
      (f) => typeof valueAt(base, f) === "string" || typeof valueAt(base, f) === "number",
    );
    const chosen = leaves.sort((a, b) => order(kind, a, seed) - order(kind, b, seed)).slice(0, quarrels);
    for (const field of chosen) {
      const steps = quarrel(kind, bare, field, at);
      yield { kind: kind.id, title: `apply ${name}: ${field.path.join(".")}`, field: fieldName(field.path), requests: steps };
    }
  }
}

const order = (kind: TestedKind, field: WalkedField, seed: number): number => chance(`${kind.id} apply ${field.path.join(".")}`, seed);

function quarrel(kind: TestedKind, base: Json, field: WalkedField, at: string): CaseRequest[] {
  const apply = (manager: string, body: Json, query = "", path = at): CaseRequest => ({
    method: "PATCH",
    path: `${path}?fieldManager=${manager}${query}`,
    headers: applyType,
    body: JSON.stringify(body),
  });
  const other = changed(base, kind.typeName, field, (holder, key) => {
    holder[key] = typeof holder[key] === "number" ? (holder[key] as number) + 1 : `${String(holder[key])}x`;
  });
  const without = changed(base, kind.typeName, field, (holder, key) => {
    if (Array.isArray(holder)) holder.splice(key as number, 1);
    else delete holder[key];
  });
  const { apiVersion, kind: kindName } = base;
  const nothing: Json = { apiVersion, kind: kindName, metadata: { name: (base["metadata"] as { name: string }).name } };
  const labelled: Json = { ...nothing, metadata: { ...(nothing["metadata"] as Json), labels: { app: "other", mine: "b" } } };
  return [
    apply("first", base),
    { method: "GET", path: at },
    apply("first", base),
    apply("second", other),
    apply("second", other, "&force=true"),
    apply("first", without),
    apply("second", labelled),
    apply("second", labelled, "&force=true"),
    {
      method: "PATCH",
      path: `${at}?fieldManager=third`,
      headers: mergeType,
      body: '{"metadata":{"labels":{"app":"third"},"annotations":{"a":"b"}}}',
    },
    apply("first", base, "&dryRun=All"),
    apply("first", base, "&force=true&dryRun=All"),
    ...(kind.row.subresources?.some((s) => s.subresource === "status") === true ? [apply("status", nothing, "", `${at}/status`)] : []),
    apply("second", nothing),
    apply("first", nothing),
    { method: "PATCH", path: at, headers: mergeType, body: '{"metadata":{"managedFields":[{}]}}' },
    apply("first", base),
    { method: "PATCH", path: at, headers: mergeType, body: '{"metadata":{"finalizers":null}}' },
    { method: "DELETE", path: `${at}?gracePeriodSeconds=0`, body: '{"propagationPolicy":"Background"}' },
  ];
}
