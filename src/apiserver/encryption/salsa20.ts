/** Salsa20, and XSalsa20 with its long nonce (https://cr.yp.to/snuffle.html). Node's OpenSSL has ChaCha20, which is another cipher. */

/** "expand 32-byte k" */
const sigma = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;
/** Places of a quarter-round's words: columns, then rows. */
const quarters: readonly (readonly [number, number, number, number])[] = [
  [0, 4, 8, 12],
  [5, 9, 13, 1],
  [10, 14, 2, 6],
  [15, 3, 7, 11],
  [0, 1, 2, 3],
  [5, 6, 7, 4],
  [10, 11, 8, 9],
  [15, 12, 13, 14],
];

function twentyRounds(x: Uint32Array): void {
  for (let round = 0; round < 20; round += 2) {
    for (const [a, b, c, d] of quarters) {
      x[b] = at(x, b) ^ rotate((at(x, a) + at(x, d)) | 0, 7);
      x[c] = at(x, c) ^ rotate((at(x, b) + at(x, a)) | 0, 9);
      x[d] = at(x, d) ^ rotate((at(x, c) + at(x, b)) | 0, 13);
      x[a] = at(x, a) ^ rotate((at(x, d) + at(x, c)) | 0, 18);
    }
  }
}

const at = (x: Uint32Array, i: number): number => x[i] as number;
const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

/** The sixteen words of a block: constants on the diagonal, the key around them, four words of input between. */
function words(key: Buffer, input: readonly [number, number, number, number]): Uint32Array {
  const k = (i: number): number => key.readUInt32LE(4 * i);
  const [s0, s1, s2, s3] = sigma;
  const [n0, n1, n2, n3] = input;
  return Uint32Array.of(s0, k(0), k(1), k(2), k(3), s1, n0, n1, n2, n3, s2, k(4), k(5), k(6), k(7), s3);
}

/** A key of its own for the first 16 bytes of a long nonce. */
function hsalsa20(key: Buffer, nonce: Buffer): Buffer {
  const n = (i: number): number => nonce.readUInt32LE(4 * i);
  const x = words(key, [n(0), n(1), n(2), n(3)]);
  twentyRounds(x);
  const derived = Buffer.alloc(32);
  [0, 5, 10, 15, 6, 7, 8, 9].forEach((place, i) => derived.writeUInt32LE(x[place] as number, 4 * i));
  return derived;
}

/** `length` bytes of the key stream. `key`: 32 bytes, `nonce`: 24 bytes. */
export function xsalsa20(key: Uint8Array, nonce: Uint8Array, length: number): Buffer {
  const long = Buffer.from(nonce);
  const derived = hsalsa20(Buffer.from(key), long);
  const stream = Buffer.alloc(Math.ceil(length / 64) * 64);
  for (let block = 0; block * 64 < length; block++) {
    const start = words(derived, [long.readUInt32LE(16), long.readUInt32LE(20), block, 0]);
    const x = start.slice();
    twentyRounds(x);
    for (let i = 0; i < 16; i++) stream.writeUInt32LE(((x[i] as number) + (start[i] as number)) >>> 0, block * 64 + 4 * i);
  }
  return stream.subarray(0, length);
}
