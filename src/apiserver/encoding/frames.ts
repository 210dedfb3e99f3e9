/** Answers put together from the cache's frames: a get is head and body, a list and a watch batch are concatenations. */
import type { BodyPieces } from "../request.ts";
import type { Served } from "../served.ts";
import type { Entry } from "../storage/entry.ts";
import { encodeListMeta, envelope, listAround, listItems, type ListMetaFields, watchFrame } from "./protobuf-frames.ts";

export type FrameFormat = "json" | "protobuf";

export type { ListMetaFields };

/** The body of an answer that is one object. */
export function objectBytes(served: Served, entry: Entry, format: FrameFormat): Uint8Array {
  if (format === "json") return entry.json(served);
  return envelope(served.apiVersion, served.definition.kind, entry.protobuf(served));
}

/** The items of a list, without what stands around them: the same for every list of the same objects. */
export function itemsBytes(served: Served, entries: readonly Entry[], format: FrameFormat): Buffer {
  if (format === "protobuf") return listItems(entries.map((entry) => entry.protobuf(served)));
  if (served.version.codec !== undefined) return wholeJsonItems(served, entries);
  // Items of built-in types carry no kind and apiVersion: `{` and what follows the head up to metadata.
  const skip = served.head.length - '"metadata":{'.length;
  let length = 0;
  for (const entry of entries) length += entry.jsonLength(served) - skip + 2;
  const out = Buffer.allocUnsafe(Math.max(0, length - 1));
  let at = 0;
  for (const entry of entries) {
    if (at > 0) out[at++] = 0x2c;
    out[at++] = 0x7b;
    at += entry.copyJson(served, out, at, skip);
  }
  return out;
}

/** Custom resources keep kind and apiVersion in lists, as upstream's unstructured ones do. */
function wholeJsonItems(served: Served, entries: readonly Entry[]): Buffer {
  let length = 0;
  for (const entry of entries) length += entry.jsonLength(served) + 1;
  const out = Buffer.allocUnsafe(Math.max(0, length - 1));
  let at = 0;
  for (const entry of entries) {
    if (at > 0) out[at++] = 0x2c;
    at += entry.copyJson(served, out, at, 0);
  }
  return out;
}

const jsonListEnd = Buffer.from("]}\n");
/** Items of a piece of a large list. */
const pieceItems = 200;

/** A large JSON list, made while it is sent. */
export function listPieces(served: Served, entries: readonly Entry[], meta: ListMetaFields): BodyPieces {
  const builtIn = served.version.codec === undefined;
  const head = Buffer.from(jsonListHead(served, meta));
  // With each item goes what `itemsBytes` puts around it: a brace where the head is cut off, and a comma but for the last.
  const around = builtIn ? 2 - (served.head.length - '"metadata":{'.length) : 1;
  let size = head.length + jsonListEnd.length - 1;
  for (const entry of entries) size += entry.jsonLength(served) + around;
  return {
    size,
    make: function* () {
      yield head;
      for (let at = 0; at < entries.length; at += pieceItems) {
        if (at > 0) yield comma;
        yield itemsBytes(served, entries.slice(at, at + pieceItems), "json");
      }
      yield jsonListEnd;
    },
  };
}

const comma = Buffer.from(",");

function jsonListHead(served: Served, meta: ListMetaFields): string {
  // Upstream's lists of custom resources have no type that would leave an empty `continue` out.
  const shown = served.version.codec === undefined ? meta : { continue: "", ...meta };
  return `{"kind":"${served.definition.listKind}","apiVersion":"${served.apiVersion}","metadata":${JSON.stringify(shown)},"items":[`;
}

/** A whole list in up to three pieces. */
export function listBytes(served: Served, items: Buffer, meta: ListMetaFields, format: FrameFormat): Uint8Array[] {
  const { listKind } = served.definition;
  if (format === "protobuf") {
    const [head, tail] = listAround(served.apiVersion, listKind, encodeListMeta(meta), items.length);
    return [head, items, tail];
  }
  return [Buffer.from(jsonListHead(served, meta)), items, jsonListEnd];
}

const eventHeads: Readonly<Record<string, Buffer>> = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
};
const eventEnd = Buffer.from("}\n");

export interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly entry: Entry;
}

/** Watch events, one after the other in one piece. */
export function changesBytes(served: Served, changes: readonly Change[], format: FrameFormat): Buffer {
  if (format === "protobuf") {
    const frames = changes.map(({ type, entry }) => watchFrame(type, served.apiVersion, served.definition.kind, entry.protobuf(served)));
    return frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames);
  }
  let length = 0;
  for (const { type, entry } of changes) length += (eventHeads[type] as Buffer).length + entry.jsonLength(served) + 2;
  const out = Buffer.allocUnsafe(length);
  let at = 0;
  for (const { type, entry } of changes) {
    at += (eventHeads[type] as Buffer).copy(out, at);
    at += entry.copyJson(served, out, at, 0);
    at += eventEnd.copy(out, at);
  }
  return out;
}
