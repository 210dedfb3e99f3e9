/** Header blocks: pairs of names and values, behind one zlib stream a direction that is primed with the SPDY dictionary. */
import { constants, createInflate, type Inflate } from "node:zlib";
import { headerDictionary } from "./dictionary.ts";
import { SpdyProtocolError } from "./frames.ts";

/** Lower-case names. Several values of one name are joined by NUL on the wire. */
export type SpdyHeaders = Readonly<Record<string, string>>;

/** Names and values together, uncompressed, in bytes. */
const maxBlock = 1 << 20;
const maxPairs = 1000;

export function encodePairs(headers: SpdyHeaders): Buffer {
  const pairs = Object.entries(headers);
  const parts: Buffer[] = [word(pairs.length)];
  for (const [name, value] of pairs) {
    const n = Buffer.from(name.toLowerCase(), "utf8");
    const v = Buffer.from(value, "utf8");
    parts.push(word(n.length), n, word(v.length), v);
  }
  return Buffer.concat(parts);
}

export function decodePairs(block: Buffer): SpdyHeaders {
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  let at = 0;
  const next = (n: number): Buffer => {
    if (at + n > block.length) throw new SpdyProtocolError("a header block ends early");
    at += n;
    return block.subarray(at - n, at);
  };
  const count = next(4).readUInt32BE(0);
  if (count > maxPairs) throw new SpdyProtocolError(`${count} headers in one block`);
  for (let i = 0; i < count; i++) {
    const name = next(next(4).readUInt32BE(0)).toString("utf8");
    const value = next(next(4).readUInt32BE(0)).toString("utf8");
    if (name === "" || name !== name.toLowerCase() || name in headers) throw new SpdyProtocolError(`header name ${JSON.stringify(name)}`);
    headers[name] = value;
  }
  return headers;
}

function word(n: number): Buffer {
  const b = Buffer.allocUnsafe(4);
  b.writeUInt32BE(n);
  return b;
}

/**
 * Writes blocks as one zlib stream of stored deflate blocks. Compression would save a few bytes of the handful of headers
 * that streaming sends, and would make sending asynchronous; stored blocks need no state but the stream's head. The empty
 * block at the end is what a sync flush leaves, on which Go's reader hands over what it has.
 */
export class HeaderWriter {
  #started = false;

  write(headers: SpdyHeaders): Buffer {
    const parts: Buffer[] = [];
    if (!this.#started) {
      this.#started = true;
      // CMF: deflate, 32 KiB window; FLG: dictionary follows. Then the dictionary's Adler-32.
      const head = Buffer.from([0x78, 0x20, 0, 0, 0, 0]);
      head.writeUInt32BE(adler32(headerDictionary()), 2);
      parts.push(head);
    }
    const block = encodePairs(headers);
    for (let at = 0; at < block.length; at += 0xffff) parts.push(...stored(block.subarray(at, at + 0xffff)));
    parts.push(...stored(Buffer.alloc(0)));
    return Buffer.concat(parts);
  }
}

function stored(bytes: Buffer): Buffer[] {
  const head = Buffer.alloc(5);
  head.writeUInt16LE(bytes.length, 1);
  head.writeUInt16LE(~bytes.length & 0xffff, 3);
  return [head, bytes];
}

function adler32(bytes: Buffer): number {
  let a = 1;
  let b = 0;
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return ((b << 16) | a) >>> 0;
}

/** Reads blocks in the order of their frames. Inflating keeps state, so one block is read at a time. */
export class HeaderReader {
  #inflate: Inflate | undefined;
  #parts: Buffer[] = [];
  #size = 0;
  #fail: ((error: Error) => void) | undefined;

  read(block: Buffer): Promise<SpdyHeaders> {
    return new Promise((resolve, reject) => {
      const inflate = this.#open();
      this.#parts = [];
      this.#size = 0;
      this.#fail = reject;
      inflate.write(block, () => {
        this.#fail = undefined;
        try {
          resolve(decodePairs(Buffer.concat(this.#parts)));
        } catch (error) {
          reject(error as Error);
        }
      });
    });
  }

  #open(): Inflate {
    if (this.#inflate === undefined) {
      const inflate = createInflate({ dictionary: headerDictionary(), flush: constants.Z_SYNC_FLUSH });
      inflate.on("data", (part: Buffer) => {
        this.#parts.push(part);
        this.#size += part.length;
        if (this.#size > maxBlock) inflate.destroy(new SpdyProtocolError("a header block is too large"));
      });
      inflate.on("error", (error) => this.#fail?.(error));
      this.#inflate = inflate;
    }
    return this.#inflate;
  }

  close(): void {
    this.#inflate?.destroy();
  }
}
