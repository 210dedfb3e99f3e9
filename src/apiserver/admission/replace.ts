/** Puts what a webhook or policy has made of an object, at the version that it was shown, in the place of the object. */
import type { UnstructuredObject } from "../../schema/object.ts";
import { typeNameOf } from "../../schema/scheme.ts";
import { decodeJson, encodeJson } from "../../schema/json.ts";
import { mutable } from "../../schema/object.ts";
import type { AdmissionAttributes } from "../admission.ts";
import { jsonEqual } from "../json-equal.ts";
import { type Strategy, subresourcesAt } from "../resource.ts";
import type { Equivalent } from "./equivalents.ts";

/**
 * Reads `tree` as its type, fills in defaults, and makes it the object of the request. True when that differs from `before`, the
 * object as it was shown. Throws an ApiError for what is no such object.
 */
export async function replaceObject(
  attributes: AdmissionAttributes,
  matched: Equivalent,
  before: UnstructuredObject,
  tree: object,
): Promise<boolean> {
  const shown = readTree(matched, tree);
  const changed = !jsonEqual(before, shown);
  const { served } = matched;
  const target = attributes.object as UnstructuredObject;
  if (served === undefined) become(target, shown);
  else {
    const { converter } = served.definition;
    const apiVersion = attributes.served?.apiVersion ?? served.apiVersion;
    const [own] = converter === undefined ? [served.toStorage(shown)] : await converter.convert([shown], apiVersion);
    const object = own === shown || converter === undefined ? (own as UnstructuredObject) : mutable(own as UnstructuredObject);
    strategyOf(attributes).setDefaults?.(object);
    become(target, object);
  }
  return changed;
}

function readTree({ kind, served }: Equivalent, tree: object): UnstructuredObject {
  const text = encodeJson(tree);
  const codec = served?.version.codec;
  const read =
    codec === undefined ? decodeJson(text, served?.version.typeName ?? typeNameOf(kind), "Ignore") : codec.decode(text, "Ignore");
  return read.object;
}

function strategyOf({ definition, subresource, version }: AdmissionAttributes): Strategy {
  const below = subresource === "" ? undefined : subresourcesAt(definition, version)[subresource];
  return below?.type === "object" ? below.strategy : definition.strategy;
}

/** The same object, with the content of another. */
function become(target: UnstructuredObject, content: UnstructuredObject): void {
  for (const key of Object.keys(target)) delete target[key];
  for (const key of Object.keys(content))
    Object.defineProperty(target, key, { value: content[key], writable: true, enumerable: true, configurable: true });
}
