import { unauthorized } from "../../core/api-error.ts";
import type { UserInfo } from "../../auth/user.ts";
import type { RequestState } from "./request-state.ts";

export const anonymous: UserInfo = { name: "system:anonymous", groups: ["system:unauthenticated"] };
export const authenticatedGroup = "system:authenticated";

/** Who asks, from certificate or token. In-process callers have said it already. */
export async function authenticate({ server, request }: RequestState): Promise<undefined> {
  if (request.user !== undefined) return;
  const { authenticator } = server.options;
  if (authenticator === undefined) {
    request.user = anonymous;
    return;
  }
  const token = bearerToken(request.headers["authorization"], request.headers["sec-websocket-protocol"]);
  const found = await authenticator.authenticate({
    certificate: request.certificate,
    token,
    header: (name) => {
      const value = request.headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
  });
  if (found === undefined) {
    // A token that nobody knows is wrong; no token at all is anonymous.
    if (token !== undefined) throw unauthorized();
    request.user = anonymous;
    return;
  }
  const { user } = found;
  request.user =
    user.groups.includes(authenticatedGroup) || user.name === anonymous.name
      ? user
      : { ...user, groups: [...user.groups, authenticatedGroup] };
}

const protocolPrefix = "base64url.bearer.authorization.k8s.io.";

function bearerToken(authorization: string | string[] | undefined, protocols: string | string[] | undefined): string | undefined {
  const header = Array.isArray(authorization) ? authorization[0] : authorization;
  if (header !== undefined) {
    const at = header.indexOf(" ");
    if (at > 0 && header.slice(0, at).toLowerCase() === "bearer") {
      const token = header.slice(at + 1).trim();
      if (token !== "") return token;
    }
  }
  if (protocols === undefined) return undefined;
  const list = Array.isArray(protocols) ? protocols.join(",") : protocols;
  for (const protocol of list.split(",")) {
    const name = protocol.trim();
    if (name.startsWith(protocolPrefix)) return Buffer.from(name.slice(protocolPrefix.length), "base64url").toString();
  }
  return undefined;
}
