/**
 * The bytes of the embedded store's files. A file is a header and frames; a frame is what one write put down: its length,
 * a checksum, and operations. All numbers are little-endian; revisions and times are float64, exact up to 2^53.
 *
 *     header  "TSUKUBE\n" | u32 format version | u32 kind (1 log, 2 checkpoint) | f64 revision | f64 compacted | u32 crc
 *     frame   u32 magic | u32 payload length | u32 crc of payload | payload: operations
 *     operation  u8 type | f64 revision | then by type
 *       1 put         f64 expires | u32 key length | u32 value length | key | value
 *       2 delete      u32 key length | key
 *       3 compact     (the revision says it)
 *       4 entry       f64 create revision | f64 expires | u32 key length | u32 value length | key | value   (checkpoints)
 *       5 end         (checkpoints: the file is whole)
 */
import { crc32 } from "node:zlib";
import type { Transaction } from "./journal.ts";
import type { OrderedMap } from "./ordered-map.ts";
import type { KeyValue } from "./store.ts";

export const formatVersion = 1;
export const headerLength = 36;
export const frameHeaderLength = 12;
/** Not valid UTF-8, so that no JSON value contains it. */
export const frameMagic = 0xfeb5c0ff;
const signature = Buffer.from("TSUKUBE\n");
const chunkBytes = 1 << 20;

export type FileKind = "log" | "checkpoint";

export function encodeHeader(kind: FileKind, revision: number, compacted: number): Buffer {
  const header = Buffer.alloc(headerLength);
  signature.copy(header, 0);
  header.writeUInt32LE(formatVersion, 8);
  header.writeUInt32LE(kind === "log" ? 1 : 2, 12);
  header.writeDoubleLE(revision, 16);
  header.writeDoubleLE(compacted, 24);
  header.writeUInt32LE(crc32(header.subarray(0, 32)), 32);
  return header;
}

export interface Header {
  readonly version: number;
  readonly kind: FileKind;
  readonly revision: number;
  readonly compacted: number;
}

/** Undefined: not a header. The version is told even when the rest follows rules that are not known here. */
export function decodeHeader(bytes: Buffer): Header | undefined {
  if (bytes.length < headerLength || !bytes.subarray(0, 8).equals(signature)) return undefined;
  const version = bytes.readUInt32LE(8);
  if (version <= formatVersion && crc32(bytes.subarray(0, 32)) !== bytes.readUInt32LE(32)) return undefined;
  return {
    version,
    kind: bytes.readUInt32LE(12) === 1 ? "log" : "checkpoint",
    revision: bytes.readDoubleLE(16),
    compacted: bytes.readDoubleLE(24),
  };
}

function finishFrame(frame: Buffer): Buffer {
  const payload = frame.subarray(frameHeaderLength);
  frame.writeUInt32LE(frameMagic, 0);
  frame.writeUInt32LE(payload.length, 4);
  frame.writeUInt32LE(crc32(payload), 8);
  return frame;
}

/** One frame for all of them: they reach the disk together or not at all. */
export function encodeTransactions(transactions: readonly Transaction[]): Buffer {
  let length = frameHeaderLength;
  for (const { changes, compact } of transactions) {
    if (compact !== undefined) length += 9;
    for (const { key, value } of changes) {
      length += value === undefined ? 13 + Buffer.byteLength(key) : 25 + Buffer.byteLength(key) + value.length;
    }
  }
  const frame = Buffer.allocUnsafe(length);
  let at = frameHeaderLength;
  for (const { revision, changes, compact } of transactions) {
    if (compact !== undefined) {
      frame[at] = 3;
      at = frame.writeDoubleLE(compact, at + 1);
    }
    for (const { key, value, expires } of changes) {
      frame[at] = value === undefined ? 2 : 1;
      at = frame.writeDoubleLE(revision, at + 1);
      if (value !== undefined) at = frame.writeDoubleLE(expires, at);
      at = writeKeyAndValue(frame, at, key, value);
    }
  }
  return finishFrame(frame);
}

