/** What relying parties need to check service account tokens: OpenID Connect Discovery 1.0 §4, RFC 7517. */
import type { VerificationKey } from "./service-account/jwt.ts";

/** `/.well-known/openid-configuration`. `jwksUri`: absolute, https. */
export function openIdConfiguration(issuer: string, jwksUri: string, keys: readonly VerificationKey[]): object {
  return {
    issuer,
    jwks_uri: jwksUri,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: [...new Set(keys.map((k) => k.algorithm))].sort(),
  };
}

/** `/openid/v1/jwks`. */
export function jsonWebKeySet(keys: readonly VerificationKey[]): object {
  return {
    keys: keys.map(({ id, algorithm, key }) => {
      const { kty, crv, x, y, n, e } = key.export({ format: "jwk" });
      return { use: "sig", kty, kid: id, ...(crv === undefined ? {} : { crv }), alg: algorithm, ...(kty === "RSA" ? { n, e } : { x, y }) };
    }),
  };
}
