/** All ways to say who one is, put together in upstream's order (`k8s.io/kubernetes/pkg/kubeapiserver/authenticator`). */
import { type Clock, systemClock } from "../core/clock.ts";
import type { Histogram } from "../core/metrics.ts";
import type { Authenticator } from "./authenticator.ts";
import {
  anonymousAuthenticator,
  authenticatedGroupAdder,
  type Authorities,
  CertificateAuthenticator,
  orElse,
  unionAuthenticator,
} from "./authenticators.ts";
import { requestHeaderAuthenticator, type RequestHeaderOptions } from "./request-header.ts";
import { bearerAuthenticator, bearerToken, type TokenAuthenticator } from "./token-authenticator.ts";

export interface RequestAuthenticatorOptions {
  /** By which certificates are valid: the system's when absent, as for TLS itself. */
  readonly clock?: Clock | undefined;
  /** A proxy in front that names its users. */
  readonly requestHeader?: RequestHeaderOptions | undefined;
  /** Who signs the certificates of users; none is believed when absent. */
  readonly clientAuthorities?: Authorities | undefined;
  readonly tokens?: TokenAuthenticator | undefined;
  /** What the server answers to as an audience of tokens. */
  readonly audiences?: readonly string[] | undefined;
  /** Who shows nothing is `system:anonymous`: everywhere, or at these paths only. Absent: is refused. */
  readonly anonymous?: { readonly paths?: readonly string[] | undefined } | undefined;
  /** How long the certificates still last that requests come with, in seconds. */
  readonly certificateRemaining?: Histogram | undefined;
}

/**
 * Proxy headers, certificate, bearer token, then nobody. Credentials that are wrong are refused, never taken for anonymous.
 */
export function requestAuthenticator(options: RequestAuthenticatorOptions): Authenticator {
  const { clock = systemClock, clientAuthorities, tokens, anonymous } = options;
  // A header that holds no token for all its looks is told of, whoever it is in the end that asks.
  const members: Authenticator[] = [{ authenticate: ({ headers, notes }) => void bearerToken(headers, notes) }];
  if (options.requestHeader !== undefined) members.push(requestHeaderAuthenticator(options.requestHeader, clock));
  if (clientAuthorities !== undefined) {
    members.push(new CertificateAuthenticator({ authorities: clientAuthorities, clock, remaining: options.certificateRemaining }));
  }
  if (tokens !== undefined) members.push(bearerAuthenticator(tokens, options.audiences));
  const known = authenticatedGroupAdder(unionAuthenticator(...members));
  return anonymous === undefined ? known : orElse(known, anonymousAuthenticator(anonymous.paths));
}