function writeKeyAndValue(frame: Buffer, at: number, key: string, value: Uint8Array | undefined): number {
  const keyAt = at + (value === undefined ? 4 : 8);
  const keyLength = frame.write(key, keyAt);
  frame.writeUInt32LE(keyLength, at);
  if (value === undefined) return keyAt + keyLength;
  frame.writeUInt32LE(value.length, at + 4);
  frame.set(value, keyAt + keyLength);
  return keyAt + keyLength + value.length;
}

/** A checkpoint file, in pieces of about a megabyte. */
export function* snapshotChunks(revision: number, compacted: number, entries: OrderedMap<KeyValue>): Generator<Buffer> {
  yield encodeHeader("checkpoint", revision, compacted);
  let chunk: KeyValue[] = [];
  let length = 0;
  for (const entry of entries.values()) {
    chunk.push(entry);
    length += 33 + Buffer.byteLength(entry.key) + entry.value.length;
    if (length >= chunkBytes) {
      yield encodeEntries(chunk, length);
      chunk = [];
      length = 0;
    }
  }
  if (chunk.length > 0) yield encodeEntries(chunk, length);
  const end = Buffer.alloc(frameHeaderLength + 9);
  end[frameHeaderLength] = 5;
  end.writeDoubleLE(revision, frameHeaderLength + 1);
  yield finishFrame(end);
}

function encodeEntries(entries: readonly KeyValue[], length: number): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderLength + length);
  let at = frameHeaderLength;
  for (const { key, value, createRevision, modRevision, expires } of entries) {
    frame[at] = 4;
    at = frame.writeDoubleLE(modRevision, at + 1);
    at = frame.writeDoubleLE(createRevision, at);
    at = frame.writeDoubleLE(expires, at);
    at = writeKeyAndValue(frame, at, key, value);
  }
  return finishFrame(frame);
}

export type Operation =
  | { readonly type: "put"; readonly revision: number; readonly key: string; readonly value: Uint8Array; readonly expires: number }
  | { readonly type: "delete"; readonly revision: number; readonly key: string }
  | { readonly type: "compact"; readonly revision: number }
  | { readonly type: "entry"; readonly entry: KeyValue }
  | { readonly type: "end"; readonly revision: number };

/** The operations of a payload whose checksum is right. Values are views of it. */
export function* decodeOperations(payload: Buffer): Generator<Operation> {
  let at = 0;
  while (at < payload.length) {
    const type = payload[at] as number;
    const revision = payload.readDoubleLE(at + 1);
    at += 9;
    if (type === 3) yield { type: "compact", revision };
    else if (type === 5) yield { type: "end", revision };
    else if (type === 2) {
      const length = payload.readUInt32LE(at);
      yield { type: "delete", revision, key: payload.toString("utf8", at + 4, at + 4 + length) };
      at += 4 + length;
    } else {
      const createRevision = type === 4 ? payload.readDoubleLE(at) : revision;
      if (type === 4) at += 8;
      const expires = payload.readDoubleLE(at);
      const keyEnd = at + 16 + payload.readUInt32LE(at + 8);
      const valueEnd = keyEnd + payload.readUInt32LE(at + 12);
      const key = payload.toString("utf8", at + 16, keyEnd);
      const value = payload.subarray(keyEnd, valueEnd);
      at = valueEnd;
      if (type === 4) yield { type: "entry", entry: { key, value, createRevision, modRevision: revision, expires } };
      else yield { type: "put", revision, key, value, expires };
    }
  }
}

/** The frame at `at`: its payload and where it ends; undefined when what stands there is no whole frame. */
export function readFrame(bytes: Buffer, at: number): { payload: Buffer; end: number } | undefined {
  if (at + frameHeaderLength > bytes.length || bytes.readUInt32LE(at) !== frameMagic) return undefined;
  const end = at + frameHeaderLength + bytes.readUInt32LE(at + 4);
  if (end > bytes.length) return undefined;
  const payload = bytes.subarray(at + frameHeaderLength, end);
  return crc32(payload) === bytes.readUInt32LE(at + 8) ? { payload, end } : undefined;
}
