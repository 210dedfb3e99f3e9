import type { ReadCertificate } from "../host/x509.ts";
import type { UserInfo } from "./user.ts";

/** The certificate that TLS showed, not yet trusted: by whom it must be signed is the authenticator's to say. */
export interface ClientCertificate {
  readonly leaf: ReadCertificate;
  /** What else the peer sent, nearest first. */
  readonly intermediates: readonly ReadCertificate[];
  /** SHA-256 of the leaf's DER, lower-case hex. */
  readonly fingerprint: string;
}

/** What an authenticator has to tell beside its answer. */
export interface AuthenticationNotes {
  /** For the `Warning` header. */
  warn(text: string): void;
  /** For the request's audit event. */
  annotate(key: string, value: string): void;
}

/** What a request proves about its sender. */
export interface Credentials {
  readonly certificate?: ClientCertificate | undefined;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Of the URL, without the query. */
  readonly path: string;
  readonly notes: AuthenticationNotes;
  /** Whom a token must be for; the server's own audiences when absent. */
  readonly audiences?: readonly string[] | undefined;
}

/** Undefined: not mine to say. Throws an Error for credentials that are wrong; whoever asks answers 401. */
export interface Authenticator {
  authenticate(credentials: Credentials): Promise<Authentication | undefined> | Authentication | undefined;
}

export interface Authentication {
  readonly user: UserInfo;
  /** Those of the asked audiences that the credential is good for; absent when it knows of none. */
  readonly audiences?: readonly string[] | undefined;
}

/** For those who want to know who it is, and nothing else. */
export const noNotes: AuthenticationNotes = { warn: () => undefined, annotate: () => undefined };
