/**
 * What a built-in kind *means*, pure: one folder a kind, one {@link Kind} value a served version. Registered in
 * `kinds/index.ts`; the API server's strategies, the scheduler, the node and the controllers all read it.
 */
import type { FieldError } from "../schema/field-error.ts";
import type { KubeObject, UnstructuredObject } from "../schema/object.ts";
import type { ResourceRef } from "../schema/resource-ref.ts";

export interface Kind<T extends object = UnstructuredObject> {
  readonly ref: ResourceRef<T>;
  /** Fills in upstream's defaults, in place. Called on every decoded write, before admission. */
  setDefaults?(object: T): void;
  /**
   * Field errors of a new object, metadata rules (name format, labels, annotations, owner references) included by the
   * caller through `validateObjectMeta` with {@link Kind.validateName}.
   */
  validateCreate?(object: T): FieldError[];
  /** Field errors of `object` as the successor of `old`; immutability included. */
  validateUpdate?(object: T, old: T): FieldError[];
  /** As {@link validateUpdate}, for the status subresource. */
  validateStatusUpdate?(object: T, old: T): FieldError[];
  /**
   * Which rule the kind itself holds its metadata to: `kube` (when absent) knows the standard finalizers, `generic` takes any
   * qualified name, `none` leaves metadata to what is common to every resource, which is asked only of what is right otherwise.
   */
  readonly metadataRule?: "kube" | "generic" | "none";
  /** How often, and as what, the kind itself looks at metadata in an update. Once as a change, when absent. */
  readonly metadataOnUpdate?: readonly MetadataPass[];
  /** The same in an update of the status. */
  readonly metadataOnStatusUpdate?: readonly MetadataPass[];
  /** Messages for the `Warning` header. */
  warnings?(object: T, old: T | undefined): string[];
  /** Messages that say what is wrong with a name of this kind; DNS subdomain when absent. `prefix`: it is a generateName. */
  validateName?(name: string, prefix: boolean): string[];
  /** Clears or keeps what a client may not set: status on create and on spec update, spec on status update, generation. */
  prepareForCreate?(object: T): void;
  prepareForUpdate?(object: T, old: T): void;
  prepareForStatusUpdate?(object: T, old: T): void;
  /** Field selectors beyond `metadata.name` and `metadata.namespace`: label → value. */
  selectableFields?(object: T): Record<string, string>;
  /** Names of those fields. A selector on another one is refused. */
  readonly selectableFieldNames?: readonly string[];
  /** The cells of `kubectl get`, in the order of `facts/table-columns.json`. `now`: milliseconds since the epoch, for ages. */
  cells?(object: T, now: number): unknown[];
  /** The order of the lines of `kubectl get`, where it is not that of names. */
  rowOrder?(a: T, b: T): number;
  /** Upstream allows PUT to create (leases, endpoints, nodes, …). */
  readonly allowCreateOnUpdate?: boolean;
  /** An update without resourceVersion is allowed; true when absent. */
  readonly allowUnconditionalUpdate?: boolean;
  /** The kind counts `metadata.generation`; its prepare hooks do that themselves. */
  readonly generation?: boolean;
  /** Upstream's policy when a delete names no propagation: `background` when absent. */
  readonly defaultGarbageCollection?: "background" | "orphan";
  /** Other subresources that write the object itself: `ephemeralContainers`, `resize`, `finalize`, `approval`. */
  readonly subresources?: Readonly<Record<string, SubresourceKind<T>>>;
}

/** `change`: as the successor of the old metadata. `whole`: as that of a new object. */
export type MetadataPass = "change" | "whole";

/** What a write through a subresource may change, and what is wrong with it. */
export interface SubresourceKind<T extends object = UnstructuredObject> {
  prepareForUpdate?(object: T, old: T): void;
  validateUpdate?(object: T, old: T): FieldError[];
}

/** Erases the object type, for tables of kinds. */
export function kind<T extends KubeObject>(definition: Kind<T>): Kind {
  return definition as unknown as Kind;
}
