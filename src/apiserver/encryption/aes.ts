/** AES-GCM and AES-CBC as upstream lays their data out: nonce (or IV), ciphertext, tag (or PKCS#7 padding). */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { type Opened, type Transformer, TransformError } from "./transformer.ts";

export const tooShort = "the stored data was shorter than the required size";

const nonceSize = 12;
const tagSize = 16;
const blockSize = 16;

/** Tells keys apart without telling them. */
export function fingerprint(key: Uint8Array): string {
  return createHash("sha256").update(key).digest("hex").slice(0, 16);
}

type GcmName = "aes-128-gcm" | "aes-192-gcm" | "aes-256-gcm";

/** Nonce, ciphertext, tag. */
export function sealGcm(key: Uint8Array, data: Uint8Array, context: string): Buffer {
  const nonce = randomBytes(nonceSize);
  const cipher = createCipheriv(`aes-${key.length * 8}-gcm` as GcmName, key, nonce);
  cipher.setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(data), cipher.final(), cipher.getAuthTag()]);
}

/** Throws TransformError. */
export function openGcm(key: Uint8Array, data: Uint8Array, context: string): Buffer {
  if (data.length < nonceSize) throw new TransformError(tooShort);
  if (data.length < nonceSize + tagSize) throw new TransformError("cipher: message authentication failed");
  const decipher = createDecipheriv(`aes-${key.length * 8}-gcm` as GcmName, key, data.subarray(0, nonceSize));
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(data.subarray(data.length - tagSize));
  const start = decipher.update(data.subarray(nonceSize, data.length - tagSize));
  try {
    return Buffer.concat([start, decipher.final()]);
  } catch {
    throw new TransformError("cipher: message authentication failed");
  }
}

/** `key`: 16, 24 or 32 bytes. */
export function aesGcm(key: Uint8Array): Transformer {
  const current = fingerprint(key);
  return {
    current,
    open: (data, context): Opened => ({ value: openGcm(key, data, context), seal: current }),
    seal: (data, context) => sealGcm(key, data, context),
  };
}

/** `key`: 16, 24 or 32 bytes. Nothing is authenticated. */
export function aesCbc(key: Uint8Array): Transformer {
  const current = fingerprint(key);
  return {
    current,
    open: (data): Opened => ({ value: openCbc(key, data), seal: current }),
    seal: (data) => {
      const iv = randomBytes(blockSize);
      const cipher = createCipheriv(`aes-${key.length * 8}-cbc`, key, iv);
      return Buffer.concat([iv, cipher.update(data), cipher.final()]);
    },
  };
}

function openCbc(key: Uint8Array, data: Uint8Array): Buffer {
  if (data.length < blockSize) throw new TransformError(tooShort);
  const sealed = data.subarray(blockSize);
  if (sealed.length % blockSize !== 0) throw new TransformError("the stored data is not a multiple of the block size");
  const decipher = createDecipheriv(`aes-${key.length * 8}-cbc`, key, data.subarray(0, blockSize));
  // Node tells not enough of a bad padding: it is looked at here.
  decipher.setAutoPadding(false);
  const padded = Buffer.concat([decipher.update(sealed), decipher.final()]);
  const padding = padded.at(-1) ?? 0;
  if (padding === 0 || padding > padded.length) throw new TransformError("invalid PKCS7 data (empty or not padded)");
  for (const byte of padded.subarray(padded.length - padding)) if (byte !== padding) throw new TransformError("invalid padding on input");
  return padded.subarray(0, padded.length - padding);
}
