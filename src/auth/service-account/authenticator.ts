/**
 * Checks service account tokens: signature, time, audience, and that the account and whatever the token is bound to still
 * exist. A signature is checked once a token; existence every time.
 */
import { timingSafeEqual } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import type { KubeObject } from "../../schema/object.ts";
import type { Secret, ServiceAccount } from "../../schema/types/core-v1.ts";
import type { Authentication } from "../authenticator.ts";
import { aggregate } from "../authorizers.ts";
import { serviceAccountGroups, serviceAccountUser, splitServiceAccountUser } from "../names.ts";
import type { TokenAuthenticator } from "../token-authenticator.ts";
import { legacyIssuer } from "./issuer.ts";
import { parseJwt, verifyJwt } from "./jwt.ts";
import type { Claims, ParsedJwt, VerificationKey } from "./jwt.ts";

/** Present objects; undefined when there is none. */
export interface BoundObjectGetter {
  serviceAccount(namespace: string, name: string): Promise<ServiceAccount | undefined> | ServiceAccount | undefined;
  secret(namespace: string, name: string): Promise<Secret | undefined> | Secret | undefined;
  pod(namespace: string, name: string): Promise<KubeObject | undefined> | KubeObject | undefined;
  node(name: string): Promise<KubeObject | undefined> | KubeObject | undefined;
}

export interface ServiceAccountAuthenticatorOptions {
  /** Accepted issuers. */
  readonly issuers: readonly string[];
  readonly keys: () => readonly VerificationKey[];
  /** What the API server itself answers to. */
  readonly audiences: readonly string[];
  readonly objects: BoundObjectGetter;
  readonly clock: Clock;
}

/** Clocks differ; so may the moment at which something was deleted. Seconds, as in go-jose. */
const leeway = 60;
const remembered = 4096;

interface Ref {
  readonly name: string;
  readonly uid: string | undefined;
}

export class ServiceAccountAuthenticator implements TokenAuthenticator {
  readonly #options: ServiceAccountAuthenticatorOptions;
  /** Tokens with a good signature. */
  readonly #verified = new Map<string, Claims>();

  constructor(options: ServiceAccountAuthenticatorOptions) {
    this.#options = options;
  }

  async authenticateToken(token: string, audiences?: readonly string[]): Promise<Authentication | undefined> {
    const claims = this.#claims(token);
    if (claims === undefined) return undefined;
    const own = this.#options.audiences;
    const named = audiencesOf(claims);
    const tokenAudiences = named.length === 0 ? own : named;
    const requested = audiences ?? own;
    const matching = tokenAudiences.filter((a) => requested.includes(a));
    if (matching.length === 0 && own.length > 0) {
      throw new Error(`token audiences ${list(tokenAudiences)} is invalid for the target audiences ${list(requested)}`);
    }
    const user = claims["iss"] === legacyIssuer ? await this.#legacy(token, claims) : await this.#bound(claims);
    return { user, audiences: matching };
  }

  /** Undefined: not a token of ours. Throws when it claims to be one and is not. */
  #claims(token: string): Claims | undefined {
    const known = this.#verified.get(token);
    if (known !== undefined) return known;
    const jwt = parseJwt(token);
    if (jwt === undefined) return undefined;
    const issuer = jwt.claims["iss"];
    if (issuer !== legacyIssuer && !this.#options.issuers.includes(issuer as string)) return undefined;
    this.#checkSignature(jwt);
    if (this.#verified.size >= remembered) this.#verified.delete(this.#verified.keys().next().value as string);
    this.#verified.set(token, jwt.claims);
    return jwt.claims;
  }

  #checkSignature(jwt: ParsedJwt): void {
    const keys = this.#options.keys().filter((k) => jwt.keyId === undefined || k.id === jwt.keyId);
    if (keys.length === 0) throw new Error("invalid signature, no keys found");
    if (keys.some((key) => verifyJwt(jwt, key))) return;
    throw new Error(aggregate(keys.map(() => "go-jose/go-jose: error in cryptographic primitive")));
  }

