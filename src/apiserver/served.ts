/** One version at which a resource is served, with what its answers need precomputed. */
import type { UnstructuredObject } from "../schema/object.ts";
import { mutable } from "../schema/object.ts";
import { apiVersionOf } from "../schema/resource-ref.ts";
import type { ResourceDefinition, ResourceVersion } from "./resource.ts";

/** The start of every stored object of a definition, up to where the resourceVersion is put in. */
export function storedHead(kind: string, apiVersion: string): string {
  return `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":{`;
}

export class Served {
  readonly definition: ResourceDefinition;
  readonly version: ResourceVersion;
  readonly apiVersion: string;
  /** apiVersion of what is stored. */
  readonly storageApiVersion: string;
  /** How stored bytes say {@link storageApiVersion}. */
  readonly storedVersion: Buffer;
  /** Objects look as stored but for their apiVersion. */
  readonly sameShape: boolean;
  readonly #inShapeAfter: number;
  /** `{"kind":"Pod","apiVersion":"v1","metadata":{` */
  readonly head: Buffer;
  /** Protobuf is spoken. */
  readonly protobuf: boolean;

  constructor(definition: ResourceDefinition, version: ResourceVersion) {
    this.definition = definition;
    this.version = version;
    this.apiVersion = apiVersionOf({ group: definition.group, version: version.version });
    const stored = { group: definition.storageGroup ?? definition.group, version: definition.storageVersion };
    // What others convert is seen as if it were stored at each version (`storage/converting-store.ts`).
    this.storageApiVersion = definition.converter === undefined ? apiVersionOf(stored) : this.apiVersion;
    this.storedVersion = Buffer.from(`"apiVersion":${JSON.stringify(this.storageApiVersion)}`);
    this.sameShape = version.fromStorage === undefined && version.completion === undefined;
    this.#inShapeAfter = version.fromStorage === undefined ? (version.completion?.since ?? 0) : Infinity;
    this.head = Buffer.from(storedHead(definition.kind, this.apiVersion));
    this.protobuf = version.codec === undefined;
  }

  /** Whether an object of that revision looks as stored but for its apiVersion. */
  showsStored(revision: number): boolean {
    return this.sameShape || revision > this.#inShapeAfter;
  }

  /** What upstream calls its type of this kind, in messages: `core.Pod`. */
  internalName(kind: string): string {
    if (this.version.codec !== undefined)
      return kind === this.definition.kind ? "unstructured.Unstructured" : "unstructured.UnstructuredList";
    return `${this.version.typeName.split(".").at(-3)}.${kind}`;
  }

  /** A stored object at this version. Not a copy where nothing has to change. */
  fromStorage(object: UnstructuredObject): UnstructuredObject {
    const { completion, fromStorage } = this.version;
    if (completion === undefined || (fromStorage === undefined && completion.isComplete(object))) return this.converted(object);
    const copy = this.converted(fromStorage === undefined ? mutable(object) : object);
    completion.complete(copy);
    return copy;
  }

  /** What is stored under a revision, in the shape that the definition has now: updates are compared with it. */
  inShape(object: UnstructuredObject, revision: number): UnstructuredObject {
    const { completion, fromStorage } = this.version;
    const inShape = completion === undefined || fromStorage !== undefined || revision > completion.since || completion.isComplete(object);
    if (inShape) return object;
    const copy = mutable(object);
    completion.complete(copy);
    return copy;
  }

  /** An object of the storage version that lacks nothing, at this version. */
  converted(object: UnstructuredObject): UnstructuredObject {
    if (this.version.fromStorage !== undefined) {
      const converted = this.version.fromStorage(mutable(object));
      converted.kind = this.definition.kind;
      converted.apiVersion = this.apiVersion;
      return converted;
    }
    if (object.apiVersion === this.apiVersion) return object;
    const { kind, apiVersion: _, ...rest } = object;
    return { kind, apiVersion: this.apiVersion, ...rest };
  }

  /** A mutable object of this version as it is stored. */
  toStorage(object: UnstructuredObject): UnstructuredObject {
    const converted = this.version.toStorage === undefined ? object : this.version.toStorage(object);
    converted.kind = this.definition.kind;
    converted.apiVersion = this.storageApiVersion;
    return converted;
  }
}
