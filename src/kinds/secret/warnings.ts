/** What is wrong with the pair of a TLS secret, in the words of Go's `crypto/tls`: a secret is stored in spite of it. */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import type { Secret } from "../../schema/types/core-v1.ts";

export function secretWarnings(secret: Secret): string[] {
  if (secret.type !== "kubernetes.io/tls") return [];
  const fault = pairFault(text(secret.data?.["tls.crt"]), text(secret.data?.["tls.key"]));
  return fault === undefined ? [] : [fault];
}

const text = (base64: string | undefined): string => Buffer.from(base64 ?? "", "base64").toString("latin1");

interface Block {
  readonly type: string;
  readonly bytes: Buffer;
}

function blocksOf(pem: string): Block[] {
  const found = pem.matchAll(/-----BEGIN ([^\n-]+)-----\r?\n((?:[^-]|-(?!----))*)-----END \1-----/g);
  return Array.from(found, ([, type = "", body = ""]) => ({
    type,
    bytes: Buffer.from(body.replace(/^(?:[^\n:]+:[^\n]*\n)+\n/, ""), "base64"),
  }));
}

function pairFault(certificates: string, keys: string): string | undefined {
  const blocks = blocksOf(certificates);
  const first = blocks.find((b) => b.type === "CERTIFICATE");
  if (first === undefined) return certificateFault(blocks.map((b) => b.type));
  const keyBlocks = blocksOf(keys);
  const key = keyBlocks.find((b) => b.type === "PRIVATE KEY" || b.type.endsWith(" PRIVATE KEY"));
  if (key === undefined) return keyFault(keyBlocks.map((b) => b.type));
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(first.bytes);
  } catch {
    return "x509: malformed certificate";
  }
  const own = publicHalf(key);
  if (own === undefined) return "tls: failed to parse private key";
  const wanted = certificate.publicKey;
  if (own.asymmetricKeyType !== wanted.asymmetricKeyType) return "tls: private key type does not match public key type";
  return own.equals(wanted) ? undefined : "tls: private key does not match public key";
}

function certificateFault(types: readonly string[]): string {
  if (types.length === 0) return "tls: failed to find any PEM data in certificate input";
  if (types.length === 1 && types[0]?.endsWith("PRIVATE KEY") === true) {
    return "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched";
  }
  const skipped = `[${types.join(" ")}]`;
  return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: ${skipped}`;
}

function keyFault(types: readonly string[]): string {
  if (types.length === 0) return "tls: failed to find any PEM data in key input";
  if (types.length === 1 && types[0] === "CERTIFICATE") return "tls: found a certificate rather than a key in the PEM for the private key";
  const skipped = `[${types.join(" ")}]`;
  return `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: ${skipped}`;
}

/** Go tries each encoding, whatever the block calls itself. */
function publicHalf({ bytes }: Block): KeyObject | undefined {
  for (const type of ["pkcs1", "pkcs8", "sec1"] as const) {
    try {
      return createPublicKey(createPrivateKey({ key: bytes, format: "der", type }));
    } catch {
      // The next encoding, then.
    }
  }
  return undefined;
}
