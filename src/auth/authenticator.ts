import type { UserInfo } from "./user.ts";

/** What a request proves about its sender. */
export interface Credentials {
  /** The verified client certificate's subject, when TLS gave one. */
  readonly certificate?:
    | {
        readonly commonName: string;
        readonly organizations: readonly string[];
        readonly fingerprint: string;
        readonly uid?: string | undefined;
      }
    | undefined;
  /** The bearer token, from `Authorization` or the WebSocket subprotocol. */
  readonly token?: string | undefined;
  readonly header: (name: string) => string | undefined;
}

/** Undefined: not mine to say. Throws an ApiError 401 for credentials that are wrong. */
export interface Authenticator {
  authenticate(credentials: Credentials): Promise<Authentication | undefined> | Authentication | undefined;
}

export interface Authentication {
  readonly user: UserInfo;
  readonly audiences?: readonly string[] | undefined;
}