  #checkTime(claims: Claims): void {
    const now = this.#options.clock.now() / 1000;
    const { nbf, exp, iat } = claims;
    if (typeof nbf === "number" && now + leeway < nbf) throw new Error("service account token is not valid yet");
    if (typeof exp === "number" && now - leeway > exp) throw new Error("service account token has expired");
    if (typeof iat === "number" && now + leeway < iat) throw new Error("service account token is issued in the future");
  }

  async #bound(claims: Claims): Promise<Authentication["user"]> {
    this.#checkTime(claims);
    const kubernetes = asObject(claims["kubernetes.io"]);
    const namespace = text(kubernetes["namespace"]);
    const account = refOf(kubernetes["serviceaccount"]) ?? { name: "", uid: undefined };
    await this.#account(namespace, account);
    const { objects } = this.#options;
    const secret = refOf(kubernetes["secret"]);
    if (secret !== undefined) this.#alive(await objects.secret(namespace, secret.name), secret, "secret", "service account secret");
    const pod = refOf(kubernetes["pod"]);
    if (pod !== undefined) this.#alive(await objects.pod(namespace, pod.name), pod, "pod", "service account pod");
    const node = refOf(kubernetes["node"]);
    // The node of a pod's token is a note of where it was made; a token bound to a node dies with it.
    if (node !== undefined && pod === undefined) this.#alive(await objects.node(node.name), node, "node", "service account node");

    const extra: Record<string, string[]> = {};
    if (typeof claims["jti"] === "string") extra["authentication.kubernetes.io/credential-id"] = [`JTI=${claims["jti"]}`];
    if (node !== undefined) {
      extra["authentication.kubernetes.io/node-name"] = [node.name];
      if (node.uid !== undefined) extra["authentication.kubernetes.io/node-uid"] = [node.uid];
    }
    if (pod?.uid !== undefined) {
      extra["authentication.kubernetes.io/pod-name"] = [pod.name];
      extra["authentication.kubernetes.io/pod-uid"] = [pod.uid];
    }
    return userOf(namespace, account, extra);
  }

  async #account(namespace: string, ref: Ref): Promise<ServiceAccount> {
    const found = await this.#options.objects.serviceAccount(namespace, ref.name);
    if (found === undefined) throw new Error(`serviceaccounts ${JSON.stringify(ref.name)} not found`);
    if (found.metadata?.uid !== ref.uid) {
      throw new Error(`service account UID (${found.metadata?.uid ?? ""}) does not match claim (${ref.uid ?? ""})`);
    }
    if (this.#gone(found)) throw new Error(`service account ${namespace}/${ref.name} has been deleted`);
    return found;
  }

  #alive(found: KubeObject | undefined, ref: Ref, kind: string, claim: string): void {
    if (found === undefined) throw new Error("service account token has been invalidated");
    if (found.metadata?.uid !== ref.uid) {
      throw new Error(`${kind} UID (${found.metadata?.uid ?? ""}) does not match ${claim} ref claim (${ref.uid ?? ""})`);
    }
    if (this.#gone(found)) throw new Error("service account token has been invalidated");
  }

  /** Deleted for longer than clocks differ. */
  #gone(object: KubeObject): boolean {
    const at = object.metadata?.deletionTimestamp;
    return at !== undefined && Date.parse(at) < this.#options.clock.now() - leeway * 1000;
  }

  async #legacy(token: string, claims: Claims): Promise<Authentication["user"]> {
    const claim = (name: string): string => text(claims[`kubernetes.io/serviceaccount/${name}`]);
    const namespace = claim("namespace");
    const secretName = claim("secret.name");
    const account = { name: claim("service-account.name"), uid: claim("service-account.uid") };
    if (text(claims["sub"]) === "") throw new Error("sub claim is missing");
    if (namespace === "") throw new Error("namespace claim is missing");
    if (secretName === "") throw new Error("secretName claim is missing");
    if (account.name === "") throw new Error("serviceAccountName claim is missing");
    if (account.uid === "") throw new Error("serviceAccountUID claim is missing");
    const subject = splitServiceAccountUser(text(claims["sub"]));
    if (subject?.namespace !== namespace || subject.name !== account.name) throw new Error("sub claim is invalid");

    const secret = await this.#options.objects.secret(namespace, secretName);
    if (secret === undefined || secret.metadata?.deletionTimestamp !== undefined) throw new Error("Token has been invalidated");
    const kept = Buffer.from(secret.data?.["token"] ?? "", "base64");
    const shown = Buffer.from(token);
    if (kept.length !== shown.length || !timingSafeEqual(kept, shown)) throw new Error("Token does not match server's copy");
    const found = await this.#options.objects.serviceAccount(namespace, account.name);
    if (found === undefined) throw new Error(`serviceaccounts ${JSON.stringify(account.name)} not found`);
    if (found.metadata?.deletionTimestamp !== undefined) {
      throw new Error(`ServiceAccount ${namespace}/${account.name} has been deleted`);
    }
    if (found.metadata?.uid !== account.uid) {
      throw new Error(`ServiceAccount UID (${found.metadata?.uid ?? ""}) does not match claim (${account.uid})`);
    }
    return userOf(namespace, account, {});
  }
}

function userOf(namespace: string, account: Ref, extra: Record<string, string[]>): Authentication["user"] {
  return {
    name: serviceAccountUser(namespace, account.name),
    ...(account.uid === undefined ? {} : { uid: account.uid }),
    groups: serviceAccountGroups(namespace),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

function audiencesOf(claims: Claims): string[] {
  const { aud } = claims;
  if (typeof aud === "string") return [aud];
  return Array.isArray(aud) ? aud.filter((a) => typeof a === "string") : [];
}

const list = (values: readonly string[]): string => `[${values.map((v) => JSON.stringify(v)).join(" ")}]`;
const text = (value: unknown): string => (typeof value === "string" ? value : "");

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function refOf(value: unknown): Ref | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { name, uid } = value as Record<string, unknown>;
  return { name: text(name), uid: typeof uid === "string" ? uid : undefined };
}
