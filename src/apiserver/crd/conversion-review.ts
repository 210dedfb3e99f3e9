/** `apiextensions.k8s.io` ConversionReview, v1 and v1beta1: the question to a conversion webhook, and its answer checked. */
import { randomUUID } from "node:crypto";
import { encodeJson } from "../../schema/json.ts";
import { mutable, type UnstructuredObject } from "../../schema/object.ts";
import { describeFieldError, type FieldError, FieldPath } from "../../schema/field-error.ts";
import { aggregate } from "../aggregate.ts";

export interface ConversionQuestion {
  readonly uid: string;
  readonly version: "v1" | "v1beta1";
  /** The ConversionReview as JSON. */
  readonly body: string;
}

/** What labels and annotations have to be like. */
export interface LabelChecks {
  labels(values: Readonly<Record<string, string>>, path: FieldPath): FieldError[];
  annotations(values: Readonly<Record<string, string>>, path: FieldPath): FieldError[];
}

type Tree = Record<string, unknown>;

/** `versions`: what the webhook takes, in its order. Throws an Error when it takes nothing that is known here. */
export function askConversion(objects: readonly UnstructuredObject[], apiVersion: string, versions: readonly string[]): ConversionQuestion {
  const version = versions.find((v) => v === "v1" || v === "v1beta1") as ConversionQuestion["version"] | undefined;
  if (version === undefined) throw new Error("no supported conversion review versions");
  const uid = randomUUID();
  const response = { uid: "", convertedObjects: null, result: { metadata: {} } };
  const request = { uid, desiredAPIVersion: apiVersion, objects };
  return { uid, version, body: encodeJson({ kind: "ConversionReview", apiVersion: `apiextensions.k8s.io/${version}`, request, response }) };
}

/** The converted objects of an answer. Throws an Error with upstream's words for one that is no answer, or a failure. */
export function convertedObjects(review: Tree, { uid, version }: ConversionQuestion): unknown[] {
  const response = review["response"] as Tree | null | undefined;
  if (version === "v1") {
    const apiVersion = text(review["apiVersion"]);
    const [group, at] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
    if (apiVersion !== "apiextensions.k8s.io/v1" || review["kind"] !== "ConversionReview") {
      const got = `${group ?? ""}/${at ?? ""}, Kind=${text(review["kind"])}`;
      throw new Error(`expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got ${got}`);
    }
  }
  if (response === null || response === undefined) throw new Error("no response provided");
  const answered = text(response["uid"]);
  if (version === "v1" && answered !== uid)
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(answered)}`);
  const result = (response["result"] ?? {}) as Tree;
  const status = text(result["status"]);
  if (status !== "Success") throw new Error(text(result["message"]) || `response.result.status was '${status}', not 'Success'`);
  return (response["convertedObjects"] as unknown[] | null) ?? [];
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

const isObject = (value: unknown): value is Tree => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The object that a webhook has made of `original`, with its metadata but for labels and annotations. Throws an Error that
 * begins `object…: ` or `metadata…: ` as upstream's messages go on after `returned invalid `.
 */
export function checkConverted(
  original: UnstructuredObject,
  converted: unknown,
  apiVersion: string,
  checks: LabelChecks,
): UnstructuredObject {
  if (!isObject(converted) || text(converted["kind"]) === "")
    throw new Error(`object at index 0: Object 'Kind' is missing in '${encodeJson(converted) ?? ""}'`);
  const out = converted as UnstructuredObject;
  if (out.apiVersion !== apiVersion)
    throw new Error(`object at index 0: invalid groupVersion (expected ${apiVersion}, received ${out.apiVersion ?? ""})`);
  if (out.kind !== original.kind)
    throw new Error(`object at index 0: invalid kind (expected ${original.kind ?? ""}, received ${out.kind ?? ""})`);
  const meta = (isObject(out.metadata) ? out.metadata : {}) as NonNullable<UnstructuredObject["metadata"]>;
  const before = original.metadata ?? {};
  for (const [field, name] of [
    ["name", "name"],
    ["namespace", "namespace"],
    ["uid", "UID"],
  ] as const) {
    const [expected, actual] = [before[field] ?? "", meta[field] ?? ""];
    if (expected !== actual) throw new Error(`object: must have the same ${name}: ${expected} != ${actual}`);
  }
  try {
    restoreMetadata(original, out, checks);
  } catch (error) {
    throw new Error(`metadata: ${(error as Error).message}`);
  }
  return out;
}

const goType = (value: unknown): string =>
  value === null || value === undefined
    ? "<nil>"
    : typeof value === "string"
      ? "string"
      : typeof value === "boolean"
        ? "bool"
        : Array.isArray(value)
          ? "[]interface {}"
          : typeof value === "object"
            ? "map[string]interface {}"
            : Number.isInteger(value)
              ? "int64"
              : "float64";

function restoreMetadata(original: UnstructuredObject, converted: UnstructuredObject, checks: LabelChecks): void {
  const answered: unknown = converted.metadata;
  if (answered === undefined) throw new Error("missing metadata in converted object");
  if (!isObject(answered)) throw new Error(`invalid metadata of type ${goType(answered)} in converted object`);
  const metadata = mutable(original.metadata ?? {}) as Tree;
  for (const field of ["labels", "annotations"] as const) {
    const value = answered[field];
    if (value === undefined || value === null) {
      delete metadata[field];
      continue;
    }
    if (!isObject(value)) throw new Error(`invalid metadata.${field} of type ${goType(value)} in converted object`);
    const before = (metadata[field] ?? {}) as Record<string, string>;
    for (const [key, of] of Object.entries(value))
      if (typeof of !== "string") throw new Error(`metadata.${field}[${key}] must be a string, but is ${goType(of)} in converted object`);
    const after = value as Record<string, string>;
    if (Object.keys(before).length !== Object.keys(after).length || Object.keys(after).some((key) => before[key] !== after[key])) {
      const path = new FieldPath("metadata").child(field === "labels" ? "labels" : "annotation");
      const errors = checks[field](after, path);
      if (errors.length > 0) throw new Error(aggregate(errors.map(describeFieldError)));
    }
    metadata[field] = after;
  }
  converted.metadata = metadata as NonNullable<UnstructuredObject["metadata"]>;
}
