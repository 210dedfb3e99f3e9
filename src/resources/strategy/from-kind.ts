/**
 * Strategies drawn from what `kinds/` says of a kind: the part every built-in resource has in common. Special ones spread
 * the result and override hooks.
 */
import type { Strategy } from "../../apiserver/resource.ts";
import type { Kind } from "../../kinds/kind.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "../../kinds/object-meta.ts";
import { normalize } from "../../schema/codec.ts";
import type { UnstructuredObject } from "../../schema/object.ts";
import { nameIsDnsSubdomain } from "../../kinds/formats.ts";

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
    validateCreate: (_context, object) => [
      ...validateObjectMeta(object.metadata, traits.namespaced, validateName),
      ...(kind?.validateCreate?.(object) ?? []),
    ],
    prepareForUpdate: (_context, object, old) => {
      if (kind?.prepareForUpdate !== undefined) kind.prepareForUpdate(object, old);
      else if (traits.hasStatus) copyField(object, old, "status");
    },
    validateUpdate: (_context, object, old) => [
      ...validateObjectMetaUpdate(object.metadata, old.metadata),
      ...(kind?.validateUpdate?.(object, old) ?? []),
    ],
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
export function statusStrategyOf(kind: Kind | undefined): Strategy {
  return {
    ...(kind?.setDefaults === undefined ? {} : { setDefaults: kind.setDefaults.bind(kind) }),
    prepareForUpdate: (_context, object, old) => {
      if (kind?.prepareForStatusUpdate !== undefined) kind.prepareForStatusUpdate(object, old);
      else keepAllBut(object, old, "status");
    },
    validateUpdate: (_context, object, old) => [
      ...validateObjectMetaUpdate(object.metadata, old.metadata),
      ...(kind?.validateStatusUpdate?.(object, old) ?? []),
    ],
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
    validateUpdate: (_context, object, old) => [
      ...validateObjectMetaUpdate(object.metadata, old.metadata),
      ...(own.validateUpdate?.(object, old) ?? []),
    ],
  };
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
