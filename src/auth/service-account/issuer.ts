/** Makes the tokens that service accounts present, with upstream's claims (KEP-1205, KEP-4193). */
import { randomUUID } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import { serviceAccountUser } from "../names.ts";
import { signJwt } from "./jwt.ts";
import type { Claims, SigningKey } from "./jwt.ts";

export interface ObjectRef {
  readonly name: string;
  /** Absent for a node that does not exist (yet). */
  readonly uid?: string | undefined;
}

export interface TokenWish {
  readonly serviceAccount: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  /** What the token dies with. A pod may bring the node it runs on. */
  readonly boundObject?:
    | { readonly kind: "Pod"; readonly ref: ObjectRef; readonly node?: ObjectRef | undefined }
    | { readonly kind: "Secret" | "Node"; readonly ref: ObjectRef }
    | undefined;
  /** Seconds after which use of the token is noted, though it still works. */
  readonly warnAfterSeconds?: number | undefined;
}

export interface IssuedToken {
  readonly token: string;
  readonly id: string;
}

export interface TokenIssuer {
  readonly issuer: string;
  issue(wish: TokenWish): IssuedToken;
  /** The everlasting token of a `kubernetes.io/service-account-token` secret. */
  issueLegacy(account: { namespace: string; name: string; uid: string }, secretName: string): string;
}

/** Who is named as the issuer of legacy tokens, whatever the cluster's issuer is. */
export const legacyIssuer = "kubernetes/serviceaccount";

export function tokenIssuer(options: { readonly issuer: string; readonly key: () => SigningKey; readonly clock: Clock }): TokenIssuer {
  return {
    issuer: options.issuer,
    issue(wish) {
      const now = Math.floor(options.clock.now() / 1000);
      const id = randomUUID();
      const claims: Claims = {
        aud: wish.audiences,
        exp: now + wish.expirationSeconds,
        iat: now,
        iss: options.issuer,
        jti: id,
        "kubernetes.io": kubernetesClaim(wish, now),
        nbf: now,
        sub: serviceAccountUser(wish.serviceAccount.namespace, wish.serviceAccount.name),
      };
      return { token: signJwt(options.key(), claims), id };
    },
    issueLegacy: (account, secretName) =>
      signJwt(options.key(), {
        iss: legacyIssuer,
        "kubernetes.io/serviceaccount/namespace": account.namespace,
        "kubernetes.io/serviceaccount/secret.name": secretName,
        "kubernetes.io/serviceaccount/service-account.name": account.name,
        "kubernetes.io/serviceaccount/service-account.uid": account.uid,
        sub: serviceAccountUser(account.namespace, account.name),
      }),
  };
}

function kubernetesClaim(wish: TokenWish, now: number): Claims {
  const { serviceAccount, boundObject, warnAfterSeconds } = wish;
  const ref = ({ name, uid }: ObjectRef): Claims => (uid === undefined ? { name } : { name, uid });
  const claim: Claims = { namespace: serviceAccount.namespace };
  const node = boundObject?.kind === "Node" ? boundObject.ref : boundObject?.kind === "Pod" ? boundObject.node : undefined;
  if (node !== undefined) claim["node"] = ref(node);
  if (boundObject?.kind === "Pod") claim["pod"] = ref(boundObject.ref);
  if (boundObject?.kind === "Secret") claim["secret"] = ref(boundObject.ref);
  claim["serviceaccount"] = { name: serviceAccount.name, uid: serviceAccount.uid };
  if (warnAfterSeconds !== undefined) claim["warnafter"] = now + warnAfterSeconds;
  return claim;
}
