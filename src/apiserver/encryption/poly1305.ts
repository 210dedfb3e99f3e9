/** Poly1305 (RFC 8439, section 2.5), which Node offers only together with a cipher. Ten limbs of 13 bits keep all sums exact. */

const limbs = 10;
const limbMask = 0x1fff;
const prime = (1n << 130n) - 5n;

/** 16 bytes and the bit behind them, as limbs. */
function load(bytes: Uint8Array, into: Float64Array): void {
  for (let i = 0; i < limbs; i++) {
    const bit = 13 * i;
    const at = bit >> 3;
    const word = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
    into[i] = (word >> (bit & 7)) & limbMask;
  }
}

/** The tag of a message. `key`: 32 bytes that serve once. */
export function poly1305(key: Uint8Array, message: Uint8Array): Buffer {
  const clamped = Uint8Array.from(key.subarray(0, 16));
  for (const i of [3, 7, 11, 15]) clamped[i] = (clamped[i] as number) & 15;
  for (const i of [4, 8, 12]) clamped[i] = (clamped[i] as number) & 252;
  const r = new Float64Array(limbs);
  load(clamped, r);
  const h = new Float64Array(limbs);
  const block = new Uint8Array(17);
  const part = new Float64Array(limbs);
  for (let at = 0; at < message.length; at += 16) {
    const piece = message.subarray(at, at + 16);
    block.fill(0);
    block.set(piece);
    block[piece.length] = 1;
    load(block, part);
    for (let i = 0; i < limbs; i++) h[i] = (h[i] as number) + (part[i] as number);
    multiply(h, r);
  }
  return finish(h, Buffer.from(key.subarray(16, 32)));
}

/** h = h·r modulo 2^130 − 5, carried once around. */
function multiply(h: Float64Array, r: Float64Array): void {
  const product = new Float64Array(limbs);
  for (let i = 0; i < limbs; i++) {
    let sum = 0;
    for (let j = 0; j < limbs; j++) {
      const other = i - j;
      sum += (h[j] as number) * (other >= 0 ? (r[other] as number) : 5 * (r[other + limbs] as number));
    }
    product[i] = sum;
  }
  let carry = 0;
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < limbs; i++) {
      const value = (product[i] as number) + carry;
      carry = Math.floor(value / (limbMask + 1));
      product[i] = value - carry * (limbMask + 1);
    }
    carry *= 5;
  }
  product[0] = (product[0] as number) + carry;
  h.set(product);
}

function finish(h: Float64Array, pad: Buffer): Buffer {
  let value = 0n;
  for (let i = limbs - 1; i >= 0; i--) value = (value << 13n) + BigInt(h[i] as number);
  const added = pad.readBigUInt64LE(0) + (pad.readBigUInt64LE(8) << 64n);
  const sum = ((value % prime) + added) & ((1n << 128n) - 1n);
  const tag = Buffer.alloc(16);
  tag.writeBigUInt64LE(sum & 0xffffffffffffffffn, 0);
  tag.writeBigUInt64LE(sum >> 64n, 8);
  return tag;
}
