/** The part of ASN.1 DER (ITU-T X.690) that certificates and signing requests are made of: writing and reading. */

/** One element, or the concatenation of several. */
export type Der = Buffer;

const constructed = 0x20;

function length(n: number): number[] {
  if (n < 0x80) return [n];
  const bytes: number[] = [];
  for (let rest = n; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff);
  return [0x80 | bytes.length, ...bytes];
}

/** An element with any tag. */
export function element(tag: number, content: Uint8Array): Der {
  return Buffer.concat([Buffer.from([tag, ...length(content.length)]), content]);
}

export function sequence(...parts: Uint8Array[]): Der {
  return element(0x30, Buffer.concat(parts));
}

export function set(...parts: Uint8Array[]): Der {
  return element(0x31, Buffer.concat(parts));
}

/** `[n] EXPLICIT`. */
export function explicit(n: number, content: Uint8Array): Der {
  return element(0x80 | constructed | n, content);
}

/** `[n] IMPLICIT` over a primitive type. */
export function implicit(n: number, content: Uint8Array): Der {
  return element(0x80 | n, content);
}

/** A non-negative integer, given as big-endian bytes. */
export function integer(bytes: Uint8Array): Der {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const trimmed = Buffer.from(bytes.subarray(start));
  const padded = ((trimmed[0] ?? 0) & 0x80) === 0 ? trimmed : Buffer.concat([Buffer.from([0]), trimmed]);
  return element(0x02, padded);
}

export function boolean(value: boolean): Der {
  return element(0x01, Buffer.from([value ? 0xff : 0]));
}

export function octets(content: Uint8Array): Der {
  return element(0x04, content);
}

/** `unused`: how many of the last byte's low bits do not count. */
export function bits(content: Uint8Array, unused = 0): Der {
  return element(0x03, Buffer.concat([Buffer.from([unused]), content]));
}

export function utf8(text: string): Der {
  return element(0x0c, Buffer.from(text, "utf8"));
}

/** An object identifier from its dotted form. */
export function oid(dotted: string): Der {
  const arcs = dotted.split(".").map(Number);
  const bytes: number[] = [(arcs[0] ?? 0) * 40 + (arcs[1] ?? 0)];
  for (const arc of arcs.slice(2)) {
    const group = [arc & 0x7f];
    for (let rest = arc >>> 7; rest > 0; rest >>>= 7) group.unshift(0x80 | (rest & 0x7f));
    bytes.push(...group);
  }
  return element(0x06, Buffer.from(bytes));
}

/** UTCTime to 2049, GeneralizedTime from 2050 on, as RFC 5280 §4.1.2.5 asks. `ms` since the epoch. */
export function time(ms: number): Der {
  const digits = new Date(ms).toISOString().replace(/[-:T]/g, "").slice(0, 14);
  return Number(digits.slice(0, 4)) < 2050 ? element(0x17, Buffer.from(`${digits.slice(2)}Z`)) : element(0x18, Buffer.from(`${digits}Z`));
}

/** An element as read: its tag, its content, and the bytes it was read from. */
export interface Element {
  readonly tag: number;
  readonly content: Buffer;
  readonly raw: Buffer;
}

/** Every element of `bytes`, one after the other. Throws RangeError when they do not add up. */
export function readAll(bytes: Uint8Array): Element[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Element[] = [];
  let at = 0;
  while (at < buffer.length) {
    const tag = buffer.readUInt8(at);
    let size = buffer.readUInt8(at + 1);
    let start = at + 2;
    if (size & 0x80) {
      const count = size & 0x7f;
      if (count === 0 || count > 4) throw new RangeError("DER: unsupported length");
      size = buffer.readUIntBE(start, count);
      start += count;
    }
    const end = start + size;
    if (end > buffer.length) throw new RangeError("DER: element is cut off");
    found.push({ tag, content: buffer.subarray(start, end), raw: buffer.subarray(at, end) });
    at = end;
  }
  return found;
}

/** The dotted form of an object identifier's content. */
export function readOid(content: Uint8Array): string {
  const first = content[0] ?? 0;
  const arcs = first < 80 ? [Math.floor(first / 40), first % 40] : [2, first - 80];
  let arc = 0;
  for (const byte of content.subarray(1)) {
    arc = arc * 128 + (byte & 0x7f);
    if ((byte & 0x80) === 0) {
      arcs.push(arc);
      arc = 0;
    }
  }
  return arcs.join(".");
}
