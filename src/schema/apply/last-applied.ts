/** The annotation of kubectl's client-side apply, for objects that move on to server-side apply. */
import type { UnstructuredObject } from "../object.ts";
import type { Atom } from "./atom.ts";
import { compare } from "./compare.ts";
import type { FieldSet } from "./field-set.ts";
import { TypedError } from "./list-item.ts";
import { goJson } from "./path-element.ts";
import { toFieldSet } from "./to-field-set.ts";
import { typeFaults } from "./validate.ts";

export const lastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration";

/** What the annotation says was applied and is still so; undefined when it does not tell. */
export function allowedByLastApplied(live: UnstructuredObject, apiVersion: string, atom: Atom | undefined): FieldSet | undefined {
  const text = live.metadata?.annotations?.[lastAppliedAnnotation];
  if (text === undefined || text === "" || atom === undefined) return undefined;
  try {
    const applied = JSON.parse(text) as UnstructuredObject;
    if (applied.apiVersion !== apiVersion || typeFaults(applied, atom) !== undefined || typeFaults(live, atom) !== undefined)
      return undefined;
    const { modified, added, removed } = compare(applied, live, atom);
    return toFieldSet(applied, atom).difference(modified).difference(added).difference(removed);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypedError) return undefined;
    throw error;
  }
}

/** Upstream's limit on all annotations of an object together, in bytes. */
const annotationLimit = 256 * 1024;

/** Brings the annotation up to date where there is one; one that has become too long is dropped. */
export function withLastApplied(object: UnstructuredObject, config: UnstructuredObject): UnstructuredObject {
  const annotations = object.metadata?.annotations;
  if (!annotations?.[lastAppliedAnnotation]) return object;
  const result: Record<string, string> = { ...annotations };
  result[lastAppliedAnnotation] = `${goJson(withoutAnnotation(config))}\n`;
  let size = 0;
  for (const [key, value] of Object.entries(result)) size += Buffer.byteLength(key) + Buffer.byteLength(value);
  if (size > annotationLimit) delete result[lastAppliedAnnotation];
  return { ...object, metadata: { ...object.metadata, annotations: result } };
}

function withoutAnnotation(config: UnstructuredObject): UnstructuredObject {
  const annotations = config.metadata?.annotations;
  if (annotations === undefined || annotations === null) return config;
  const rest = { ...annotations };
  delete rest[lastAppliedAnnotation];
  return { ...config, metadata: { ...config.metadata, annotations: rest } };
}
