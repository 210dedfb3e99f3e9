/** Encodes the events of one watch: from frames, or as Table or PartialObjectMetadata. */
import type { FailureStatus } from "../../core/api-error.ts";
import { encodeGoJson } from "../../lang/json-text.ts";
import { encodeProtobufBody } from "../../schema/codec.ts";
import type { KubeObject } from "../../schema/object.ts";
import { type Change, changesBytes } from "../encoding/frames.ts";
import type { Negotiated } from "../encoding/negotiation.ts";
import { typeNameOfObject } from "../encoding/object-bytes.ts";
import { watchFrame } from "../encoding/protobuf-frames.ts";
import { asPartialObjectMetadata, asTable, type IncludeObject, type Table } from "../encoding/transformations.ts";
import type { Served } from "../served.ts";

export const initialEventsEnd = "k8s.io/initial-events-end";

/** The object of a BOOKMARK event. */
export function bookmarkObject(served: Served, revision: number, endsInitialEvents: boolean): KubeObject {
  return {
    kind: served.definition.kind,
    apiVersion: served.apiVersion,
    metadata: {
      resourceVersion: String(revision),
      ...(endsInitialEvents ? { annotations: { [initialEventsEnd]: "true" } } : {}),
    },
  };
}

export class WatchEncoder {
  readonly served: Served;
  readonly negotiated: Negotiated;
  readonly #format: "json" | "protobuf";
  readonly #includeObject: IncludeObject;
  readonly #now: () => number;
  /** A Table tells its columns once. */
  #toldColumns = false;

  constructor(served: Served, negotiated: Negotiated, includeObject: IncludeObject, now: () => number) {
    this.served = served;
    this.negotiated = negotiated;
    this.#format = negotiated.format === "protobuf" ? "protobuf" : "json";
    this.#includeObject = includeObject;
    this.#now = now;
  }

  /** Two watches with equal keys may share their bytes; undefined: none may. */
  get key(): string | undefined {
    const { as } = this.negotiated;
    if (as === undefined) return this.#format;
    return as.kind === "Table" ? undefined : `${this.#format} ${as.kind} ${as.version}`;
  }

  changes(changes: readonly Change[]): Uint8Array {
    if (this.negotiated.as === undefined) return changesBytes(this.served, changes, this.#format);
    const parts = changes.map(({ type, entry }) => this.#transformed(type, entry.servedObject(this.served)));
    return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
  }

  bookmark(revision: number, endsInitialEvents: boolean): Uint8Array {
    const object = bookmarkObject(this.served, revision, endsInitialEvents);
    if (this.negotiated.as !== undefined) return this.#transformed("BOOKMARK", object);
    return this.#event("BOOKMARK", object, this.served.version.typeName);
  }

  error(status: FailureStatus): Uint8Array {
    return this.#event("ERROR", status as unknown as KubeObject, undefined);
  }

  #transformed(type: string, object: KubeObject): Uint8Array {
    const as = this.negotiated.as as NonNullable<Negotiated["as"]>;
    if (as.kind !== "Table") return this.#event(type, asPartialObjectMetadata(object, as.version), undefined);
    const options = {
      includeObject: type === "BOOKMARK" ? "Metadata" : this.#includeObject,
      version: as.version,
      now: this.#now(),
    } as const;
    const resourceVersion = object.metadata?.resourceVersion ?? "";
    const table: Table = asTable(this.served.version, [object as Record<string, unknown>], { resourceVersion }, options);
    if (this.#toldColumns) (table as { columnDefinitions: unknown }).columnDefinitions = null;
    this.#toldColumns = true;
    return this.#event(type, table, undefined);
  }

  #event(type: string, object: KubeObject, typeName: string | undefined): Uint8Array {
    if (this.#format === "json") return Buffer.from(`{"type":"${type}","object":${encodeGoJson(object)}}\n`);
    const name = typeName ?? (typeNameOfObject(object) as string);
    return watchFrame(type, object.apiVersion as string, object.kind as string, encodeProtobufBody(name, object));
  }
}
