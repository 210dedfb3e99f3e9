/**
 * How a resource plugs into the generic server: what discovery says of it, and a {@link Strategy} that says what it *is*.
 * Built-in kinds (`resources/`), custom resources (`apiserver/crd/`) and aggregated servers all come through here.
 */
import type { FieldFilter } from "../schema/apply/filter.ts";
import type { ReplicasPaths } from "../schema/apply/scale.ts";
import type { FieldError } from "../schema/field-error.ts";
import type { KubeObject, UnstructuredObject } from "../schema/object.ts";
import type { JSONSchemaProps } from "../schema/types/apiextensions-v1.ts";
import type { DeleteOptions } from "../schema/types/meta-v1.ts";
import type { ApiRequest, ApiResponse } from "./request.ts";

/** One served resource of one group, at all its versions. */
export interface ResourceDefinition {
  readonly group: string;
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** Every served version, in order of discovery preference. */
  readonly versions: readonly ResourceVersion[];
  /** Versions that are known and not served: field managers may stand at them. */
  readonly unservedVersions?: readonly ResourceVersion[] | undefined;
  /** The version objects are kept at in the store. */
  readonly storageVersion: string;
  readonly verbs: readonly string[];
  readonly strategy: Strategy;
  readonly subresources: Readonly<Record<string, Subresource>>;
  /** Present: nothing is stored, the handler answers every verb (reviews, token requests, component statuses). */
  readonly handler?: ((request: ApiRequest) => Promise<ApiResponse>) | undefined;
  /**
   * Versions are converted by asking somebody else. The hooks of a write then get objects of the version that the client speaks,
   * and those of the versions themselves do not convert.
   */
  readonly converter?: ObjectConverter | undefined;
  /** Prefix of the keys in the store: `/registry/pods`. Definitions with the same prefix show the same objects (events). */
  readonly storagePrefix: string;
  /** Brings objects that another server stored at a version which is not served to the storage version; others stay as they are. */
  readonly upgradeStored?: ((object: UnstructuredObject) => UnstructuredObject) | undefined;
  /** Group of the stored objects, where it is not `group`: events.k8s.io stores core Events. */
  readonly storageGroup?: string | undefined;
}

/** A conversion that has to be awaited (a conversion webhook). */
export interface ObjectConverter {
  /**
   * The objects at `apiVersion`, in their order: new ones, the given stay as they are. An object that is at it already comes
   * back as it is. Throws an ApiError.
   */
  convert(objects: readonly UnstructuredObject[], apiVersion: string): Promise<UnstructuredObject[]>;
  /** What {@link convert} gave for the same object a moment ago. Throws a {@link ConversionNeed} when it has not been asked. */
  recall(object: UnstructuredObject, apiVersion: string): UnstructuredObject;
  /** Fills in, in place, what a stored object lacks that was stored before its version asked for it. */
  complete(object: UnstructuredObject): void;
  /** Equal for converters that do the same: caches over one are good for the other. */
  readonly key: string;
}

/** Thrown where a conversion cannot be awaited: have `converter` convert, and do the same again. */
export class ConversionNeed extends Error {
  override readonly name = "ConversionNeed";
  readonly converter: ObjectConverter;
  readonly object: UnstructuredObject;
  readonly apiVersion: string;

  constructor(converter: ObjectConverter, object: UnstructuredObject, apiVersion: string) {
    super("an object has to be converted first");
    this.converter = converter;
    this.object = object;
    this.apiVersion = apiVersion;
  }
}

/** Runs `work`, again after each conversion that it turns out to need. */
export async function withConversions<T>(work: () => T | Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ConversionNeed)) throw error;
      await error.converter.convert([error.object], error.apiVersion);
    }
  }
}

