/** Bearer tokens: who may know one, where a request carries it, and the chain that asks in turn. */
import { isUtf8 } from "node:buffer";
import type { Authentication, AuthenticationNotes, Authenticator, Credentials } from "./authenticator.ts";
import { noNotes } from "./authenticator.ts";
import { asError, combined } from "./errors.ts";
import { anonymousUser, authenticatedGroup, unauthenticatedGroup } from "./names.ts";
import type { UserInfo } from "./user.ts";

/**
 * Undefined: not one of mine. Throws an Error that says what is wrong with one of mine. `audiences`: those that the token
 * must be for; the server's own when absent.
 */
export interface TokenAuthenticator {
  authenticateToken(
    token: string,
    audiences?: readonly string[],
    notes?: AuthenticationNotes,
  ): Promise<Authentication | undefined> | Authentication | undefined;
}

/** Tokens that are known beforehand: those of components in other processes. */
export function staticTokens(users: ReadonlyMap<string, UserInfo>): TokenAuthenticator {
  return {
    authenticateToken(token) {
      const user = users.get(token);
      return user === undefined ? undefined : { user };
    },
  };
}

/**
 * The first that knows the token decides; what the others had to say about it is the error when none does.
 * `failOnError`: the first error ends it.
 */
export function unionTokens(members: readonly TokenAuthenticator[], options: { failOnError?: boolean } = {}): TokenAuthenticator {
  if (members.length === 1) return members[0] as TokenAuthenticator;
  return {
    async authenticateToken(token, audiences, notes) {
      const errors: Error[] = [];
      for (const member of members) {
        try {
          const found = await member.authenticateToken(token, audiences, notes);
          if (found !== undefined) return found;
        } catch (error) {
          if (options.failOnError === true) throw error;
          errors.push(asError(error));
        }
      }
      if (errors.length === 0) return undefined;
      throw combined(errors);
    },
  };
}

/** For authenticators that know no audiences: what they know is good for the server's own, and for no other. */
export function forOwnAudiences(own: readonly string[], inner: TokenAuthenticator): TokenAuthenticator {
  return {
    authenticateToken(token, audiences, notes) {
      if (audiences === undefined) return inner.authenticateToken(token, undefined, notes);
      const shared = audiences.filter((a) => own.includes(a));
      if (shared.length === 0) return undefined;
      const found = inner.authenticateToken(token, audiences, notes);
      if (found instanceof Promise) return found.then((f) => (f === undefined ? undefined : { user: f.user, audiences: shared }));
      return found === undefined ? undefined : { user: found.user, audiences: shared };
    },
  };
}

const protocolPrefix = "base64url.bearer.authorization.k8s.io.";
const spaceWarning = "the provided Authorization header contains extra space before the bearer token, and is ignored";

const firstOf = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

/** `Authorization: Bearer …`; undefined when there is none. */
export function bearerToken(headers: Credentials["headers"], notes: AuthenticationNotes = noNotes): string | undefined {
  const given = headers["authorization"];
  if (given === undefined) return undefined;
  const authorization = firstOf(given)?.trim() ?? "";
  const scheme = authorization.indexOf(" ");
  if (scheme < 0 || authorization.slice(0, scheme).toLowerCase() !== "bearer") return undefined;
  const rest = authorization.slice(scheme + 1);
  const end = rest.indexOf(" ");
  const token = end < 0 ? rest : rest.slice(0, end);
  if (token !== "") return token;
  if (end >= 0) notes.warn(spaceWarning);
  return undefined;
}

/**
 * A browser's WebSocket cannot set headers: it brings the token as a subprotocol. Answers the token and the other
 * subprotocols. Throws an Error when there are several, one that is not encoded right, or nothing beside it.
 */
export function webSocketToken(headers: Credentials["headers"]): { readonly token: string; readonly others: string[] } | undefined {
  const protocols = headers["sec-websocket-protocol"];
  if (protocols === undefined || !isWebSocket(headers)) return undefined;
  const list = (Array.isArray(protocols) ? protocols.join(",") : protocols).split(",").map((p) => p.trim());
  const shown = list.filter((p) => p.startsWith(protocolPrefix));
  const others = list.filter((p) => !p.startsWith(protocolPrefix));
  if (shown.length > 1) throw new Error("multiple base64.bearer.authorization tokens specified");
  const [first] = shown;
  if (first === undefined) return undefined;
  const encoded = first.slice(protocolPrefix.length);
  const bytes = Buffer.from(encoded, "base64url");
  if (bytes.toString("base64url") !== encoded) throw new Error("invalid base64.bearer.authorization token encoding");
  if (!isUtf8(bytes)) throw new Error("invalid base64.bearer.authorization token");
  if (bytes.length === 0) return undefined;
  if (others.length === 0) throw new Error("missing additional subprotocol");
  return { token: bytes.toString("utf8"), others };
}

/** HTTP/1.1 Upgrade, or HTTP/2 extended CONNECT (RFC 8441). */
function isWebSocket(headers: Credentials["headers"]): boolean {
  if (firstOf(headers[":protocol"]) === "websocket") return true;
  const connection = headers["connection"];
  const asked = (Array.isArray(connection) ? connection.join(",") : (connection ?? "")).toLowerCase();
  return firstOf(headers["upgrade"])?.toLowerCase() === "websocket" && /(?:^|.*,)\s*upgrade\s*(?:,|$)/.test(asked);
}

/** Who asks, with the group that everybody known belongs to. */
export function withAuthenticatedGroup(authentication: Authentication): Authentication {
  const { user } = authentication;
  if (user.name === anonymousUser) return authentication;
  if (user.groups.includes(authenticatedGroup) || user.groups.includes(unauthenticatedGroup)) return authentication;
  return { ...authentication, user: { ...user, groups: [...user.groups, authenticatedGroup] } };
}

/**
 * Authenticates by the token of the `Authorization` header, or of a WebSocket. A token that nobody knows is refused with
 * `invalid bearer token`. `audiences`: what the server answers to.
 */
export function bearerAuthenticator(tokens: TokenAuthenticator, audiences?: readonly string[]): Authenticator {
  return {
    authenticate({ headers, notes, audiences: wanted }: Credentials) {
      const bearer = bearerToken(headers);
      const token = bearer ?? webSocketToken(headers)?.token;
      if (token === undefined) return undefined;
      const known = (found: Authentication | undefined): Authentication => {
        if (found === undefined) throw new Error(unknownToken);
        return found;
      };
      // Upstream asks for its own, in-process token first: what that has to say against any other comes before all else.
      const wrong = (thrown: unknown): never => {
        const error = asError(thrown);
        throw bearer === undefined ? error : combined([new Error(unknownToken), error]);
      };
      try {
        const found = tokens.authenticateToken(token, wanted ?? audiences, notes);
        return found instanceof Promise ? found.then(known).catch(wrong) : known(found);
      } catch (error) {
        return wrong(error);
      }
    },
  };
}

const unknownToken = "invalid bearer token";
