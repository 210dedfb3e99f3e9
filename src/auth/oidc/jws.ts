/** Signatures of JSON Web Tokens by the keys of a JSON Web Key Set (RFC 7515, 7517, 7518), over node:crypto. */
import { constants, createPublicKey, verify, X509Certificate } from "node:crypto";
import type { JsonWebKey, KeyObject } from "node:crypto";

/** Every algorithm that may be allowed, in order of name: asymmetric ones alone. */
export const signingAlgorithms: readonly string[] = ["ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"];

/** A public key of a set. */
export interface WebKey {
  /** Empty when it has none. */
  readonly id: string;
  readonly key: KeyObject;
}

/** A token in compact form, taken apart but not checked. */
export interface CompactJws {
  readonly algorithm: string;
  /** Empty when it names none. */
  readonly keyId: string;
  /** What is signed. */
  readonly signed: Buffer;
  readonly signature: Buffer;
  readonly payload: Buffer;
}

const curves: Readonly<Record<string, string>> = { ES256: "prime256v1", ES384: "secp384r1", ES512: "secp521r1" };

/** Throws an Error that says what is wrong with its form. */
export function parseCompactJws(token: string): CompactJws {
  const parts = token.split(".");
  const [head = "", body = "", tail = ""] = parts;
  if (parts.length !== 3) throw new Error("go-jose/go-jose: compact JWS format must have three parts");
  const header = JSON.parse(rawBase64(head).toString("utf8")) as Record<string, unknown> | null;
  const payload = rawBase64(body);
  const signature = rawBase64(tail);
  const { alg, kid, crit } = header ?? {};
  if (crit !== undefined) throw new Error("go-jose/go-jose: unsupported crit header");
  return {
    algorithm: typeof alg === "string" ? alg : "",
    keyId: typeof kid === "string" ? kid : "",
    signed: Buffer.from(`${head}.${body}`),
    signature,
    payload,
  };
}

/** base64url without padding; node:crypto's decoder would let anything pass. Throws Go's error. */
export function rawBase64(text: string): Buffer {
  const bad = /[^A-Za-z0-9_-]/.exec(text);
  if (bad !== null) throw new Error(`illegal base64 data at input byte ${bad.index}`);
  if (text.length % 4 === 1) throw new Error(`illegal base64 data at input byte ${text.length - 1}`);
  return Buffer.from(text, "base64url");
}

/** True when `key` made the signature by the algorithm that the token names. */
export function verifyJws(jws: CompactJws, key: KeyObject): boolean {
  const { algorithm } = jws;
  const hash = `sha${algorithm.slice(2)}`;
  if (algorithm.startsWith("ES")) {
    if (key.asymmetricKeyType !== "ec" || key.asymmetricKeyDetails?.namedCurve !== curves[algorithm]) return false;
    return verify(hash, jws.signed, { key, dsaEncoding: "ieee-p1363" }, jws.signature);
  }
  if (key.asymmetricKeyType !== "rsa") return false;
  if (algorithm.startsWith("RS")) return verify(hash, jws.signed, key, jws.signature);
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return verify(hash, jws.signed, { key, padding, saltLength: constants.RSA_PSS_SALTLEN_AUTO }, jws.signature);
}

/**
 * The keys of a set's JSON text. Keys for encryption, and symmetric ones, can verify nothing and are left out. Throws an Error
 * for what is no set, or has a key of a type that nobody knows.
 */
export function parseKeySet(text: string): WebKey[] {
  const set: unknown = JSON.parse(text);
  const { keys } = (typeof set === "object" && set !== null ? set : {}) as { keys?: unknown };
  if (keys === undefined || keys === null) return [];
  if (!Array.isArray(keys)) throw new Error("json: cannot unmarshal into Go struct field JSONWebKeySet.keys of type []jose.JSONWebKey");
  return (keys as (JsonWebKey & { kid?: unknown; x5c?: unknown })[]).flatMap((jwk) => {
    if (jwk.kty === "oct") return [];
    if (jwk.kty !== "RSA" && jwk.kty !== "EC" && jwk.kty !== "OKP") {
      throw new Error(`go-jose/go-jose: unknown json web key type '${jwk.kty ?? ""}'`);
    }
    const key = createPublicKey({ key: jwk, format: "jwk" });
    checkChain(jwk.x5c, key);
    return [{ id: typeof jwk.kid === "string" ? jwk.kid : "", key }];
  });
}

/** Certificates beside a key must be for it. */
function checkChain(chain: unknown, key: KeyObject): void {
  if (!Array.isArray(chain) || chain.length === 0) return;
  const leaf = new X509Certificate(Buffer.from(String(chain[0]), "base64"));
  if (!leaf.publicKey.equals(key)) throw new Error("go-jose/go-jose: invalid JWK, public keys in key and x5c fields do not match");
}
