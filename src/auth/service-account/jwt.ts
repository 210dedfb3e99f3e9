/** JSON Web Tokens as service accounts carry them (RFC 7519, compact JWS): signing and checking over node:crypto. */
import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";

export type Algorithm = "ES256" | "ES384" | "ES512" | "RS256";

/** A public key with the name that tokens call it by. */
export interface VerificationKey {
  readonly id: string;
  readonly algorithm: Algorithm;
  readonly key: KeyObject;
}

export interface SigningKey extends VerificationKey {
  readonly privateKey: KeyObject;
}

const hashes: Readonly<Record<Algorithm, string>> = { ES256: "sha256", ES384: "sha384", ES512: "sha512", RS256: "sha256" };

function algorithmOf(key: KeyObject): Algorithm {
  if (key.asymmetricKeyType === "rsa") return "RS256";
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve === "prime256v1") return "ES256";
  if (curve === "secp384r1") return "ES384";
  if (curve === "secp521r1") return "ES512";
  throw new Error("a service account key must be RSA, or ECDSA on P-256, P-384 or P-521");
}

/** Upstream's key id: SHA-256 of the SPKI, so that every server that holds the key calls it the same. */
function keyId(key: KeyObject): string {
  return createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("base64url");
}

/** `pem`: a public or a private key. */
export function verificationKey(pem: string): VerificationKey {
  const key = createPublicKey(pem);
  return { id: keyId(key), algorithm: algorithmOf(key), key };
}

export function signingKey(pem: string): SigningKey {
  return { ...verificationKey(pem), privateKey: createPrivateKey(pem) };
}

export type Claims = Record<string, unknown>;

/** The compact form. */
export function signJwt(key: SigningKey, claims: Claims): string {
  const header = Buffer.from(JSON.stringify({ alg: key.algorithm, kid: key.id })).toString("base64url");
  const signed = `${header}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}`;
  const signature = sign(hashes[key.algorithm], Buffer.from(signed), { key: key.privateKey, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}

export interface ParsedJwt {
  readonly keyId: string | undefined;
  readonly algorithm: string;
  readonly claims: Claims;
  readonly signed: string;
  readonly signature: Buffer;
}

/** Reads without checking the signature; undefined when it is no compact JWS with JSON objects inside. */
export function parseJwt(token: string): ParsedJwt | undefined {
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  const [head = "", body = "", tail = ""] = parts;
  const header = jsonObject(head);
  const claims = jsonObject(body);
  if (header === undefined || claims === undefined || typeof header["alg"] !== "string") return undefined;
  return {
    keyId: typeof header["kid"] === "string" && header["kid"] !== "" ? header["kid"] : undefined,
    algorithm: header["alg"],
    claims,
    signed: `${head}.${body}`,
    signature: Buffer.from(tail, "base64url"),
  };
}

function jsonObject(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export function verifyJwt(jwt: ParsedJwt, key: VerificationKey): boolean {
  // The key says how it signs; a token that names another way is not one of its.
  if (jwt.algorithm !== key.algorithm) return false;
  return verify(hashes[key.algorithm], Buffer.from(jwt.signed), { key: key.key, dsaEncoding: "ieee-p1363" }, jwt.signature);
}
