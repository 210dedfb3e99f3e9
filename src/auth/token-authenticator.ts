/** Bearer tokens: who may know one, where a request carries it, and the chain that asks in turn. */
import type { Authentication, Authenticator, Credentials } from "./authenticator.ts";
import { authenticatedGroup } from "./names.ts";
import type { UserInfo } from "./user.ts";

/**
 * Undefined: not one of mine. Throws an Error that says what is wrong with one of mine. `audiences`: those that the token
 * must be for; the server's own when absent.
 */
export interface TokenAuthenticator {
  authenticateToken(token: string, audiences?: readonly string[]): Promise<Authentication | undefined> | Authentication | undefined;
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

/** The first that knows the token decides; what the others had to say about it is the error when none does. */
export function unionTokens(...members: readonly TokenAuthenticator[]): TokenAuthenticator {
  return {
    async authenticateToken(token, audiences) {
      const errors: Error[] = [];
      for (const member of members) {
        try {
          const found = await member.authenticateToken(token, audiences);
          if (found !== undefined) return found;
        } catch (error) {
          if (!(error instanceof Error)) throw error;
          errors.push(error);
        }
      }
      if (errors.length === 0) return undefined;
      throw errors.length === 1 ? (errors[0] as Error) : new Error(`[${errors.map((e) => e.message).join(", ")}]`);
    },
  };
}

const protocolPrefix = "base64url.bearer.authorization.k8s.io.";

/**
 * The token of a request: `Authorization: Bearer …`, or, since a browser's WebSocket cannot set headers, a subprotocol.
 */
export function bearerToken(header: (name: string) => string | undefined): string | undefined {
  const authorization = header("authorization");
  if (authorization !== undefined) {
    const [scheme = "", token = ""] = authorization.trim().split(/ +/);
    return scheme.toLowerCase() === "bearer" && token !== "" ? token : undefined;
  }
  for (const protocol of header("sec-websocket-protocol")?.split(",") ?? []) {
    const name = protocol.trim();
    if (name.startsWith(protocolPrefix)) return Buffer.from(name.slice(protocolPrefix.length), "base64url").toString("utf8");
  }
  return undefined;
}

/** Who asks, with the group that everybody known belongs to. */
export function withAuthenticatedGroup(authentication: Authentication): Authentication {
  const { user } = authentication;
  if (user.groups.includes(authenticatedGroup)) return authentication;
  return { ...authentication, user: { ...user, groups: [...user.groups, authenticatedGroup] } };
}

/** Authenticates by token; a token that nobody knows is refused with `invalid bearer token`. */
export function bearerAuthenticator(tokens: TokenAuthenticator): Authenticator {
  return {
    async authenticate(credentials: Credentials) {
      const token = credentials.token ?? bearerToken(credentials.header);
      if (token === undefined) return undefined;
      const found = await tokens.authenticateToken(token);
      if (found === undefined) throw new Error("invalid bearer token");
      return found;
    },
  };
}