export interface ResourceVersion {
  readonly version: string;
  /** `removedRelease`: the first that does not serve it, `1.39`; empty where none is known. */
  readonly deprecated?: { readonly warning: string; readonly removedRelease?: string } | undefined;
  /** Converts between this version and the storage version, on a copy; absent when the shape is the same. */
  readonly toStorage?: ((object: UnstructuredObject) => UnstructuredObject) | undefined;
  readonly fromStorage?: ((object: UnstructuredObject) => UnstructuredObject) | undefined;
  /** What this version has below its objects, where that is not the same at all versions. */
  readonly subresources?: Readonly<Record<string, Subresource>> | undefined;
  /** Brings objects into shape that were stored under a former definition, or at a version of another shape. */
  readonly completion?: Completion | undefined;
  /** Engines for the type at this version: see `schema/codec.ts`. Ignored when there is a `codec`. */
  readonly typeName: string;
  /** Engines of a type that is not in the table (custom resources). There is no protobuf and no strategic merge patch then. */
  readonly codec?: ResourceCodec | undefined;
  /** What OpenAPI says of a type that is not in the table. */
  readonly openApiSchema?: JSONSchemaProps | undefined;
  /** The Table of this version; the default (Name, Created At) when absent. */
  readonly columns?: readonly ColumnDefinition[] | undefined;
  readonly cells?: ((object: UnstructuredObject, now: number) => unknown[]) | undefined;
  /** The fields that objects can be selected by at this version; those of the strategy when absent. */
  readonly selectors?: FieldSelectors | undefined;
  /** The order of a Table's rows, where it is not that of names. */
  readonly rowOrder?: ((a: UnstructuredObject, b: UnstructuredObject) => number) | undefined;
}

export interface Completion {
  /** Objects of later revisions were in shape when they were stored. Infinity: one cannot know. */
  readonly since: number;
  isComplete(object: UnstructuredObject): boolean;
  /** In place; the object is at this version. */
  complete(object: UnstructuredObject): void;
}

/** See {@link Strategy.selectableFields}. */
export type FieldSelectors = Pick<Strategy, "selectableFields" | "selectableFieldNames">;

export interface ResourceCodec {
  /**
   * Takes what JSON or YAML said, to be kept as a mutable object of this version: pruned, in shape. `problems` are the
   * unknown and duplicate fields as upstream words them, when `validation` asks for them. Throws an ApiError.
   */
  decode(input: string | Uint8Array, validation: "Strict" | "Warn" | "Ignore"): { object: UnstructuredObject; problems: string[] };
  /** The same for an object that is the caller's own: in place. */
  shape(object: UnstructuredObject, validation: "Strict" | "Warn" | "Ignore"): { object: UnstructuredObject; problems: string[] };
  /** The same for an object that is there already; the caller's stays as it is. */
  normalize(object: UnstructuredObject, validation: "Strict" | "Warn" | "Ignore"): { object: UnstructuredObject; problems: string[] };
}

export interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

/** What a version has below its objects. */
export function subresourcesAt(definition: ResourceDefinition, version: string): Readonly<Record<string, Subresource>> {
  return definition.versions.find((v) => v.version === version)?.subresources ?? definition.subresources;
}

/** What a hook may know and use: who asks, which write this is, and what the resource shares with the server. */
export interface WriteContext {
  readonly request: ApiRequest;
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
  readonly now: number;
}

/**
 * The hooks of a write, in the order in which `apiserver/verbs/` calls them. They get a mutable object of the storage
 * version. Create: default → admission (mutating) → prepareForCreate → validate → admission (validating) → beginCreate →
 * commit. Update: default → admission → prepareForUpdate → validateUpdate → admission → beginUpdate → commit.
 */
