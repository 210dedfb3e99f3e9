/**
 * Kubernetes' protobuf: the magic `k8s\0`, then `runtime.Unknown` with apiVersion, kind and the message. List items and
 * embedded objects of a list carry no envelope.
 */
import { DecodeError } from "./json.ts";
import type { GroupVersionKind, UnstructuredObject } from "./object.ts";
import { messageDecoder, onEnvelope } from "./protobuf-decode.ts";
import { messageEncoder } from "./protobuf-encode.ts";
import { ProtobufError, ProtobufReader } from "./protobuf-reader.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";
import { hasType, typeNameOf } from "./scheme.ts";

/** `k8s\0` */
export const protobufMagic: Uint8Array = Buffer.from("k8s\0");

/** Encoding never suspends, so one writer serves all. */
const shared = new ProtobufWriter();

function guarded(write: (writer: ProtobufWriter) => void): Uint8Array {
  try {
    write(shared);
    return shared.take();
  } catch (error) {
    shared.reset();
    throw error;
  }
}

function unknownTail(writer: ProtobufWriter): void {
  // contentType = 4 and contentEncoding = 3, empty, as Go writes them.
  writer.byte(0);
  writer.byte(0x22);
  writer.byte(0);
  writer.byte(0x1a);
}

function unknownHead(writer: ProtobufWriter, apiVersion: string, kind: string): void {
  const { mark } = writer;
  writer.string(kind);
  writer.byte(0x12);
  writer.string(apiVersion);
  writer.byte(0x0a);
  writer.lengthSince(mark);
  writer.byte(0x0a);
  writer.raw(protobufMagic);
}

const apiVersionOf = (gvk: GroupVersionKind): string => (gvk.group === "" ? gvk.version : `${gvk.group}/${gvk.version}`);

/** The object in its envelope. `typeName` must have a row; the object must be in Go's shape (see `normalize`). */
export function encodeProtobuf(typeName: string, gvk: GroupVersionKind, object: object): Uint8Array {
  return guarded((writer) => {
    unknownTail(writer);
    const { mark } = writer;
    messageEncoder(typeName)(object, writer);
    writer.lengthSince(mark);
    writer.byte(0x12);
    unknownHead(writer, apiVersionOf(gvk), gvk.kind);
  });
}

/** The message alone: a list's item, or what {@link envelop} wraps later. */
export function encodeProtobufBody(typeName: string, object: object): Uint8Array {
  return guarded((writer) => messageEncoder(typeName)(object, writer));
}

/** An envelope around a message that is encoded already. */
export function envelop(gvk: GroupVersionKind, body: Uint8Array): Uint8Array {
  return guarded((writer) => {
    unknownTail(writer);
    writer.bytes(body);
    writer.byte(0x12);
    unknownHead(writer, apiVersionOf(gvk), gvk.kind);
  });
}

/**
 * `metav1.WatchEvent` around an object that is encoded already, envelope included. On the wire a four-byte big-endian
 * length goes before it.
 */
export function encodeWatchEventBody(type: string, object: Uint8Array): Uint8Array {
  return guarded((writer) => {
    const { mark } = writer;
    writer.bytes(object);
    writer.byte(0x0a);
    writer.lengthSince(mark);
    writer.byte(0x12);
    writer.string(type);
    writer.byte(0x0a);
  });
}

export interface DecodedProtobuf {
  gvk: GroupVersionKind;
  typeName: string;
  /** In Go's shape, `kind` and `apiVersion` first. */
  object: UnstructuredObject;
}

export interface Envelope {
  apiVersion: string;
  kind: string;
  body: Uint8Array;
  contentType: string;
}

/** Opens the envelope. Throws {@link DecodeError} in upstream's words. */
export function openEnvelope(bytes: Uint8Array): Envelope {
  if (bytes.length === 0) throw new DecodeError("empty data");
  if (bytes.length < 4 || bytes[0] !== 0x6b || bytes[1] !== 0x38 || bytes[2] !== 0x73 || bytes[3] !== 0) {
    throw new DecodeError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  }
  if (bytes.length === 4) throw new DecodeError("empty body");
  const reader = new ProtobufReader(bytes);
  reader.at = 4;
  const envelope: Envelope = { apiVersion: "", kind: "", body: new Uint8Array(), contentType: "" };
  try {
    while (reader.at < reader.end) {
      const tag = reader.uint32();
      if (tag === 0x12) envelope.body = reader.bytes();
      else if (tag === 0x22) envelope.contentType = reader.string();
      else if (tag !== 0x0a) reader.skip(tag & 7);
      else {
        const outer = reader.enter();
        while (reader.at < reader.end) {
          const inner = reader.uint32();
          if (inner === 0x0a) envelope.apiVersion = reader.string();
          else if (inner === 0x12) envelope.kind = reader.string();
          else reader.skip(inner & 7);
        }
        reader.leave(outer);
      }
    }
  } catch (error) {
    throw error instanceof ProtobufError ? new DecodeError(error.message) : error;
  }
  return envelope;
}

/**
 * Reads an enveloped object. `fallback` names the kind where the envelope does not. Throws {@link DecodeError}, also for a
 * kind that has no type.
 */
export function decodeProtobuf(bytes: Uint8Array, fallback?: GroupVersionKind): DecodedProtobuf {
  const envelope = openEnvelope(bytes);
  const slash = envelope.apiVersion.indexOf("/");
  const gvk = {
    group: slash < 0 ? "" : envelope.apiVersion.slice(0, slash),
    version: envelope.apiVersion.slice(slash + 1),
    kind: envelope.kind === "" ? (fallback?.kind ?? "") : envelope.kind,
  };
  if (gvk.version === "" && fallback !== undefined) {
    gvk.group = fallback.group;
    gvk.version = fallback.version;
  }
  const typeName = typeNameOf(gvk);
  if (typeName === undefined) {
    throw new DecodeError(
      `no kind ${JSON.stringify(gvk.kind)} is registered for version ${JSON.stringify(apiVersionOf(gvk))} in scheme "pkg/runtime/scheme.go:111"`,
    );
  }
  const body = decodeProtobufBody(typeName, envelope.body);
  const apiVersion = apiVersionOf(gvk);
  return { gvk, typeName, object: { kind: gvk.kind, ...(apiVersion === "" ? {} : { apiVersion }), ...body } };
}

/** Reads a message without envelope. Throws {@link DecodeError}. */
export function decodeProtobufBody(typeName: string, bytes: Uint8Array): UnstructuredObject {
  if (!hasType(typeName)) throw new DecodeError(`no type ${typeName}`);
  try {
    return messageDecoder(typeName)(new ProtobufReader(bytes)) as UnstructuredObject;
  } catch (error) {
    throw error instanceof ProtobufError ? new DecodeError(error.message) : error;
  }
}

onEnvelope((bytes) => decodeProtobuf(bytes).object);
