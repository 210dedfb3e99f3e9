/**
 * Strategies drawn from what `kinds/` says of a kind: the part every built-in resource has in common. Special ones spread
 * the result and override hooks.
 */
import type { Strategy } from "../../apiserver/resource.ts";
import type { Kind, MetadataPass } from "../../kinds/kind.ts";
import {
  validateCommonMetaUpdate,
  validateGenericObjectMeta,
  validateGenericObjectMetaUpdate,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from "../../kinds/object-meta.ts";
import type { FieldError } from "../../schema/field-error.ts";
import { normalize } from "../../schema/codec.ts";
import type { UnstructuredObject } from "../../schema/object.ts";
import type { ObjectMeta } from "../../schema/types/meta-v1.ts";
import { nameIsDnsSubdomain, pathSegment } from "../../kinds/formats.ts";

export interface StrategyTraits {
  readonly typeName: string;
  readonly namespaced: boolean;
  /** The resource has a status subresource: writes of the object itself do not touch `status`. */
  readonly hasStatus: boolean;
}

const defaultName = nameIsDnsSubdomain;

/** The strategy of the resource itself. `kind` absent: structural checks only. */
export function strategyOf(kind: Kind | undefined, traits: StrategyTraits): Strategy {
  const validateName = kind?.validateName?.bind(kind) ?? defaultName;
  const emptyStatus = traits.hasStatus ? zeroStatus(traits.typeName) : undefined;
  return {
    validateName,
    prepareForCreate: (_context, object) => {
      if (kind?.prepareForCreate !== undefined) kind.prepareForCreate(object);
      else emptyStatus?.(object);
    },
    validateCreate: (_context, object) => createErrors(kind, object, traits.namespaced, validateName),
    prepareForUpdate: (_context, object, old) => {
      if (kind?.prepareForUpdate !== undefined) kind.prepareForUpdate(object, old);
      else if (traits.hasStatus) copyField(object, old, "status");
    },
    validateUpdate: (_context, object, old) => updateErrors(kind, object, old, traits.namespaced, kind?.validateUpdate?.bind(kind)),
    ...(kind?.setDefaults === undefined ? {} : { setDefaults: kind.setDefaults.bind(kind) }),
    ...(kind?.warnings === undefined ? {} : { warnings: (_context, object, old) => kind.warnings?.(object, old) ?? [] }),
    ...(kind?.selectableFields === undefined ? {} : { selectableFields: kind.selectableFields.bind(kind) }),
    ...(kind?.selectableFieldNames === undefined ? {} : { selectableFieldNames: kind.selectableFieldNames }),
    allowCreateOnUpdate: kind?.allowCreateOnUpdate ?? false,
    allowUnconditionalUpdate: kind?.allowUnconditionalUpdate ?? true,
    // Kinds count generations in their own hooks.
    generation: false,
    ...(kind?.defaultGarbageCollection === undefined
      ? {}
      : { defaultGarbageCollection: () => kind.defaultGarbageCollection ?? "background" }),
  };
}

/** The strategy of the status subresource: all but `status` and metadata stays as it was. */
export function statusStrategyOf(kind: Kind | undefined, namespaced: boolean): Strategy {
  return {
    ...(kind?.setDefaults === undefined ? {} : { setDefaults: kind.setDefaults.bind(kind) }),
    prepareForUpdate: (_context, object, old) => {
      if (kind?.prepareForStatusUpdate !== undefined) kind.prepareForStatusUpdate(object, old);
      else keepAllBut(object, old, "status");
    },
    validateUpdate: (_context, object, old) =>
      updateErrors(kind, object, old, namespaced, kind?.validateStatusUpdate?.bind(kind), kind?.metadataOnStatusUpdate ?? usualPasses),
    ...(kind?.selectableFields === undefined ? {} : { selectableFields: kind.selectableFields.bind(kind) }),
    allowUnconditionalUpdate: kind?.allowUnconditionalUpdate ?? true,
    generation: false,
  };
}

/** The strategy of another subresource that writes the object itself (`Kind.subresources`): `resize`, `finalize`, … */
export function subresourceStrategyOf(kind: Kind, name: string, traits: StrategyTraits): Strategy | undefined {
  const own = kind.subresources?.[name];
  if (own === undefined) return undefined;
  return {
    ...strategyOf(kind, traits),
    prepareForUpdate: (_context, object, old) => own.prepareForUpdate?.(object, old),
    validateUpdate: (_context, object, old) =>
      updateErrors(kind, object, old, traits.namespaced, own.validateUpdate?.bind(own), usualPasses),
  };
}

/** Errors of a new object, by the metadata rule of its kind. */
export function createErrors(
  kind: Kind | undefined,
  object: UnstructuredObject,
  namespaced: boolean,
  validateName: (name: string, prefix: boolean) => string[],
): FieldError[] {
  const own = kind?.validateCreate?.(object) ?? [];
  if (kind?.metadataRule === "none") return own.length > 0 ? own : validateGenericObjectMeta(object.metadata, namespaced, pathSegment);
  const validate = kind?.metadataRule === "generic" ? validateGenericObjectMeta : validateObjectMeta;
  const errors = [...validate(object.metadata, namespaced, validateName), ...own];
  // What is common to every resource is asked last, and is part of the above but for names that a kind leaves open.
  const { name = "", generateName = "" } = object.metadata ?? {};
  if (errors.length > 0 || (generateName === "" && pathSegment(name, false).length === 0)) return errors;
  return validateGenericObjectMeta(object.metadata, namespaced, pathSegment);
}

/**
 * Errors of an object as the successor of `old`. Upstream looks at metadata for every resource, and then kinds look at it
 * again, some twice; clients count the causes.
 */
export function updateErrors(
  kind: Kind | undefined,
  object: UnstructuredObject,
  old: UnstructuredObject,
  namespaced: boolean,
  validate: ((object: UnstructuredObject, old: UnstructuredObject) => FieldError[]) | undefined,
  passes: readonly MetadataPass[] = kind?.metadataOnUpdate ?? usualPasses,
): FieldError[] {
  const { metadata } = object;
  const errors = validateCommonMetaUpdate(metadata, old.metadata, namespaced);
  // What is common has found no fault: only names and finalizers can have one that it does not know.
  if (errors.length > 0 || metadata?.generateName || metadata?.finalizers?.length) {
    for (const pass of passes) errors.push(...metadataErrors(kind, pass, metadata, old.metadata, namespaced));
  }
  const own = validate?.(object, old);
  if (own !== undefined) for (const error of own) errors.push(error);
  return errors;
}

const usualPasses: readonly MetadataPass[] = ["change"];

function metadataErrors(
  kind: Kind | undefined,
  pass: MetadataPass,
  metadata: ObjectMeta | undefined,
  old: ObjectMeta | undefined,
  namespaced: boolean,
): FieldError[] {
  const generic = kind?.metadataRule === "generic";
  if (pass === "change") return (generic ? validateGenericObjectMetaUpdate : validateObjectMetaUpdate)(metadata, old);
  return (generic ? validateGenericObjectMeta : validateObjectMeta)(metadata, namespaced, kind?.validateName?.bind(kind) ?? defaultName);
}

/** Resets `status` to what Go's zero value marshals to; absent where it is a pointer or empty. */
function zeroStatus(typeName: string): (object: UnstructuredObject) => void {
  let zero: string | undefined;
  return (object) => {
    zero ??= JSON.stringify((normalize(typeName, {}) as UnstructuredObject)["status"] ?? null);
    if (zero === "null") delete object["status"];
    else object["status"] = JSON.parse(zero) as unknown;
  };
}

/** `object[field]` becomes the old one's, present or not. */
export function copyField(object: UnstructuredObject, old: UnstructuredObject, field: "spec" | "status"): void {
  if (old[field] === undefined) delete object[field];
  else object[field] = old[field];
}

/** Everything but metadata and `field` becomes what it was. */
export function keepAllBut(object: UnstructuredObject, old: UnstructuredObject, field: string): void {
  for (const key of Object.keys(object)) {
    if (key !== "metadata" && key !== "apiVersion" && key !== "kind" && key !== field && !(key in old)) delete object[key];
  }
  for (const key of Object.keys(old)) {
    if (key !== "metadata" && key !== "apiVersion" && key !== "kind" && key !== field && key !== "__proto__") object[key] = old[key];
  }
}
