/** Everything a version's schema does to its objects, in one value: what the API server plugs in. */
import { type FieldError, FieldPath } from "../field-error.ts";
import type { UnstructuredObject } from "../object.ts";
import type { JSONSchemaProps } from "../types/apiextensions-v1.ts";
import { coerceCustomResource, validateEmbedded } from "./custom-resource.ts";
import { applyDefaults } from "./default.ts";
import { validateListTypes } from "./list-type.ts";
import { compileSchema, type StructuralSchema } from "./schema.ts";
import { validateAgainstSchema } from "./validate.ts";

export interface CustomSchema {
  readonly schema: StructuralSchema;
  /**
   * Prunes in place what the schema does not know, and nulls that are not wanted; brings metadata (of embedded objects too)
   * into Go's shape. Answers the paths that went, `spec.foo`, `spec.list[0].bar`, and fields of metadata that are unknown.
   * Throws a 400 for metadata that cannot be read.
   */
  prune(object: UnstructuredObject): string[];
  /** Fills in defaults, in place. */
  setDefaults(object: UnstructuredObject): void;
  /** False: {@link setDefaults} does nothing. */
  readonly hasDefaults: boolean;
  validate(object: UnstructuredObject): FieldError[];
  /** Errors in parts that did not change are let through (KEP-4008). */
  validateUpdate(object: UnstructuredObject, old: UnstructuredObject): FieldError[];
  /** The same for the status subresource: only `status` is looked at. */
  validateStatusUpdate(object: UnstructuredObject, old: UnstructuredObject): FieldError[];
}

function hasDefaults(schema: StructuralSchema): boolean {
  if (schema.defaultValue !== undefined) return true;
  const { items, additionalProperties } = schema;
  if (items !== undefined && hasDefaults(items)) return true;
  if (typeof additionalProperties === "object" && hasDefaults(additionalProperties)) return true;
  return [...schema.properties.values()].some(hasDefaults);
}

/** Compiles a version's schema; absent, everything is kept (`preserveUnknownFields` of old CRDs). */
export function customSchema(source: JSONSchemaProps | undefined): CustomSchema {
  const schema = compileSchema(source ?? { type: "object", "x-kubernetes-preserve-unknown-fields": true });
  const defaults = hasDefaults(schema);
  const listErrors = (object: UnstructuredObject): FieldError[] => validateListTypes(object, schema);
  return {
    schema,
    hasDefaults: defaults,
    prune: (object) => coerceCustomResource(object, schema, "Warn").map((p) => /"(.*)"$/.exec(p)?.[1] ?? p),
    setDefaults: (object) => {
      if (defaults) applyDefaults(object, schema);
    },
    validate: (object) => [...validateAgainstSchema(object, schema), ...validateEmbedded(object, schema), ...listErrors(object)],
    validateUpdate(object, old) {
      const errors = [...validateAgainstSchema(object, schema, old), ...validateEmbedded(object, schema)];
      // A list that held something twice before may go on doing so.
      return listErrors(old).length > 0 ? errors : [...errors, ...listErrors(object)];
    },
    validateStatusUpdate(object, old) {
      const status = schema.properties.get("status");
      if (status === undefined || !Object.hasOwn(object, "status")) return [];
      const errors = validateAgainstSchema(object["status"], status, old["status"], new FieldPath("status"));
      const only = (o: UnstructuredObject): FieldError[] => validateListTypes({ status: o["status"] }, schema);
      return only(old).length > 0 ? errors : [...errors, ...only(object)];
    },
  };
}
