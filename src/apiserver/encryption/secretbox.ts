/** NaCl's secretbox: XSalsa20 and Poly1305 (https://nacl.cr.yp.to/secretbox.html), nonce first. */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { fingerprint, tooShort } from "./aes.ts";
import { poly1305 } from "./poly1305.ts";
import { xsalsa20 } from "./salsa20.ts";
import { type Opened, type Transformer, TransformError } from "./transformer.ts";

const nonceSize = 24;
const tagSize = 16;
/** The stream's first bytes are the key of the tag. */
const tagKeySize = 32;

/** The tag and the ciphertext. `key`: 32 bytes, `nonce`: 24 bytes. */
export function sealBox(key: Uint8Array, nonce: Uint8Array, message: Uint8Array): Buffer {
  const stream = xsalsa20(key, nonce, tagKeySize + message.length);
  const box = Buffer.alloc(tagSize + message.length);
  for (let i = 0; i < message.length; i++) box[tagSize + i] = (message[i] as number) ^ (stream[tagKeySize + i] as number);
  poly1305(stream.subarray(0, tagKeySize), box.subarray(tagSize)).copy(box);
  return box;
}

/** The message; undefined when the tag is not right. */
export function openBox(key: Uint8Array, nonce: Uint8Array, box: Uint8Array): Buffer | undefined {
  const sealed = box.subarray(tagSize);
  const stream = xsalsa20(key, nonce, tagKeySize + sealed.length);
  if (!timingSafeEqual(poly1305(stream.subarray(0, tagKeySize), sealed), box.subarray(0, tagSize))) return undefined;
  const message = Buffer.alloc(sealed.length);
  for (let i = 0; i < sealed.length; i++) message[i] = (sealed[i] as number) ^ (stream[tagKeySize + i] as number);
  return message;
}

/** `key`: 32 bytes. */
export function secretbox(key: Uint8Array): Transformer {
  const current = fingerprint(key);
  return {
    current,
    open: (data): Opened => {
      if (data.length < nonceSize + tagSize) throw new TransformError(tooShort);
      const value = openBox(key, data.subarray(0, nonceSize), data.subarray(nonceSize));
      if (value === undefined) throw new TransformError("output array was not large enough for encryption");
      return { value, seal: current };
    },
    seal: (data) => {
      const nonce = randomBytes(nonceSize);
      return Buffer.concat([nonce, sealBox(key, nonce, data)]);
    },
  };
}
