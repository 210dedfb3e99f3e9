/** Reads protobuf bytes. Throws {@link ProtobufError} in the words of upstream's generated unmarshallers. */
export class ProtobufError extends Error {}

const unexpectedEnd = "unexpected EOF";

/** Strings that come again and again (label keys, names of fields, images) are shared. */
const sharedSlots = 4096;
const shared: (string | undefined)[] = new Array<string | undefined>(sharedSlots).fill(undefined);
const longestShared = 40;

export class ProtobufReader {
  readonly #buffer: Buffer;
  at: number;
  end: number;

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
    this.end = bytes.length;
  }

  /** An unsigned integer of up to 32 bits: tags and lengths. */
  uint32(): number {
    let result = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.at >= this.end) throw new ProtobufError(unexpectedEnd);
      const byte = this.#buffer[this.at++] as number;
      result |= (byte & 127) << shift;
      if (byte < 128) return result >>> 0;
    }
    throw new ProtobufError("proto: integer overflow");
  }

  /** A signed integer of 64 bits; a `bigint` when a number cannot hold it. */
  int64(): number | bigint {
    const start = this.at;
    let result = 0;
    let factor = 1;
    for (let i = 0; i < 7; i++) {
      if (this.at >= this.end) throw new ProtobufError(unexpectedEnd);
      const byte = this.#buffer[this.at++] as number;
      result += (byte & 127) * factor;
      if (byte < 128) return result;
      factor *= 128;
    }
    this.at = start;
    let big = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.at >= this.end) throw new ProtobufError(unexpectedEnd);
      const byte = this.#buffer[this.at++] as number;
      big |= BigInt(byte & 127) << shift;
      if (byte < 128) {
        const value = BigInt.asIntN(64, big);
        return Number.isSafeInteger(Number(value)) ? Number(value) : value;
      }
    }
    throw new ProtobufError("proto: integer overflow");
  }

  int32(): number {
    const value = this.int64();
    return typeof value === "number" ? value | 0 : Number(BigInt.asIntN(32, value));
  }

  double(): number {
    if (this.at + 8 > this.end) throw new ProtobufError(unexpectedEnd);
    this.at += 8;
    return this.#buffer.readDoubleLE(this.at - 8);
  }

  /** The end of a length-delimited value that begins here. */
  #limit(): number {
    const limit = this.uint32() + this.at;
    if (limit > this.end) throw new ProtobufError(unexpectedEnd);
    return limit;
  }

  string(): string {
    const limit = this.#limit();
    const start = this.at;
    this.at = limit;
    const length = limit - start;
    if (length === 0) return "";
    if (length > longestShared) return this.#buffer.toString("utf8", start, limit);
    let hash = length;
    for (let i = start; i < limit; i++) hash = (Math.imul(hash, 31) + (this.#buffer[i] as number)) | 0;
    const slot = (hash ^ (hash >>> 12)) & (sharedSlots - 1);
    const known = shared[slot];
    if (known?.length === length && this.#equals(known, start)) return known;
    const text = this.#buffer.toString("utf8", start, limit);
    shared[slot] = text;
    return text;
  }

  #equals(text: string, start: number): boolean {
    for (let i = 0; i < text.length; i++) {
      const byte = this.#buffer[start + i] as number;
      if (byte > 127 || text.charCodeAt(i) !== byte) return false;
    }
    return true;
  }

  /** A view of the bytes, not a copy. */
  bytes(): Uint8Array {
    const limit = this.#limit();
    const view = this.#buffer.subarray(this.at, limit);
    this.at = limit;
    return view;
  }

  base64(): string {
    const limit = this.#limit();
    const text = this.#buffer.toString("base64", this.at, limit);
    this.at = limit;
    return text;
  }

  /** The UTF-8 text of bytes, never shared. */
  text(): string {
    const limit = this.#limit();
    const text = this.#buffer.toString("utf8", this.at, limit);
    this.at = limit;
    return text;
  }

  /** Enters a message; {@link leave} with the answer. */
  enter(): number {
    const limit = this.#limit();
    const outer = this.end;
    this.end = limit;
    return outer;
  }

  leave(outer: number): void {
    this.at = this.end;
    this.end = outer;
  }

  /** Passes over the value of an unknown field. */
  skip(wireType: number): void {
    if (wireType === 0) this.int64();
    else if (wireType === 1) this.at += 8;
    else if (wireType === 2) this.at = this.#limit();
    else if (wireType === 5) this.at += 4;
    else throw new ProtobufError(`proto: illegal wireType ${wireType}`);
    if (this.at > this.end) throw new ProtobufError(unexpectedEnd);
  }
}
