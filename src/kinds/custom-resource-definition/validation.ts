/** A whole CustomResourceDefinition (`apiextensions/validation`); what expressions in schemas mean is not looked at. */
import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, invalidField, notSupported, required } from "../../schema/field-error.ts";
import { isKnownFormat } from "../../schema/structural/formats.ts";
import { dns1035Label, dns1123Subdomain } from "../../core/names.ts";
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
} from "../../schema/types/apiextensions-v1.ts";
import type { HoistedSpec } from "./hoisted.ts";
import { hoist } from "./hoisted.ts";
import { internalVersions } from "./internal-form.ts";
import type { CrdOptions } from "./options.ts";
import { createOptions, updateOptions } from "./options.ts";
import { schemasOf, someSchema } from "./schema-walk.ts";
import { validateConversion } from "./validation-conversion.ts";
import {
  hasStatus,
  validateColumn,
  validateSchema,
  validateSelectableFields,
  validateSubresources,
  validateVersion,
} from "./validation-version.ts";

const specPath = new FieldPath("spec");
const statusPath = new FieldPath("status");

export function validateCrd(crd: CustomResourceDefinition): FieldError[] {
  const errors: FieldError[] = [];
  const { name = "", generateName = "" } = crd.metadata ?? {};
  const wanted = `${crd.spec.names?.plural ?? ""}.${crd.spec.group ?? ""}`;
  const why = 'must be spec.names.plural+"."+spec.group';
  if (generateName !== "" && generateName !== wanted) errors.push(invalidField(new FieldPath("metadata.generateName"), generateName, why));
  if (name !== "" && name !== wanted) errors.push(invalidField(new FieldPath("metadata.name"), name, why));
  validateSpec(crd.spec, createOptions, errors);
  validateRest(crd, undefined, errors);
  return errors;
}

export function validateCrdUpdate(crd: CustomResourceDefinition, old: CustomResourceDefinition): FieldError[] {
  const errors: FieldError[] = [];
  const options = updateOptions(crd, old);
  validateSpec(crd.spec, options, errors);
  const immutable = (now: string | undefined, before: string | undefined, ...field: string[]): void => {
    if ((now ?? "") !== (before ?? "")) errors.push(invalidField(specPath.child(...field), now ?? "", "field is immutable", "immutable"));
  };
  if (options.requireImmutableNames) {
    immutable(crd.spec.scope, old.spec.scope, "scope");
    immutable(crd.spec.names?.kind, old.spec.names?.kind, "names", "kind");
  }
  immutable(crd.spec.group, old.spec.group, "group");
  immutable(crd.spec.names?.plural, old.spec.names?.plural, "names", "plural");
  validateRest(crd, old, errors);
  return errors;
}

export function validateCrdStatus(crd: CustomResourceDefinition): FieldError[] {
  const errors: FieldError[] = [];
  validateNames(crd.status?.acceptedNames, statusPath.child("acceptedNames"), errors);
  return errors;
}

function validateRest(crd: CustomResourceDefinition, old: CustomResourceDefinition | undefined, errors: FieldError[]): void {
  validateNames(crd.status?.acceptedNames, statusPath.child("acceptedNames"), errors);
  validateStoredVersions(crd, errors);
  validateApproval(crd, old, errors);
  if (old?.spec.preserveUnknownFields !== true && crd.spec.preserveUnknownFields === true) {
    const why = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
    errors.push(invalidField(specPath.child("preserveUnknownFields"), true, why));
  }
}

function validateStoredVersions({ spec, status }: CustomResourceDefinition, errors: FieldError[]): void {
  const stored = status?.storedVersions ?? [];
  const path = statusPath.child("storedVersions");
  if (stored.length === 0) {
    errors.push(invalidField(path, null, "must have at least one stored version"));
    return;
  }
  const left = new Set(stored);
  for (const { name, storage } of spec.versions ?? []) {
    if (!left.delete(name) && storage) errors.push(invalidField(path, stored, `must have the storage version ${name}`));
  }
  for (const [i, name] of stored.entries()) {
    if (spec.versions?.some((v) => v.name === name) === true) continue;
    const why = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
    errors.push(invalidField(path.index(i), name, why));
  }
}

