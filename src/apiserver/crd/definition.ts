/** A CustomResourceDefinition as the generic server serves it. */
import { ApiError } from "../../core/api-error.ts";
import type { ReplicasPaths } from "../../schema/apply/scale.ts";
import { decodeJson, type FieldValidation } from "../../schema/codec.ts";
import { mutable } from "../../schema/object.ts";
import type { UnstructuredObject } from "../../schema/object.ts";
import type { CustomResourceDefinition, CustomResourceDefinitionVersion as Version } from "../../schema/types/apiextensions-v1.ts";
import { jsonEqual } from "../json-equal.ts";
import { compareVersions } from "../discovery/documents.ts";
import type { Completion, ResourceCodec, ResourceDefinition, ResourceVersion, Subresource } from "../resource.ts";
import { customTable } from "./columns.ts";
import { compileCustomSchema } from "./compile.ts";
import type { CustomSchema } from "./custom-schema.ts";
import { scaleView } from "./scale.ts";
import { versionSelectors } from "./selectors.ts";
import { customStrategy } from "./strategy.ts";
import type { MetadataRules } from "./strategy.ts";
import { type ConversionDeps, WebhookConverter } from "./webhook-converter.ts";

/** In upstream's order. */
const verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

export interface DefinitionOptions {
  readonly metadata: MetadataRules;
  /** Absent: definitions with conversion webhooks cannot be converted. */
  readonly conversions?: ConversionDeps | undefined;
}

/** Undefined while no version is served or no names have been accepted. */
export function customDefinition(
  crd: CustomResourceDefinition,
  options: DefinitionOptions,
  terminating: boolean,
): ResourceDefinition | undefined {
  const names = crd.status?.acceptedNames;
  const served = crd.spec.versions.filter((v) => v.served).sort((a, b) => compareVersions(a.name, b.name));
  const storage = crd.spec.versions.find((v) => v.storage);
  if (!names?.plural || !names.kind || served.length === 0 || storage === undefined) return undefined;
  const schemas = new Map<string, CustomSchema>();
  const schemaOf = (name: string): CustomSchema => {
    let schema = schemas.get(name);
    if (schema === undefined) {
      const version = crd.spec.versions.find((v) => v.name === name) ?? storage;
      schemas.set(name, (schema = compileCustomSchema(version, options.metadata.validateEmbedded)));
    }
    return schema;
  };
  const strategyOptions = { crd, metadata: options.metadata, schemaOf, terminating };
  const [status, object] = [customStrategy(strategyOptions, "status"), customStrategy(strategyOptions, "object")];
  const below = (version: Version): Record<string, Subresource> => subresourcesOf(crd, version, status, object);
  return {
    group: crd.spec.group,
    resource: names.plural,
    singular: names.singular ? names.singular : names.kind.toLowerCase(),
    kind: names.kind,
    listKind: names.listKind ? names.listKind : `${names.kind}List`,
    namespaced: crd.spec.scope === "Namespaced",
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    versions: served.map((version) => ({ ...resourceVersion(crd, version, schemaOf), subresources: below(version) })),
    unservedVersions: crd.spec.versions.filter((v) => !v.served).map((v) => resourceVersion(crd, v, schemaOf)),
    storageVersion: storage.name,
    converter:
      crd.spec.conversion?.strategy === "Webhook" && options.conversions !== undefined
        ? new WebhookConverter(crd, schemaOf, options.conversions)
        : undefined,
    verbs,
    strategy: object,
    subresources: Object.assign({}, ...served.map(below)) as Record<string, Subresource>,
    storagePrefix: `/registry/${crd.spec.group}/${names.plural}`,
  };
}

