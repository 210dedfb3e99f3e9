/**
 * One object at one revision as the cache keeps it: the stored bytes, and what has been made of them so far. Frames are
 * the bytes of answers: for each served version and format at most one, shared by gets, lists and watch events.
 */
import { deepFreeze, type UnstructuredObject } from "../../schema/object.ts";
import { encodeProtobufBody } from "../../schema/codec.ts";
import { encodeGoJson } from "../../lang/json-text.ts";
import type { Labels } from "../../schema/label-selector.ts";
import type { Served } from "../served.ts";
import type { Warm, Warmth } from "./warmth.ts";

/** How much more memory an object takes than the JSON that it was parsed from, about. */
const parsedBytes = 3;

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

export class Entry implements Warm {
  /** `namespace/name`, or `name`. */
  readonly key: string;
  readonly revision: number;
  /** JSON from {@link encodeStored}: without resourceVersion. */
  readonly value: Uint8Array;
  /** By what the stored value is sealed: where that is not the present seal it is written anew, even if the object stays the same. */
  readonly seal: string | undefined;
  warmTurn = 0;
  warmBytes = 0;
  readonly #decode: Decode;
  readonly #warmth: Warmth | undefined;
  #object: UnstructuredObject | undefined;
  #frozen = false;
  #fields: Record<string, string> | undefined;
  /** Whose fields these are: two groups that share their objects select by different names. */
  #fieldsOf: FieldSource | undefined;
  #frames: Frames[] | undefined;
  #tail = -1;
  /** The version that `#tail` is about. */
  #tailOf: string | undefined;
  /** Null: it has none. */
  #labels: Labels | null | undefined;

  /**
   * `object` is what `value` says, when it is at hand: it becomes the entry's own. Without `warmth` everything that is made is kept.
   */
  constructor(
    key: string,
    revision: number,
    value: Uint8Array,
    seal: string | undefined,
    decode: Decode,
    object?: UnstructuredObject,
    warmth?: Warmth,
  ) {
    this.key = key;
    this.revision = revision;
    this.value = value;
    this.seal = seal;
    this.#decode = decode;
    this.#warmth = warmth;
    if (object !== undefined) {
      this.#object = object;
      this.#stamp(object);
      warmth?.made(this, parsedBytes * value.length);
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
      this.#object = this.#parse();
      this.#warmth?.made(this, parsedBytes * this.value.length);
    } else this.#used();
    return this.#object;
  }