const approvalAnnotation = "api-approved.kubernetes.io";
const protectedGroup = /(^|\.)(k8s|kubernetes)\.io$/;

type Approval = "missing" | "invalid" | "approved" | "bypassed";

function approvalOf(crd: CustomResourceDefinition): Approval {
  const text = crd.metadata?.annotations?.[approvalAnnotation] ?? "";
  if (text === "") return "missing";
  if (text.startsWith("unapproved")) return "bypassed";
  return /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/?#\s]+\S*$/.test(text) ? "approved" : "invalid";
}

/** Groups of the community need its approval. */
function validateApproval(crd: CustomResourceDefinition, old: CustomResourceDefinition | undefined, errors: FieldError[]): void {
  if (!protectedGroup.test(crd.spec.group ?? "")) return;
  const state = approvalOf(crd);
  if (old !== undefined && approvalOf(old) === state) return;
  const path = new FieldPath("metadata.annotations").key(approvalAnnotation);
  const see = "see https://github.com/kubernetes/enhancements/pull/1111";
  const need = `protected groups must have approval annotation "${approvalAnnotation}"`;
  if (state === "missing") errors.push(required(path, `${need}, ${see}`));
  if (state === "invalid") {
    const why = `${need} with either a URL or a reason starting with "unapproved", ${see}`;
    errors.push(invalidField(path, crd.metadata?.annotations?.[approvalAnnotation] ?? "", why));
  }
}

function validateSpec(spec: CustomResourceDefinitionSpec, given: CrdOptions, errors: FieldError[]): void {
  const { group, scope, names } = spec;
  if (!group) errors.push(required(specPath.child("group")));
  else {
    const messages = dns1123Subdomain(group);
    if (messages.length > 0) errors.push(invalidField(specPath.child("group"), group, messages.join(",")));
    else if (!group.includes(".")) errors.push(invalidField(specPath.child("group"), group, "should be a domain with at least one dot"));
  }
  if (!scope) errors.push(required(specPath.child("scope")));
  else if (scope !== "Cluster" && scope !== "Namespaced")
    errors.push(notSupported(specPath.child("scope"), scope, ["Cluster", "Namespaced"]));
  const hoisted = hoist(spec);
  const preserves = spec.preserveUnknownFields === true;
  requireSchemas(hoisted, preserves, given, errors);
  const hasDefaults = someSchema(schemasOf(spec), (s) => s.default !== undefined && s.default !== null);
  if (hasDefaults && preserves) {
    errors.push(invalidField(specPath.child("preserveUnknownFields"), true, "must be false in order to use defaults in the schema"));
  }
  const structural = given.requireStructuralSchema || !preserves || hasDefaults;
  const options = structural === given.requireStructuralSchema ? given : { ...given, requireStructuralSchema: structural };
  validateVersions(hoisted, Array.isArray(spec.versions), options, errors);
  for (const field of ["plural", "singular", "kind", "listKind"] as const) {
    if (!names?.[field]) errors.push(required(specPath.child("names", field)));
  }
  validateNames(names, specPath.child("names"), errors);
  validateShared(hoisted, options, errors);
  if (preserves && spec.conversion !== undefined && spec.conversion.strategy !== "None") {
    const why = "must be None if spec.preserveUnknownFields is true";
    errors.push(invalidField(specPath.child("conversion", "strategy"), spec.conversion.strategy, why));
  }
  validateConversion(spec.conversion, specPath.child("conversion"), options, errors);
}

function requireSchemas({ shared, versions }: HoistedSpec, preserves: boolean, options: CrdOptions, errors: FieldError[]): void {
  if (shared.validation?.openAPIV3Schema !== undefined) return;
  for (const [i, version] of versions.entries()) {
    if (version.schema?.openAPIV3Schema !== undefined) continue;
    const at = specPath.child("versions").index(i).child("schema", "openAPIV3Schema");
    if (options.requireSchema) errors.push(required(at));
    else if (!preserves && version.served) errors.push(required(at, "because otherwise all fields are pruned"));
  }
}

