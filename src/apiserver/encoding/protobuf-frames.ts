/**
 * The protobuf around objects that are encoded already: the `k8s\0` envelope (runtime.Unknown), lists and watch events.
 * Frames are copied, never decoded.
 */
const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);
/** contentEncoding and contentType, empty: upstream writes them. */
const unknownTail = Buffer.from([0x1a, 0x00, 0x22, 0x00]);

export function varintLength(value: number): number {
  let length = 1;
  for (let left = value; left >= 0x80; left = Math.floor(left / 128)) length++;
  return length;
}

export function writeVarint(target: Uint8Array, at: number, value: number): number {
  let left = value;
  let to = at;
  while (left >= 0x80) {
    target[to++] = (left % 128) | 0x80;
    left = Math.floor(left / 128);
  }
  target[to++] = left;
  return to;
}

/** A length-delimited field. */
export function field(number: number, bytes: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(1 + varintLength(bytes.length) + bytes.length);
  out[0] = (number << 3) | 2;
  out.set(bytes, writeVarint(out, 1, bytes.length));
  return out;
}

const typeMetas = new Map<string, Buffer>();

function typeMeta(apiVersion: string, kind: string): Buffer {
  const key = `${apiVersion} ${kind}`;
  let known = typeMetas.get(key);
  if (known === undefined) {
    const meta = Buffer.concat([field(1, Buffer.from(apiVersion)), field(2, Buffer.from(kind))]);
    known = Buffer.concat([magic, field(1, meta)]);
    typeMetas.set(key, known);
  }
  return known;
}

/** Bytes of the envelope around a body of `length` bytes. */
function envelopeLength(head: Uint8Array, length: number): number {
  return head.length + 1 + varintLength(length) + length + unknownTail.length;
}

/** `k8s\0`, then runtime.Unknown around a message. */
export function envelope(apiVersion: string, kind: string, body: Uint8Array): Buffer {
  const head = typeMeta(apiVersion, kind);
  const out = Buffer.allocUnsafe(envelopeLength(head, body.length));
  writeEnvelope(out, 0, head, body);
  return out;
}

function writeEnvelope(out: Buffer, start: number, head: Uint8Array, body: Uint8Array): number {
  out.set(head, start);
  let at = start + head.length;
  out[at++] = 0x12;
  at = writeVarint(out, at, body.length);
  out.set(body, at);
  at += body.length;
  out.set(unknownTail, at);
  return at + unknownTail.length;
}

/** The repeated field `items = 2` of a list, all of it. */
export function listItems(bodies: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const body of bodies) length += 1 + varintLength(body.length) + body.length;
  const out = Buffer.allocUnsafe(length);
  let at = 0;
  for (const body of bodies) {
    out[at++] = 0x12;
    at = writeVarint(out, at, body.length);
    out.set(body, at);
    at += body.length;
  }
  return out;
}

/** The start of a list's answer, before `items` bytes of {@link listItems}, and what follows them. */
export function listAround(apiVersion: string, kind: string, listMeta: Uint8Array, items: number): [head: Buffer, tail: Buffer] {
  const meta = field(1, listMeta);
  const head = typeMeta(apiVersion, kind);
  const out = Buffer.allocUnsafe(head.length + 1 + varintLength(meta.length + items) + meta.length);
  out.set(head, 0);
  let at = head.length;
  out[at++] = 0x12;
  at = writeVarint(out, at, meta.length + items);
  out.set(meta, at);
  return [out, unknownTail];
}

export interface ListMetaFields {
  readonly resourceVersion: string;
  readonly continue?: string | undefined;
  readonly remainingItemCount?: number | undefined;
}

/** metav1.ListMeta. */
export function encodeListMeta(meta: ListMetaFields): Buffer {
  const parts = [field(1, Buffer.alloc(0)), field(2, Buffer.from(meta.resourceVersion)), field(3, Buffer.from(meta.continue ?? ""))];
  if (meta.remainingItemCount !== undefined) {
    const count = Buffer.allocUnsafe(1 + varintLength(meta.remainingItemCount));
    count[0] = 4 << 3;
    writeVarint(count, 1, meta.remainingItemCount);
    parts.push(count);
  }
  return Buffer.concat(parts);
}

/** A framed metav1.WatchEvent: length in four bytes, type = 1, object = 2 (RawExtension, raw = 1: an enveloped object). */
export function watchFrame(type: string, apiVersion: string, kind: string, body: Uint8Array): Buffer {
  const head = typeMeta(apiVersion, kind);
  const object = envelopeLength(head, body.length);
  const extension = 1 + varintLength(object) + object;
  const length = 2 + type.length + 1 + varintLength(extension) + extension;
  const out = Buffer.allocUnsafe(4 + length);
  out.writeUInt32BE(length, 0);
  out[4] = 0x0a;
  out[5] = type.length;
  out.write(type, 6, "latin1");
  let at = 6 + type.length;
  out[at++] = 0x12;
  at = writeVarint(out, at, extension);
  out[at++] = 0x0a;
  at = writeVarint(out, at, object);
  writeEnvelope(out, at, head, body);
  return out;
}
