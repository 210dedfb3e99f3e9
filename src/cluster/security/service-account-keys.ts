/** The keys of service account tokens: one signs, all of them are good to check with. */
import { signingKey, type SigningKey, verificationKey, type VerificationKey } from "../../auth/service-account/jwt.ts";
import { type ApiServerFlags, readFlagFile } from "../api-server-flags/index.ts";
import { UsageError } from "../usage-error.ts";

export interface ServiceAccountKeys {
  readonly signing: SigningKey;
  /** The signing key first. */
  readonly all: readonly VerificationKey[];
}

const block = /-----BEGIN ((?:EC |RSA )?(?:PRIVATE|PUBLIC) KEY|CERTIFICATE)-----[^-]*-----END \1-----/g;

/** `ownPem`: the cluster's own private key, which signs unless a flag names another. Throws UsageError for files without keys. */
export function serviceAccountKeys(flags: ApiServerFlags, ownPem: string): ServiceAccountKeys {
  const file = flags.file("service-account-signing-key-file");
  let signing = signingKey(ownPem);
  if (file !== undefined) {
    try {
      signing = signingKey(file.text);
    } catch {
      throw new UsageError(
        `failed to parse service-account-issuer-key-file: error reading private key file ${file.path}: data does not contain a valid RSA or ECDSA private key`,
      );
    }
  }
  const more = flags.list("service-account-key-file").flatMap((path) => {
    const text = readFlagFile("service-account-key-file", path);
    const keys = (text.match(block) ?? []).map((pem) => key(pem, path));
    if (keys.length === 0) throw noKeys(path);
    return keys;
  });
  const all = [signing, ...more, verificationKey(ownPem)];
  return { signing, all: all.filter((k, i) => all.findIndex((other) => other.id === k.id) === i) };
}

function key(pem: string, path: string): VerificationKey {
  try {
    return verificationKey(pem);
  } catch {
    throw noKeys(path);
  }
}

function noKeys(path: string): UsageError {
  return new UsageError(`error reading public key file ${path}: data does not contain any valid RSA or ECDSA public keys`);
}
