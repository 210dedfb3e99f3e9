/** An OpenID Connect issuer over real HTTPS, with keys of every kind that can be exchanged, and a place for distributed claims. */
import { constants, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { type CertificateAndKey, issueCertificate } from "../../src/host/pki.ts";

export interface Issuer extends AsyncDisposable {
  readonly url: string;
  /** The discovery document, when it is not below `url`. */
  readonly discoveryUrl: string;
  /** `algorithm`: RS256 … PS512; `HS256` and `none` make tokens that nobody may accept. `keyId`: another than the key's own. */
  token(claims: Record<string, unknown>, options?: { algorithm?: string; keyId?: string }): string;
  /** From now on signs with new keys, and publishes them beside the old. */
  rotate(): void;
  /** Times that the keys were fetched. */
  readonly fetches: number;
}

interface Key {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const curves: Readonly<Record<string, string>> = { ES256: "P-256", ES384: "P-384", ES512: "P-521" };

function makeKeys(generation: number): Map<string, Key> {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const keys = new Map<string, Key>([["RSA", { id: `rsa-${generation}`, ...rsa }]]);
  for (const [algorithm, namedCurve] of Object.entries(curves)) {
    keys.set(algorithm, { id: `${algorithm.toLowerCase()}-${generation}`, ...generateKeyPairSync("ec", { namedCurve }) });
  }
  return keys;
}

const base64 = (value: unknown): string => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

function signatureOf(algorithm: string, signed: string, key: KeyObject): string {
  if (algorithm === "none" || algorithm.startsWith("HS")) return "";
  const hash = `sha${algorithm.slice(2)}`;
  const data = Buffer.from(signed);
  if (algorithm.startsWith("ES")) return sign(hash, data, { key, dsaEncoding: "ieee-p1363" }).toString("base64url");
  if (algorithm.startsWith("RS")) return sign(hash, data, key).toString("base64url");
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return sign(hash, data, { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }).toString("base64url");
}

/** `path`: what comes after the host in its URL. `maxAge`: how long it says that its keys are good, in seconds. */
export async function startIssuer(ca: CertificateAndKey, path = "", maxAge = 0): Promise<Issuer> {
  const serving = issueCertificate(ca, { commonName: "issuer", sans: ["127.0.0.1"], usages: ["server"] });
  let generation = 1;
  let keys = makeKeys(generation);
  const published = [...keys.values()];
  let fetches = 0;
  let url = "";
  const token: Issuer["token"] = (claims, options = {}) => {
    const { algorithm = "RS256" } = options;
    const key = keys.get(algorithm.startsWith("ES") ? algorithm : "RSA") as Key;
    const signed = `${base64({ alg: algorithm, kid: options.keyId ?? key.id })}.${base64(claims)}`;
    return `${signed}.${signatureOf(algorithm, signed, key.privateKey)}`;
  };
  const server: Server = createServer({ cert: serving.certificate, key: serving.key }, (request, response) => {
    const answer = (body: unknown, type = "application/json"): void => {
      response.writeHead(200, { "content-type": type, "cache-control": `max-age=${maxAge}` });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    };
    const asked = request.url ?? "";
    if (asked === `${path}/.well-known/openid-configuration` || asked === "/elsewhere") {
      answer({ issuer: url, jwks_uri: `${url}/keys`, id_token_signing_alg_values_supported: ["RS256"] });
    } else if (asked === `${path}/keys`) {
      fetches++;
      const jwk = (k: Key): object => ({ ...k.publicKey.export({ format: "jwk" }), use: "sig", kid: k.id });
      answer({ keys: published.map(jwk) });
    } else if (asked === "/groups" && request.headers.authorization === "Bearer for-groups") {
      answer(token({ iss: url, aud: "cluster", exp: 4_000_000_000, groups: ["distributed"] }), "application/jwt");
    } else {
      response.writeHead(404, { "content-type": "text/plain" });
      response.end("not here\n");
    }
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  url = `https://127.0.0.1:${port}${path}`;
  return {
    url,
    discoveryUrl: `https://127.0.0.1:${port}/elsewhere`,
    token,
    rotate: () => {
      keys = makeKeys(++generation);
      published.push(...keys.values());
    },
    get fetches() {
      return fetches;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  };
}
