/** Who asks: the client certificate first, then the bearer token. */
import { unauthorized } from "../core/api-error.ts";
import type { Authentication, Authenticator, Credentials } from "./authenticator.ts";
import { bearerAuthenticator, withAuthenticatedGroup } from "./token-authenticator.ts";
import type { TokenAuthenticator } from "./token-authenticator.ts";
import type { UserInfo } from "./user.ts";

const users = new WeakMap<object, Authentication>();

/** The verified certificate's common name is the user, its organizations are the groups. Worked out once a connection. */
export const certificateAuthenticator: Authenticator = {
  authenticate({ certificate }: Credentials) {
    if (certificate === undefined || certificate.commonName === "") return undefined;
    let known = users.get(certificate);
    if (known === undefined) {
      const user: UserInfo = {
        name: certificate.commonName,
        groups: certificate.organizations,
        ...(certificate.uid === undefined ? {} : { uid: certificate.uid }),
        extra: {
          "authentication.kubernetes.io/credential-id": [`X509SHA256=${certificate.fingerprint.replaceAll(":", "").toLowerCase()}`],
        },
      };
      known = withAuthenticatedGroup({ user });
      users.set(certificate, known);
    }
    return known;
  },
};

/**
 * Certificate, then token. Silent when the request shows neither: it is then anonymous. Credentials that are wrong are a
 * 401, never anonymous; what is wrong with them is told to `onFailure` only.
 */
export function requestAuthenticator(tokens: TokenAuthenticator, onFailure: (error: Error) => void = () => undefined): Authenticator {
  const bearer = bearerAuthenticator(tokens);
  return {
    authenticate(credentials) {
      const certified = certificateAuthenticator.authenticate(credentials);
      if (certified !== undefined) return certified;
      if (credentials.token === undefined && credentials.header("authorization") === undefined) {
        const protocols = credentials.header("sec-websocket-protocol");
        if (protocols === undefined || !protocols.includes("bearer.authorization")) return undefined;
      }
      return byToken(bearer, credentials, onFailure);
    },
  };
}

async function byToken(
  bearer: Authenticator,
  credentials: Credentials,
  onFailure: (error: Error) => void,
): Promise<Authentication | undefined> {
  try {
    const found = await bearer.authenticate(credentials);
    return found === undefined ? undefined : withAuthenticatedGroup(found);
  } catch (error) {
    if (error instanceof Error) onFailure(error);
    throw unauthorized();
  }
}