export interface Strategy {
  setDefaults?(object: UnstructuredObject): void;
  prepareForCreate?(context: WriteContext, object: UnstructuredObject): void;
  validateCreate?(context: WriteContext, object: UnstructuredObject): FieldError[];
  prepareForUpdate?(context: WriteContext, object: UnstructuredObject, old: UnstructuredObject): void;
  validateUpdate?(context: WriteContext, object: UnstructuredObject, old: UnstructuredObject): FieldError[];
  warnings?(context: WriteContext, object: UnstructuredObject, old: UnstructuredObject | undefined): string[];
  validateName?(name: string, prefix: boolean): string[];
  /** Takes what the object needs from outside (an address, a port), may write it in; the answer ends or undoes it. */
  beginCreate?(context: WriteContext, object: UnstructuredObject): Promise<Finish | undefined>;
  beginUpdate?(context: WriteContext, object: UnstructuredObject, old: UnstructuredObject): Promise<Finish | undefined>;
  afterDelete?(context: WriteContext, object: UnstructuredObject): Promise<void> | void;
  /**
   * Graceful deletion: sets `options.gracePeriodSeconds` as the kind wants it and says whether the object lives on until
   * that has passed (pods). Absent or false: it goes at once.
   */
  checkGracefulDelete?(context: WriteContext, object: UnstructuredObject, options: DeleteOptions): boolean;
  /**
   * Something of the kind's own keeps a deleted object beyond `metadata.finalizers` (namespaces: `spec.finalizers`). Asked
   * by deletes and by every update of an object whose deletion time is set.
   */
  holdsDeletion?(object: UnstructuredObject): boolean;
  /** Alters an object that lives on after a delete, when its deletion time is set first (namespaces: phase Terminating). */
  markDeleted?(context: WriteContext, object: UnstructuredObject): void;
  /** Delete answers the object as it was last instead of a Status (pods, services, …). */
  readonly answersDeletedObject?: boolean;
  /** The propagation policy when the client names none; `background` when absent. */
  defaultGarbageCollection?(context: WriteContext): "background" | "orphan" | "none";
  selectableFields?(object: UnstructuredObject): Record<string, string>;
  readonly selectableFieldNames?: readonly string[];
  readonly allowCreateOnUpdate?: boolean;
  readonly allowUnconditionalUpdate?: boolean;
  /** Seconds an object lives (events). */
  ttlSeconds?(object: UnstructuredObject): number;
  /** Whether `spec` changes count `metadata.generation` up; false for kinds that have none. */
  readonly generation?: boolean;
  /**
   * By apiVersion of the managers, for requests at `requested`: leaves of a set what these hooks do not set back to what it
   * was. Field managers cannot own the rest. Absent: everything can be owned.
   */
  resetFields?(requested: string): Readonly<Record<string, FieldFilter>>;
}

export type Finish = (success: boolean) => Promise<void> | void;

/** A subresource that reads and writes the object itself through another strategy, or one that answers by itself. */
export type Subresource =
  | {
      readonly type: "object";
      /** Discovery's kind; the resource's own when absent. */
      readonly strategy: Strategy;
      readonly verbs: readonly string[];
      /** Present: the body is another kind (Scale) that is drawn from the object and written back into it. */
      readonly view?: ObjectView | undefined;
    }
  | {
      readonly type: "handler";
      readonly group: string;
      readonly version: string;
      readonly kind: string;
      readonly verbs: readonly string[];
      readonly handle: (request: ApiRequest) => Promise<ApiResponse>;
      /** Fills in what validating admission is to see of an object that is created, and the client left out. */
      readonly complete?: ((request: ApiRequest, object: UnstructuredObject) => Promise<void>) | undefined;
    };

export interface ObjectView {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly typeName: string;
  read(object: UnstructuredObject): KubeObject;
  /** What a patch is applied to, where a get refuses objects that lack what is shown; {@link read} when absent. */
  readForUpdate?(object: UnstructuredObject): KubeObject;
  /** The Table of the view, drawn from what {@link read} gives; the default when absent. */
  readonly columns?: readonly ColumnDefinition[] | undefined;
  readonly cells?: ((view: UnstructuredObject, now: number) => unknown[]) | undefined;
  /** Where an object, by its apiVersion, keeps the replicas: managers of that field are those of the view. */
  readonly replicasPaths: ReplicasPaths;
  /** Writes the view's wishes into a mutable object. */
  write(object: UnstructuredObject, view: UnstructuredObject): FieldError[];
}
