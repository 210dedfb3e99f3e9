/**
 * A protobuf writer that fills its buffer from the end towards the front. A message's length is known once its content
 * stands, so nothing is measured twice; fields are written in descending order of their numbers.
 */
const smallest = 64 * 1024;
/** A buffer that grew beyond this is not kept. */
const largestKept = 1024 * 1024;

export class ProtobufWriter {
  #buffer: Buffer = Buffer.allocUnsafeSlow(smallest);
  #at: number = smallest;

  /** The end of what is written so far: lengths are differences of it. */
  get mark(): number {
    return this.#buffer.length - this.#at;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#at) return;
    const used = this.#buffer.length - this.#at;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, used + bytes + smallest));
    this.#buffer.copy(grown, grown.length - used, this.#at);
    this.#at = grown.length - used;
    this.#buffer = grown;
  }

  byte(value: number): void {
    if (this.#at === 0) this.#reserve(1);
    this.#buffer[--this.#at] = value;
  }

  /** A field's number and wire type, which the caller computed as `number << 3 | wireType`. */
  tag(tag: number): void {
    if (tag < 128) {
      this.byte(tag);
      return;
    }
    this.#reserve(3);
    this.uint32(tag);
  }

  /** An unsigned integer below 2^31. */
  uint32(value: number): void {
    this.#reserve(5);
    let size = 1;
    for (let rest = value >>> 7; rest !== 0; rest >>>= 7) size++;
    let at = (this.#at -= size);
    let left = value;
    while (left > 127) {
      this.#buffer[at++] = (left & 127) | 128;
      left >>>= 7;
    }
    this.#buffer[at] = left;
  }

  /** A signed integer of up to 64 bits, in two's complement. */
  int64(value: number | bigint): void {
    if (typeof value === "number" && value >= 0 && value <= 0x7fffffff) {
      this.uint32(value);
      return;
    }
    this.#reserve(10);
    let left = BigInt.asUintN(64, BigInt(value));
    const bytes: number[] = [];
    for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
    bytes.push(Number(left));
    this.#at -= bytes.length;
    this.#buffer.set(bytes, this.#at);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#at -= 8;
    this.#buffer.writeDoubleLE(value, this.#at);
  }

  /** A string and its length. */
  string(text: string): void {
    const { length } = text;
    if (length < 48) {
      this.#reserve(length + 1);
      let at = this.#at;
      let i = length - 1;
      for (; i >= 0; i--) {
        const c = text.charCodeAt(i);
        if (c > 127) break;
        this.#buffer[--at] = c;
      }
      if (i < 0) {
        this.#buffer[--at] = length;
        this.#at = at;
        return;
      }
    }
    const size = Buffer.byteLength(text);
    this.#reserve(size + 5);
    this.#at -= size;
    this.#buffer.write(text, this.#at, size, "utf8");
    this.uint32(size);
  }

  /** Bytes and their length. */
  bytes(value: Uint8Array): void {
    this.#reserve(value.length + 5);
    this.#at -= value.length;
    this.#buffer.set(value, this.#at);
    this.uint32(value.length);
  }

  /** Bytes without a length: a part of a message that was encoded before. */
  raw(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#at -= value.length;
    this.#buffer.set(value, this.#at);
  }

  /** The bytes given as base64, and their length. */
  base64(text: string): void {
    const size = Buffer.byteLength(text, "base64");
    this.#reserve(size + 5);
    this.#at -= size;
    this.#buffer.write(text, this.#at, size, "base64");
    this.uint32(size);
  }

  /** Writes the length of what was written since `mark`. */
  lengthSince(mark: number): void {
    this.uint32(this.#buffer.length - this.#at - mark);
  }

  /** A copy of what was written; the writer is empty again. */
  take(): Uint8Array {
    const result = Buffer.allocUnsafeSlow(this.#buffer.length - this.#at);
    this.#buffer.copy(result, 0, this.#at);
    this.reset();
    return result;
  }

  /** Forgets what was written. */
  reset(): void {
    if (this.#buffer.length > largestKept) this.#buffer = Buffer.allocUnsafeSlow(smallest);
    this.#at = this.#buffer.length;
  }
}