  #parse(): UnstructuredObject {
    const object = this.#decode(this.value);
    this.#stamp(object);
    return object;
  }

  #used(): void {
    const warmth = this.#warmth;
    if (warmth !== undefined && this.warmTurn !== warmth.turn) warmth.used(this);
  }

  /** The object for a look that is not to keep it. Not to be changed or handed out. */
  glance(): UnstructuredObject {
    return this.#object ?? this.#parse();
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
    if (served.showsStored(this.revision) && object.apiVersion === served.apiVersion) return object;
    const frames = this.#framesOf(served);
    return (frames.object ??= deepFreeze(served.fromStorage(object)));
  }

  /** Kept from the first question on, even where the object is not. */
  labels(): Labels | undefined {
    if (this.#labels === undefined) {
      const { labels } = this.glance().metadata ?? {};
      this.#labels = (this.#warmth === undefined ? labels : this.#warmth.share(labels)) ?? null;
    }
    return this.#labels ?? undefined;
  }

  /** The values of the fields that can be selected by. Kept as labels are. */
  fields(source: FieldSource): Record<string, string> {
    if (this.#fields === undefined || this.#fieldsOf !== source) {
      this.#fields = this.#fieldsBy(source);
      this.#fieldsOf = source;
    }
    return this.#fields;
  }

  /** One field's value, without keeping them all. */
  field(source: FieldSource, field: string): string {
    const fields = this.#fieldsOf === source ? this.#fields : undefined;
    return (fields ?? this.#fieldsBy(source))[field] ?? "";
  }

  #fieldsBy(source: FieldSource): Record<string, string> {
    const own = source.selectableFields === undefined ? undefined : source.selectableFields(this.glance());
    return { ...own, "metadata.name": this.name, "metadata.namespace": this.namespace };
  }

  /** The JSON of the object at a served version, kind and apiVersion first. */
  json(served: Served): Buffer {
    const frames = this.#framesOf(served);
    if (frames.json === undefined) {
      frames.json = this.#encodeJson(served);
      this.#warmth?.made(this, frames.json.length);
    } else this.#used();
    return frames.json;
  }

  /** How long {@link json} is, mostly without making it. */
  jsonLength(served: Served): number {
    const known = this.#known(served)?.json;
    if (known !== undefined) return known.length;
    const from = this.#tailStart(served);
    if (from < 0) return this.json(served).length;
    return served.head.length + this.#slot().length + this.value.length - from;
  }

  /** Puts {@link json} without its first `skip` bytes into a buffer, mostly without making it. Answers how much it was. */
  copyJson(served: Served, out: Buffer, at: number, skip: number): number {
    const known = this.#known(served)?.json;
    if (known !== undefined) return known.copy(out, at, skip);
    const from = this.#tailStart(served);
    if (from < 0) return this.json(served).copy(out, at, skip);
    let end = at + served.head.copy(out, at, skip);
    end += out.write(this.#slot(), end, "latin1");
    out.set(from === 0 ? this.value : this.value.subarray(from), end);
    return end + this.value.length - from - at;
  }

  /** Where, in the stored bytes, begins what a served version shows as it is stored; -1: it does not. */
  #tailStart(served: Served): number {
    if (!served.showsStored(this.revision)) return -1;
    if (this.#tailOf !== served.storageApiVersion) {
      this.#tail = storedHeadLength(this.value, served.storedVersion);
      this.#tailOf = served.storageApiVersion;
    }
    return this.#tail;
  }

  #slot(): string {
    if (this.revision > 0) return `"resourceVersion":"${this.revision}",`;
    // Of what is not written the client may have said a version.
    const said = this.peek().metadata?.resourceVersion ?? "";
    return said === "" ? "" : `"resourceVersion":${JSON.stringify(said).replace(/[^\x20-\x7e]/g, escaped)},`;
  }

  #known(served: Served): Frames | undefined {
    if (this.#frames !== undefined) for (const frames of this.#frames) if (frames.served === served) return frames;
    return undefined;
  }

  #encodeJson(served: Served): Buffer {
    const slot = this.#slot();
    const { value } = this;
    const { head } = served;
    let tail = value;
    let from = storedHeadLength(value, served.storedVersion);
    if (!served.showsStored(this.revision) || from < 0) {
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
    if (frames.protobuf === undefined) {
      frames.protobuf = encodeProtobufBody(served.version.typeName, served.fromStorage(this.glance()));
      this.#warmth?.made(this, frames.protobuf.length);
    } else this.#used();
    return frames.protobuf;
  }

  #framesOf(served: Served): Frames {
    const known = this.#known(served);
    if (known !== undefined) return known;
    this.#frames ??= [];
    const frames: Frames = { served, object: undefined, json: undefined, protobuf: undefined };
    this.#frames.push(frames);
    return frames;
  }

  /** Lets go of everything that can be made again from the stored bytes: the entry is history now. */
  release(): void {
    this.cool();
    this.#fields = undefined;
    this.#labels = undefined;
  }

  cool(): void {
    this.#frames = undefined;
    this.#object = undefined;
    this.#frozen = false;
  }

  /** The same content under a later revision: what a DELETED event shows. */
  at(revision: number): Entry {
    const known = this.#object;
    const object = known === undefined ? undefined : { ...known, metadata: { ...known.metadata } };
    return new Entry(this.key, revision, this.value, this.seal, this.#decode, object, this.#warmth);
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

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

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