function subresourcesOf(
  crd: CustomResourceDefinition,
  { subresources }: Version,
  status: ResourceDefinition["strategy"],
  object: ResourceDefinition["strategy"],
): Record<string, Subresource> {
  const found: Record<string, Subresource> = {};
  if (subresources?.status !== undefined) {
    found["status"] = { type: "object", strategy: status, verbs: ["get", "patch", "update"] };
  }
  const scale = subresources?.scale;
  if (scale !== undefined) {
    found["scale"] = { type: "object", strategy: object, verbs: ["get", "patch", "update"], view: scaleView(scale, replicasPaths(crd)) };
  }
  return found;
}

/** Versions without a scale have managers, but none of the replicas. */
function replicasPaths({ spec }: CustomResourceDefinition): ReplicasPaths {
  return new Map(
    spec.versions.map(({ name, subresources }) => [
      `${spec.group}/${name}`,
      subresources?.scale === undefined ? null : subresources.scale.specReplicasPath.replace(/^\./, "").split("."),
    ]),
  );
}

function resourceVersion(crd: CustomResourceDefinition, version: Version, schemaOf: (name: string) => CustomSchema): ResourceVersion {
  const table = customTable(version.additionalPrinterColumns);
  const converts = crd.spec.conversion?.strategy === "Webhook";
  return {
    version: version.name,
    typeName: "",
    codec: codecOf(() => schemaOf(version.name)),
    openApiSchema: version.schema?.openAPIV3Schema,
    columns: table.columns,
    cells: (object, now) => table.cells(object, now),
    ...(version.deprecated === true ? { deprecated: { warning: deprecationWarning(crd, version) } } : {}),
    selectors: versionSelectors(version),
    // Converters see to that by themselves.
    ...(converts ? {} : { completion: completionOf(crd, version, schemaOf) }),
  };
}

function deprecationWarning(crd: CustomResourceDefinition, version: Version): string {
  if (version.deprecationWarning !== undefined) return version.deprecationWarning;
  return `${crd.spec.group}/${version.name} ${crd.spec.names.kind} is deprecated`;
}

/**
 * Objects that were stored under a former schema, or at a version that knows more, are shown as the schemas have them now:
 * without what they do not know, with the defaults of the storage version.
 */
function completionOf(crd: CustomResourceDefinition, version: Version, schemaOf: (name: string) => CustomSchema): Completion {
  const { versions } = crd.spec;
  const { name: storage } = versions.find((v) => v.storage) ?? version;
  const alike = versions.every((v) => jsonEqual(v.schema?.openAPIV3Schema, version.schema?.openAPIV3Schema));
  const isOther = !alike && storage !== version.name;
  return {
    // Whatever version is written at: what one schema takes all take.
    since: alike ? Number(crd.metadata?.resourceVersion ?? Infinity) : Infinity,
    isComplete: (object) => schemaOf(storage).isShaped(object) && (!isOther || schemaOf(version.name).isShaped(object)),
    complete(object) {
      schemaOf(storage).prune(object, "Ignore");
      schemaOf(storage).setDefaults(object);
      if (isOther) schemaOf(version.name).prune(object, "Ignore");
    },
  };
}

function codecOf(schema: () => CustomSchema): ResourceCodec {
  const shape = (
    object: UnstructuredObject,
    problems: string[],
    validation: FieldValidation,
  ): { object: UnstructuredObject; problems: string[] } => {
    const unknown = schema().prune(object, validation);
    schema().setDefaults(object);
    return { object, problems: validation === "Ignore" ? [] : [...problems, ...unknown] };
  };
  return {
    decode(input, validation) {
      const { object, problems } = decodeJson(input, undefined, validation);
      if (typeof object.kind !== "string" || object.kind === "") throw missingKind(input);
      return shape(object, problems, validation);
    },
    normalize: (object, validation) => shape(mutable(object), [], validation),
    shape: (object, validation) => shape(object, [], validation),
  };
}

function missingKind(input: string | Uint8Array): ApiError {
  const text = typeof input === "string" ? input : Buffer.from(input).toString("utf8");
  return new ApiError(400, "BadRequest", `Object 'Kind' is missing in '${text}'`);
}
