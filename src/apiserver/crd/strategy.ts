/** What custom resources are: the hooks of writes, for every version of one CustomResourceDefinition. */
import { forbidden } from "../../core/api-error.ts";
import { excludeFields, type FieldFilter } from "../../schema/apply/filter.ts";
import type { FieldError } from "../../schema/field-error.ts";
import type { CheckMetadata } from "../../schema/structural/custom-resource.ts";
import type { UnstructuredObject } from "../../schema/object.ts";
import type { CustomResourceDefinition, CustomResourceDefinitionVersion as Version } from "../../schema/types/apiextensions-v1.ts";
import type { ObjectMeta } from "../../schema/types/meta-v1.ts";
import { jsonEqual } from "../json-equal.ts";
import type { Strategy, WriteContext } from "../resource.ts";
import { uncheckedRules } from "./compile.ts";
import type { CustomSchema } from "./custom-schema.ts";
import { validateScale } from "./scale.ts";
import { versionSelectors } from "./selectors.ts";

/** Rules of metadata, which are those of built-in kinds too; they live above this room. */
export interface MetadataRules {
  validate(metadata: ObjectMeta | undefined, namespaced: boolean): FieldError[];
  validateUpdate(metadata: ObjectMeta | undefined, old: ObjectMeta | undefined): FieldError[];
  /** Of a resource within another one, at `path`. */
  readonly validateEmbedded: CheckMetadata;
  /** Messages about a name's form. */
  validateName(name: string, prefix: boolean): string[];
  finalizerWarnings(finalizer: string): string[];
}

export interface CustomStrategyOptions {
  readonly crd: CustomResourceDefinition;
  readonly metadata: MetadataRules;
  readonly schemaOf: (version: string) => CustomSchema;
  /** The definition is being deleted: nothing new may come. */
  readonly terminating: boolean;
}

/** The errors, and what the rules say where nothing keeps them from being looked at. */
function withRules(
  schema: CustomSchema,
  errors: FieldError[],
  context: WriteContext,
  object: UnstructuredObject,
  old?: UnstructuredObject,
): FieldError[] {
  if (!schema.hasRules) return errors;
  const unchecked = uncheckedRules(errors);
  if (unchecked.length > 0) return [...errors, ...unchecked];
  return [...errors, ...schema.validateRules(object, old, (message) => context.request.warnings.push(message))];
}

type Hooks = "object" | "status";

/** The strategy of the objects, or of their status subresource. */
export function customStrategy(options: CustomStrategyOptions, what: Hooks): Strategy {
  const { crd, metadata } = options;
  const versions = new Map(crd.spec.versions.map((v) => [v.name, v]));
  const storage = crd.spec.versions.find((v) => v.storage) as Version;
  // Rules are those of the version that the client speaks.
  const versionOf = (context: WriteContext): Version => versions.get(context.request.info.version) ?? storage;
  const namespaced = crd.spec.scope === "Namespaced";
  const status = what === "status";
  // Of the version objects are kept at: field selectors are answered from there.
  const selectable = versionSelectors(storage);
  return {
    ...(status ? {} : { prepareForCreate: (context, object) => prepareForCreate(options, context, versionOf(context), object) }),
    prepareForUpdate: (context, object, old) => {
      if (status) keepAllButStatus(object, old);
      else prepareForUpdate(versionOf(context), object, old);
    },
    validateCreate: (context, object) => {
      const version = versionOf(context);
      const schema = options.schemaOf(version.name);
      const errors = [
        ...metadata.validate(object.metadata, namespaced),
        ...schema.validate(object),
        ...scaleErrors(version, object, false),
      ];
      return withRules(schema, errors, context, object);
    },
    validateUpdate: (context, object, old) => {
      const version = versionOf(context);
      const schema = options.schemaOf(version.name);
      const about = metadata.validateUpdate(object.metadata, old.metadata);
      const itself = metadata.validate(object.metadata, namespaced);
      const errors = [
        // Metadata is looked at for every resource, then as custom objects' own; clients count the causes.
        ...itself,
        ...about,
        ...about,
        ...(status ? schema.validateStatusUpdate(object, old) : schema.validateUpdate(object, old)),
        ...scaleErrors(version, object, status),
      ];
      return withRules(schema, errors, context, object, old);
    },
    validateName: (name, prefix) => metadata.validateName(name, prefix),
    warnings: (_context, object, old) => finalizerWarnings(metadata, object, old),
    allowCreateOnUpdate: false,
    allowUnconditionalUpdate: false,
    // Every change outside metadata counts, not only one of spec.
    generation: false,
    resetFields: (requested) => resetFields(crd, status, requested),
    ...selectable,
  };
}

const ofObject = excludeFields(["status"]);
const ofStatus = excludeFields(["metadata"], ["spec"]);

/** Upstream knows those of the requested version for the objects, those of every version for their status. */
function resetFields({ spec }: CustomResourceDefinition, status: boolean, requested: string): Record<string, FieldFilter> {
  const filters: Record<string, FieldFilter> = {};
  for (const { name, subresources } of spec.versions) {
    const apiVersion = `${spec.group}/${name}`;
    if (subresources?.status === undefined || (!status && apiVersion !== requested)) continue;
    filters[apiVersion] = status ? ofStatus : ofObject;
  }
  return filters;
}

function prepareForCreate(options: CustomStrategyOptions, context: WriteContext, version: Version, object: UnstructuredObject): void {
  if (options.terminating) {
    const { group, names } = options.crd.spec;
    const why = "create not allowed while custom resource definition is terminating";
    throw forbidden({ group, resource: names.plural }, context.name, why);
  }
  if (version.subresources?.status !== undefined) delete object["status"];
  if (object.metadata !== undefined) object.metadata.generation = 1;
}

function prepareForUpdate(version: Version, object: UnstructuredObject, old: UnstructuredObject): void {
  if (version.subresources?.status !== undefined) {
    if (old["status"] === undefined) delete object["status"];
    else object["status"] = old["status"];
  }
  if (object.metadata === undefined) return;
  const generation = old.metadata?.generation ?? 0;
  object.metadata.generation = sameContent(object, old) ? generation : generation + 1;
  if (object.metadata.generation === 0) delete object.metadata.generation;
}

function sameContent(a: UnstructuredObject, b: UnstructuredObject): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  for (const key of keys) if (key !== "metadata" && !jsonEqual(a[key], b[key])) return false;
  return true;
}

/** A status update changes status and managed fields, nothing else. */
function keepAllButStatus(object: UnstructuredObject, old: UnstructuredObject): void {
  const managedFields = object.metadata?.managedFields;
  for (const key of Object.keys(object)) if (key !== "status") delete object[key];
  for (const key of Object.keys(old)) {
    if (key === "status" || key === "metadata") continue;
    Object.defineProperty(object, key, { value: old[key], writable: true, enumerable: true, configurable: true });
  }
  object.metadata = { ...old.metadata };
  if (managedFields === undefined) delete object.metadata.managedFields;
  else object.metadata.managedFields = managedFields;
}

function scaleErrors(version: Version, object: UnstructuredObject, status: boolean): FieldError[] {
  const paths = version.subresources?.scale;
  return paths === undefined ? [] : validateScale(paths, object, status);
}

function finalizerWarnings(metadata: MetadataRules, object: UnstructuredObject, old: UnstructuredObject | undefined): string[] {
  const before = new Set(old?.metadata?.finalizers ?? []);
  const added = (object.metadata?.finalizers ?? []).filter((f) => !before.has(f)).sort();
  return added.flatMap((finalizer) => metadata.finalizerWarnings(finalizer));
}
