/** The parts of one version: schema, subresources, columns, selectable fields. */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { duplicate, forbiddenField, invalidField, required, tooMany } from "../../schema/field-error.ts";
import { validateStructural } from "../../schema/structural/structural.ts";
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
  CustomResourceValidation,
  JSONSchemaProps,
  SelectableField,
} from "../../schema/types/apiextensions-v1.ts";
import { byteLength } from "../formats.ts";
import { schemaAt } from "../../schema/structural/schema-path.ts";
import { internalSchema } from "./internal-form.ts";
import type { CrdOptions } from "./options.ts";
import { maxSelectableFields } from "./options.ts";
import { validateSchemaDefaults } from "./validation-defaults.ts";
import { RuleChecks } from "./validation-rules.ts";
import { validateSchemaTree } from "./validation-schema.ts";

export function hasStatus(subresources: CustomResourceSubresources | undefined): boolean {
  return subresources?.status !== undefined;
}

export function validateVersion(
  version: CustomResourceDefinitionVersion,
  path: FieldPath,
  status: boolean,
  options: CrdOptions,
  errors: FieldError[],
): void {
  const { deprecationWarning: warning } = version;
  if (warning !== undefined) {
    const at = path.child("deprecationWarning");
    for (const message of warningErrors(warning, version.deprecated === true)) errors.push(invalidField(at, warning, message));
  }
  validateSchema(version.schema, path.child("schema"), status, options, errors, options.unchangedSchemas.has(version.name));
  validateSubresources(version.subresources, path.child("subresources"), errors);
  version.additionalPrinterColumns?.forEach((column, i) => validateColumn(column, path.child("additionalPrinterColumns").index(i), errors));
  const { selectableFields = [], schema } = version;
  if (selectableFields.length === 0) return;
  const at = path.child("selectableFields");
  if (schema?.openAPIV3Schema === undefined) {
    errors.push(invalidField(at, "", "may only be set when `version.schema.openAPIV3Schema` is not included"));
  } else validateSelectableFields(selectableFields, schema.openAPIV3Schema, at, options, version.name, errors);
}

function warningErrors(warning: string, deprecated: boolean): string[] {
  if (!deprecated) return ["can only be set for deprecated versions"];
  const messages: string[] = [];
  if (byteLength(warning) > 256) messages.push("must be <= 256 characters long");
  if (warning === "") messages.push("must not be an empty string");
  const bad = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(warning);
  if (bad !== null) {
    const at = byteLength(warning.slice(0, bad.index));
    messages.push(`must only contain printable UTF-8 characters; non-printable character found at index ${at}`);
  }
  return messages;
}

/** What may stand at the root when the status is written on its own. */
const rootFields: ReadonlySet<string> = new Set([
  "description",
  "type",
  "format",
  "title",
  "maximum",
  "exclusiveMaximum",
  "minimum",
  "exclusiveMinimum",
  "maxLength",
  "minLength",
  "pattern",
  "maxItems",
  "minItems",
  "uniqueItems",
  "multipleOf",
  "required",
  "items",
  "properties",
  "externalDocs",
  "example",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-validations",
]);

const rootFieldNames =
  "[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations]";

export function validateSchema(
  validation: CustomResourceValidation | undefined,
  path: FieldPath,
  status: boolean,
  options: CrdOptions,
  errors: FieldError[],
  unchanged = false,
): void {
  const schema = validation?.openAPIV3Schema;
  if (schema === undefined) return;
  const at = path.child("openAPIV3Schema");
  const before = errors.length;
  if (status) checkRoot(schema, at, errors);
  if (schema.nullable === true) errors.push(forbiddenField(at.child("nullable"), "nullable cannot be true at the root"));
  let unreadable: FieldError | undefined;
  let rules: RuleChecks | undefined;
  if (options.requireStructuralSchema) {
    const faults = validateStructural(schema, at);
    if (faults[0]?.body.startsWith('Invalid value: "": OpenAPIV3Schema \'') === true) [unreadable] = faults;
    else if (faults.length > 0) errors.push(...faults);
    else {
      const beforeDefaults = errors.length;
      validateSchemaDefaults(schema, at, errors);
      if (errors.length === beforeDefaults) rules = new RuleChecks(!unchanged);
    }
  }
  validateSchemaTree(schema, at, options, errors, rules);
  if (rules) errors.push(...rules.errors, ...rules.totalErrors(at));
  if (errors.length === before && unreadable !== undefined) errors.push(unreadable);
}

