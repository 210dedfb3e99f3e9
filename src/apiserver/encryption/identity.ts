import { type Opened, type Transformer, TransformError } from "./transformer.ts";

/** What all encrypted data begin with. */
const encrypted = Buffer.from("k8s:enc:");

/** Whether stored bytes are encrypted, by whichever provider. */
export function isEncrypted(data: Uint8Array): boolean {
  return data.length >= encrypted.length && encrypted.every((byte, i) => data[i] === byte);
}

export const encryptedDataFault = "identity transformer tried to read encrypted data";

/** Leaves data as they are, and refuses to take encrypted data for plain ones. */
export const identity: Transformer = {
  current: "",
  open: (data): Opened => {
    if (isEncrypted(data)) throw new TransformError(encryptedDataFault);
    return { value: data, seal: "" };
  },
  seal: (data) => data,
};
