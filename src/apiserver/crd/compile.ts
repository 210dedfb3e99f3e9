/** The structural engines, put together for one version of a CustomResourceDefinition. */
import { FieldPath } from "../../schema/field-error.ts";
import type { FieldError, FieldErrorType } from "../../schema/field-error.ts";
import type { UnstructuredObject } from "../../schema/object.ts";
import { type CheckMetadata, coerceCustomResource, validateEmbedded } from "../../schema/structural/custom-resource.ts";
import { applyDefaults } from "../../schema/structural/default.ts";
import { validateListTypes } from "../../schema/structural/list-type.ts";
import { evaluateRules } from "../../schema/structural/rules/evaluate-rules.ts";
import { buildRules, hasRules, type RuleNode } from "../../schema/structural/rules/rule-tree.ts";
import { isShaped } from "../../schema/structural/shaped.ts";
import { compileSchema } from "../../schema/structural/schema.ts";
import { validateAgainstSchema } from "../../schema/structural/validate.ts";
import type { CustomResourceDefinitionVersion as Version, JSONSchemaProps } from "../../schema/types/apiextensions-v1.ts";
import type { CustomSchema } from "./custom-schema.ts";

/** Compiles the version's schema. A version without one takes everything. */
export function compileCustomSchema(version: Version, checkMetadata: CheckMetadata): CustomSchema {
  const source = version.schema?.openAPIV3Schema;
  const schema = source === undefined ? undefined : compileSchema(source);
  const embedded = (object: UnstructuredObject): FieldError[] => validateEmbedded(object, schema, undefined, checkMetadata);
  return {
    hasRules: hasRules(source),
    validateRules: lazyRules(source),
    prune: (object, validation) => coerceCustomResource(object, schema, validation),
    isShaped: (object) => schema === undefined || isShaped(object, schema),
    setDefaults: (object) => applyDefaults(object, schema),
    validate: (object) => {
      if (schema === undefined) return [];
      return [...validateAgainstSchema(object, schema), ...embedded(object), ...validateListTypes(object, schema)];
    },
    validateUpdate(object, old) {
      if (schema === undefined) return [];
      // Lists that were wrong before stay allowed as they are.
      const lists = validateListTypes(object, schema);
      const allowed = lists.length > 0 && validateListTypes(old, schema).length > 0;
      return [...validateAgainstSchema(object, schema, old), ...embedded(object), ...(allowed ? [] : lists)];
    },
    validateStatusUpdate: (object, old) => {
      const status = schema?.properties.get("status");
      if (status === undefined || object["status"] === undefined) return [];
      return validateAgainstSchema(object["status"], status, old["status"], new FieldPath("status"));
    },
  };
}

/** Compiled when the first object is validated: most definitions of a cluster are never written to. */
function lazyRules(source: JSONSchemaProps | undefined): CustomSchema["validateRules"] {
  let root: RuleNode | undefined;
  return (object, old, warn) => {
    root ??= source && buildRules(source, true);
    if (root === undefined) return [];
    return evaluateRules(root, object, new FieldPath(), old === undefined ? {} : { old, ratcheted: warn }).errors;
  };
}

const blockingTypes: ReadonlySet<FieldErrorType> = new Set<FieldErrorType>([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);

/** What upstream adds when rules could not be looked at because the object was wrong already. */
export function uncheckedRules(errors: readonly FieldError[]): FieldError[] {
  if (!errors.some((e) => blockingTypes.has(e.type))) return [];
  const detail =
    "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";
  return [{ type: "FieldValueInvalid", field: "<nil>", body: `Invalid value: null: ${detail}` }];
}