function checkRoot(schema: JSONSchemaProps, at: FieldPath, errors: FieldError[]): void {
  const isSet = (value: unknown): boolean =>
    value !== undefined && value !== "" && value !== false && !(Array.isArray(value) && value.length === 0);
  const { type = "" } = schema;
  const other = Object.entries(schema).find(([name, value]) => isSet(value) && !rootFields.has(name));
  if (type !== "" && type !== "object") {
    const why = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
    errors.push(invalidField(at.child("type"), type, why));
  } else if (other !== undefined) {
    const why = `only ${rootFieldNames} fields are allowed at the root of the schema if the status subresource is enabled`;
    errors.push(invalidField(at, internalSchema(schema), why));
  }
}

const columnTypes = ["boolean", "date", "integer", "number", "string"];
const columnFormats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

export function validateColumn(column: CustomResourceColumnDefinition, path: FieldPath, errors: FieldError[]): void {
  const { name, type, format = "", jsonPath } = column;
  if (!name) errors.push(required(path.child("name")));
  const types = `must be one of ${columnTypes.join(",")}`;
  if (!type) errors.push(required(path.child("type"), types));
  else if (!columnTypes.includes(type)) errors.push(invalidField(path.child("type"), type, types));
  if (format !== "" && !columnFormats.includes(format)) {
    errors.push(invalidField(path.child("format"), format, `must be one of ${columnFormats.join(",")}`));
  }
  if (!jsonPath) errors.push(required(path.child("JSONPath")));
  else validateSimplePath(jsonPath, path.child("JSONPath"), errors);
}

/** True when it is one. */
function validateSimplePath(text: string, path: FieldPath, errors: FieldError[]): boolean {
  if (text.startsWith(".")) return true;
  errors.push(invalidField(path, text, "must be a simple json path starting with ."));
  return false;
}

export function validateSubresources(subresources: CustomResourceSubresources | undefined, path: FieldPath, errors: FieldError[]): void {
  const scale = subresources?.scale;
  if (scale === undefined) return;
  const check = (field: string, text: string, roots: readonly string[], why: string): void => {
    const at = path.child("scale", field);
    if (validateSimplePath(text, at, errors) && !roots.some((r) => text.startsWith(r))) errors.push(invalidField(at, text, why));
  };
  if (!scale.specReplicasPath) errors.push(required(path.child("scale", "specReplicasPath")));
  else check("specReplicasPath", scale.specReplicasPath, [".spec."], "should be a json path under .spec");
  if (!scale.statusReplicasPath) errors.push(required(path.child("scale", "statusReplicasPath")));
  else check("statusReplicasPath", scale.statusReplicasPath, [".status."], "should be a json path under .status");
  if (scale.labelSelectorPath) {
    check("labelSelectorPath", scale.labelSelectorPath, [".spec.", ".status."], "should be a json path under either .spec or .status");
  }
}

export function validateSelectableFields(
  fields: readonly SelectableField[],
  schema: JSONSchemaProps | undefined,
  path: FieldPath,
  options: CrdOptions,
  version: string,
  errors: FieldError[],
): void {
  const seen = new Set<string>();
  for (const [i, { jsonPath }] of fields.entries()) {
    const at = path.index(i).child("jsonPath");
    if (!jsonPath) {
      errors.push(required(at));
      continue;
    }
    const found = schemaAt(jsonPath, schema ?? {}, false);
    if ("fault" in found) {
      errors.push(invalidField(at, jsonPath, `is an invalid path: ${found.fault}`));
      continue;
    }
    if (/^metadata\b/.test(found.path)) errors.push(invalidField(at, jsonPath, "must not point to fields in metadata"));
    if (!["string", "boolean", "integer"].includes(found.schema.type ?? "")) {
      const why = "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
      errors.push(invalidField(at, jsonPath, why));
    }
    if (seen.has(found.path)) errors.push(duplicate(at, jsonPath));
    seen.add(found.path);
  }
  if (seen.size > maxSelectableFields && !options.manySelectableFields.has(version)) {
    errors.push(tooMany(path, seen.size, maxSelectableFields));
  }
}
