/**
 * AES-GCM with a key of its own for every value, derived from a seed and 32 random bytes that stand before the value (HKDF's second
 * half, RFC 5869): the seed may serve for any number of values.
 */
import { createHmac, randomBytes } from "node:crypto";
import { fingerprint, openGcm, sealGcm, tooShort } from "../aes.ts";
import { type Opened, type Transformer, TransformError } from "../transformer.ts";

export const seedSize = 32;
const infoSize = 32;

function derive(seed: Uint8Array, info: Uint8Array): Buffer {
  return createHmac("sha256", seed)
    .update(info)
    .update(Buffer.from([1]))
    .digest();
}

/** Throws TransformError for a seed that is too short. */
export function hkdfGcm(seed: Uint8Array): Transformer {
  if (seed.length < seedSize) throw new TransformError(`invalid seed length ${seed.length} used for key generation`);
  const current = fingerprint(seed);
  return {
    current,
    open: (data, context): Opened => {
      if (data.length < infoSize) throw new TransformError(tooShort);
      const key = derive(seed, data.subarray(0, infoSize));
      return { value: openGcm(key, data.subarray(infoSize), context), seal: current };
    },
    seal: (data, context) => {
      const info = randomBytes(infoSize);
      return Buffer.concat([info, sealGcm(derive(seed, info), data, context)]);
    },
  };
}