function validateVersions(hoisted: HoistedSpec, given: boolean, options: CrdOptions, errors: FieldError[]): void {
  const { versions, shared } = hoisted;
  const path = specPath.child("versions");
  const perVersion = versions.some((v) => v.subresources !== undefined);
  for (const [i, version] of versions.entries()) {
    const messages = dns1035Label(version.name);
    if (messages.length > 0) errors.push(invalidField(path.index(i).child("name"), version.name, messages.join(",")));
    validateVersion(version, path.index(i), hasStatus(perVersion ? version.subresources : shared.subresources), options, errors);
  }
  const names = new Set(versions.map((v) => v.name));
  if (names.size < versions.length)
    errors.push(invalidField(path, internalVersions(given ? versions : undefined), "must contain unique version names"));
  if (versions.filter((v) => v.storage).length !== 1) {
    errors.push(
      invalidField(path, internalVersions(given ? versions : undefined), "must have exactly one version marked as storage version"),
    );
  }
  const [first] = versions;
  if (first === undefined || first.name === "") return;
  const messages = dns1035Label(first.name);
  if (messages.length > 0) errors.push(invalidField(specPath.child("version"), first.name, messages.join(",")));
}

/** What all versions have alike. */
function validateShared({ shared, versions }: HoistedSpec, options: CrdOptions, errors: FieldError[]): void {
  const status = hasStatus(shared.subresources) || versions.some((v) => hasStatus(v.subresources));
  const unchanged = options.unchangedSchemas.has(versions[0]?.name ?? "");
  validateSchema(shared.validation, specPath.child("validation"), status, options, errors, unchanged);
  validateSubresources(shared.subresources, specPath.child("subresources"), errors);
  shared.additionalPrinterColumns?.forEach((column, i) => {
    validateColumn(column, specPath.child("additionalPrinterColumns").index(i), errors);
  });
  const { selectableFields: fields = [], validation } = shared;
  if (fields.length === 0) return;
  const at = specPath.child("selectableFields");
  if (validation === undefined) errors.push(invalidField(at, "", "may only be set when validations.schema is included"));
  else validateSelectableFields(fields, validation.openAPIV3Schema, at, options, "", errors);
}

type NamesPart = Partial<CustomResourceDefinitionNames>;

function validateNames(names: NamesPart | undefined, path: FieldPath, errors: FieldError[]): void {
  if (names === undefined) return;
  const label = (value: string, at: FieldPath): void => {
    const messages = value === "" ? [] : dns1035Label(value);
    if (messages.length > 0) errors.push(invalidField(at, value, messages.join(",")));
  };
  const kind = (value: string, at: FieldPath): void => {
    const messages = value === "" ? [] : dns1035Label(value.toLowerCase());
    const why = `may have mixed case, but should otherwise match: ${messages.join(",")}`;
    if (messages.length > 0) errors.push(invalidField(at, value, why));
  };
  label(names.plural ?? "", path.child("plural"));
  label(names.singular ?? "", path.child("singular"));
  kind(names.kind ?? "", path.child("kind"));
  kind(names.listKind ?? "", path.child("listKind"));
  const each = (field: "shortNames" | "categories"): void =>
    names[field]?.forEach((value, i) => {
      const messages = dns1035Label(value);
      if (messages.length > 0) errors.push(invalidField(path.child(field).index(i), value, messages.join(",")));
    });
  each("shortNames");
  if (names.kind && names.kind === names.listKind) {
    errors.push(invalidField(path.child("listKind"), names.listKind, "kind and listKind may not be the same"));
  }
  each("categories");
}

/** Formats that nobody checks. */
export function crdWarnings(crd: CustomResourceDefinition, old: CustomResourceDefinition | undefined): string[] {
  const before = new Set(old === undefined ? [] : unknownFormats(old));
  return unknownFormats(crd)
    .filter((format) => !before.has(format))
    .map((format) => `unrecognized format ${JSON.stringify(format)}`);
}

function isFormatOf(type: string, format: string): boolean {
  if (type === "" || type === "string") return isKnownFormat(format);
  if (type === "integer") return format === "int32" || format === "int64";
  return type === "number" && (format === "float" || format === "double");
}

function unknownFormats(crd: CustomResourceDefinition): string[] {
  const formats: string[] = [];
  for (const { format, type } of schemasOf(crd.spec)) {
    if (format && !isFormatOf(type ?? "", format)) formats.push(format);
  }
  return formats;
}
