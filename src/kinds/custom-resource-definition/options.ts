/** What is not held against a CRD because it was there before. */
import type { CustomResourceDefinition, CustomResourceDefinitionVersion, JSONSchemaProps } from "../../schema/types/apiextensions-v1.ts";
import { FieldPath } from "../../schema/field-error.ts";
import { validateStructural } from "../../schema/structural/structural.ts";
import { caBundleError } from "../webhook-client.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { schemasIn, schemasOf, someSchema } from "./schema-walk.ts";

export interface CrdOptions {
  readonly requireRecognizedReviewVersion: boolean;
  readonly requireImmutableNames: boolean;
  readonly requireSchema: boolean;
  readonly requireKnownTypes: boolean;
  readonly requireStructuralSchema: boolean;
  readonly requireAtomicSets: boolean;
  readonly requireMapKeys: boolean;
  readonly allowInvalidCaBundle: boolean;
  /** Versions that may keep too many selectable fields; `""` stands for what versions share. */
  readonly manySelectableFields: ReadonlySet<string>;
  /** Versions whose schema is as it was: what their rules cost one by one was let through before. */
  readonly unchangedSchemas: ReadonlySet<string>;
}

export const createOptions: CrdOptions = {
  requireRecognizedReviewVersion: true,
  requireImmutableNames: false,
  requireSchema: true,
  requireKnownTypes: true,
  requireStructuralSchema: true,
  requireAtomicSets: true,
  requireMapKeys: true,
  allowInvalidCaBundle: true,
  manySelectableFields: new Set(),
  unchangedSchemas: new Set(),
};

export const maxSelectableFields = 8;
export const knownReviewVersions: readonly string[] = ["v1", "v1beta1"];
export const schemaTypes: readonly string[] = ["array", "boolean", "integer", "number", "object", "string"];

export function updateOptions(crd: CustomResourceDefinition, old: CustomResourceDefinition): CrdOptions {
  const { spec } = old;
  const established = old.status?.conditions?.find((c) => c.type === "Established")?.status === "True";
  const reviewVersions = spec.conversion?.webhook?.conversionReviewVersions ?? [];
  const bundle = spec.conversion?.webhook?.clientConfig?.caBundle ?? "";
  const schemas = (spec.versions ?? []).map((v) => v.schema?.openAPIV3Schema);
  return {
    requireRecognizedReviewVersion: reviewVersions.length === 0 || reviewVersions.some((v) => knownReviewVersions.includes(v)),
    requireImmutableNames: established,
    requireSchema: schemas.every((s) => s !== undefined),
    requireKnownTypes: !someSchema(schemasOf(spec), hasUnknownType),
    requireStructuralSchema: schemas.every((s) => s === undefined || validateStructural(s, new FieldPath()).length === 0),
    requireAtomicSets: !someSchema(schemasOf(spec), hasNonAtomicSet),
    requireMapKeys: !schemas.some((s) => someSchema(schemasIn(s), hasLooseMapKeys)),
    allowInvalidCaBundle: !established || (bundle !== "" && caBundleError(bundle) !== undefined),
    unchangedSchemas: new Set((crd.spec.versions ?? []).filter((v) => schemaKept(v, spec.versions ?? [])).map((v) => v.name)),
    manySelectableFields: new Set((spec.versions ?? []).flatMap((v) => keptSelectableFields(crd, v))),
  };
}

type Version = Pick<CustomResourceDefinitionVersion, "name" | "schema">;

function schemaKept(version: Version, before: readonly Version[]): boolean {
  const old = before.find((v) => v.name === version.name);
  return old !== undefined && semanticEqual(version.schema, old.schema);
}

function keptSelectableFields(
  crd: CustomResourceDefinition,
  before: { name: string; selectableFields?: readonly unknown[] | undefined },
): string[] {
  if ((before.selectableFields?.length ?? 0) <= maxSelectableFields) return [];
  const now = crd.spec.versions?.find((v) => v.name === before.name);
  return semanticEqual(now?.selectableFields, before.selectableFields) ? [before.name, ""] : [];
}

export function hasUnknownType({ type }: JSONSchemaProps): boolean {
  return type !== undefined && type !== "" && !schemaTypes.includes(type);
}

function itemsOf(schema: JSONSchemaProps): JSONSchemaProps | undefined {
  return Array.isArray(schema.items) ? undefined : (schema.items ?? undefined);
}

function hasNonAtomicSet(schema: JSONSchemaProps): boolean {
  const items = itemsOf(schema);
  if (schema["x-kubernetes-list-type"] !== "set" || items === undefined) return false;
  if (items.type === "array") return (items["x-kubernetes-list-type"] ?? "atomic") !== "atomic";
  return items.type === "object" && items["x-kubernetes-map-type"] !== "atomic";
}

function hasLooseMapKeys(schema: JSONSchemaProps): boolean {
  const items = itemsOf(schema);
  const listType = schema["x-kubernetes-list-type"];
  if (items === undefined || (listType !== "set" && listType !== "map")) return false;
  if (items.nullable === true) return true;
  if (listType === "set") return false;
  return (schema["x-kubernetes-list-map-keys"] ?? []).some((key) => {
    const property = items.properties?.[key];
    if (property === undefined) return false;
    return property.nullable === true || (items.required?.includes(key) !== true && property.default === undefined);
  });
}
