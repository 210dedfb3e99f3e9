/**
 * One object at one revision as the cache keeps it: the stored bytes, and what has been made of them so far. Frames are
 * the bytes of answers: for each served version and format at most one, shared by gets, lists and watch events.
 */
import { deepFreeze, type UnstructuredObject } from "../../schema/object.ts";
import { encodeProtobufBody } from "../../schema/codec.ts";
import { encodeGoJson } from "../../lang/json-text.ts";
import type { Served } from "../served.ts";

interface Frames {
  readonly served: Served;
  object: UnstructuredObject | undefined;
  json: Buffer | undefined;
  protobuf: Uint8Array | undefined;
}

/** Turns stored bytes of any known version into an object of the storage version. */
export type Decode = (value: Uint8Array) => UnstructuredObject;

/** Says by which fields an object can be selected: a strategy. */
export interface FieldSource {
  selectableFields?(object: UnstructuredObject): Record<string, string>;
}

export class Entry {
  /** `namespace/name`, or `name`. */
  readonly key: string;
  readonly revision: number;
  /** JSON from {@link encodeStored}: without resourceVersion. */
  readonly value: Uint8Array;
  /** By what the stored value is sealed: where that is not the present seal it is written anew, even if the object stays the same. */
  readonly seal: string | undefined;
  readonly #decode: Decode;
  #object: UnstructuredObject | undefined;
  #frozen = false;
  #fields: Record<string, string> | undefined;
  /** Whose fields these are: two groups that share their objects select by different names. */
  #fieldsOf: FieldSource | undefined;
  #frames: Frames[] | undefined;

  /** `object` is what `value` says, when it is at hand: it becomes the entry's own. */
  constructor(key: string, revision: number, value: Uint8Array, seal: string | undefined, decode: Decode, object?: UnstructuredObject) {
    this.key = key;
    this.revision = revision;
    this.value = value;
    this.seal = seal;
    this.#decode = decode;
    if (object !== undefined) {
      this.#object = object;
      this.#stamp(object);
    }
  }

  /** Revision 0: not written yet (a dry run). */
  #stamp(object: UnstructuredObject): void {
    if (this.revision > 0) (object.metadata as { resourceVersion?: string }).resourceVersion = String(this.revision);
  }

  get namespace(): string {
    const at = this.key.indexOf("/");
    return at < 0 ? "" : this.key.slice(0, at);
  }

  get name(): string {
    return this.key.slice(this.key.indexOf("/") + 1);
  }

  /** The object at the storage version. Not to be changed or handed out: see {@link object}. */
  peek(): UnstructuredObject {
    if (this.#object === undefined) {
      const object = this.#decode(this.value);
      this.#stamp(object);
      this.#object = object;
    }
    return this.#object;
  }

  /** The frozen object at the storage version. */
  object(): UnstructuredObject {
    const object = this.peek();
    if (!this.#frozen) {
      deepFreeze(object);
      this.#frozen = true;
    }
    return object;
  }

  /** The frozen object at a served version. */
  servedObject(served: Served): UnstructuredObject {
    const object = this.object();
    if (served.sameShape && object.apiVersion === served.apiVersion) return object;
    const frames = this.#framesOf(served);
    return (frames.object ??= deepFreeze(served.fromStorage(object)));
  }

  labels(): Record<string, string> | undefined {
    return this.peek().metadata?.labels;
  }

  /** The values of the fields that can be selected by. */
  fields(source: FieldSource): Record<string, string> {
    if (this.#fields === undefined || this.#fieldsOf !== source) {
      this.#fields = { ...source.selectableFields?.(this.object()), "metadata.name": this.name, "metadata.namespace": this.namespace };
      this.#fieldsOf = source;
    }
    return this.#fields;
  }

  /** The JSON of the object at a served version, kind and apiVersion first. */
  json(served: Served): Buffer {
    const frames = this.#framesOf(served);
    return (frames.json ??= this.#encodeJson(served));
  }

  #encodeJson(served: Served): Buffer {
    const slot = this.revision === 0 ? "" : `"resourceVersion":"${this.revision}",`;
    const { value } = this;
    const { head } = served;
    let tail = value;
    let from = storedHeadLength(value, served.storedVersion);
    if (!served.sameShape || from < 0) {
      tail = encodeStored(served.fromStorage(this.peek()));
      from = head.length;
    }
    const frame = Buffer.allocUnsafeSlow(head.length + slot.length + tail.length - from);
    frame.set(head, 0);
    frame.write(slot, head.length, "latin1");
    frame.set(from === 0 ? tail : tail.subarray(from), head.length + slot.length);
    return frame;
  }

  /** The protobuf message of the object at a served version, without envelope. */
  protobuf(served: Served): Uint8Array {
    const frames = this.#framesOf(served);
    return (frames.protobuf ??= encodeProtobufBody(served.version.typeName, served.fromStorage(this.peek())));
  }

  #framesOf(served: Served): Frames {
    this.#frames ??= [];
    for (const frames of this.#frames) if (frames.served === served) return frames;
    const frames: Frames = { served, object: undefined, json: undefined, protobuf: undefined };
    this.#frames.push(frames);
    return frames;
  }

  /** Lets go of everything that can be made again from the stored bytes: the entry is history now. */
  release(): void {
    this.#frames = undefined;
    this.#fields = undefined;
    this.#object = undefined;
    this.#frozen = false;
  }

  /** The same content under a later revision: what a DELETED event shows. */
  at(revision: number): Entry {
    const known = this.#object;
    const object = known === undefined ? undefined : { ...known, metadata: { ...known.metadata } };
    return new Entry(this.key, revision, this.value, this.seal, this.#decode, object);
  }
}

const metadataKey = Buffer.from(',"metadata":{');

/**
 * Where, in stored bytes, the members of metadata begin; -1 when kind and apiVersion are not all that stands before them, or the
 * object was stored at another version.
 */
function storedHeadLength(value: Uint8Array, version: Buffer): number {
  // The head is short: kind, apiVersion. Only its first 200 bytes are looked at.
  const head = Buffer.from(value.buffer, value.byteOffset, Math.min(value.length, 200));
  const at = head.indexOf(metadataKey);
  const said = head.indexOf(version);
  if (at < 0 || said < 0 || said > at) return -1;
  // Upstream writes custom resources with their keys sorted: others may come in between.
  if (head[2] !== kindInitial && !/^\{"apiVersion":"[^"]*","kind":"[^"]*"$/.test(head.toString("latin1", 0, at))) return -1;
  return at + metadataKey.length;
}

/** The k of `{"kind"`: bytes written here, or by upstream for a built-in kind. */
const kindInitial = 0x6b;

/**
 * The bytes under which an object is stored: kind, apiVersion and metadata first, and no resourceVersion, which the store
 * gives.
 */
export function encodeStored(object: UnstructuredObject): Buffer {
  const metadata = object.metadata as { resourceVersion?: string | undefined };
  const kept = metadata.resourceVersion;
  let text = `{"kind":${JSON.stringify(object.kind)},"apiVersion":${JSON.stringify(object.apiVersion)},"metadata":`;
  if (kept !== undefined) text += encodeGoJson({ ...metadata, resourceVersion: undefined });
  else text += encodeGoJson(metadata);
  for (const key of Object.keys(object)) {
    if (key === "kind" || key === "apiVersion" || key === "metadata") continue;
    const value = object[key] === undefined ? undefined : (encodeGoJson(object[key]) as string | undefined);
    if (value !== undefined) text += `,${JSON.stringify(key)}:${value}`;
  }
  text += "}";
  // Not from Node's pool: a kept slice would hold the eight kilobytes around it.
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}
