import { unauthorized } from "../../core/api-error.ts";
import type { Authentication, AuthenticationNotes, Credentials } from "../../auth/authenticator.ts";
import { anonymousUser, unauthenticatedGroup } from "../../auth/names.ts";
import { webSocketToken } from "../../auth/token-authenticator.ts";
import type { UserInfo } from "../../auth/user.ts";
import { annotate } from "../audit/annotations.ts";
import type { ApiRequest } from "../request.ts";
import type { ServerState } from "../server-state.ts";
import type { RequestState } from "./request-state.ts";

export const anonymous: UserInfo = { name: anonymousUser, groups: [unauthenticatedGroup] };
export const authenticatedGroup = "system:authenticated";

/** Who asks, from certificate, token or proxy. In-process callers have said it already. */
export function authenticate({ server, request }: RequestState): Promise<undefined> | undefined {
  if (request.user !== undefined) return undefined;
  const { authenticator, clock } = server.options;
  if (authenticator === undefined) {
    request.user = anonymous;
    return undefined;
  }
  const started = clock.monotonic();
  let found: ReturnType<typeof authenticator.authenticate>;
  try {
    found = authenticator.authenticate(credentialsOf(request));
  } catch (error) {
    return refuse(server, request, started, error);
  }
  if (!(found instanceof Promise)) return accept(server, request, started, found);
  return found.then(
    (answer) => accept(server, request, started, answer),
    (error: unknown) => refuse(server, request, started, error),
  );
}

function credentialsOf(request: ApiRequest): Credentials {
  return { certificate: request.certificate, headers: request.headers, path: request.path, notes: notesOf(request) };
}

/** What is told beside an answer goes to the request's warnings and to its audit event. */
export function notesOf(request: ApiRequest): AuthenticationNotes {
  return {
    warn: (text) => void request.warnings.push(text),
    annotate: (key, value) => annotate(request, key, value),
  };
}

function refuse(server: ServerState, request: ApiRequest, started: number, error: unknown): never {
  server.access.authenticated("error", (server.options.clock.monotonic() - started) / 1000);
  request.log.debug("a request's credentials were refused", { error });
  throw unauthorized();
}

function accept(server: ServerState, request: ApiRequest, started: number, found: Authentication | undefined): undefined {
  const seconds = (server.options.clock.monotonic() - started) / 1000;
  if (found === undefined) {
    server.access.authenticated("failure", seconds);
    throw unauthorized();
  }
  const own = server.options.audiences;
  if (own !== undefined && own.length > 0 && found.audiences !== undefined && found.audiences.length > 0) {
    if (!found.audiences.some((a) => own.includes(a))) {
      server.access.authenticated("error", seconds);
      throw unauthorized();
    }
  }
  server.access.authenticated("success", seconds, found.user.name);
  forgetCredentials(server, request);
  request.user = found.user;
  return undefined;
}

/** Nobody behind this point, here or at the end of a proxied request, gets to see what somebody identified himself with. */
function forgetCredentials(server: ServerState, request: ApiRequest): void {
  const headers = request.headers as Record<string, string | string[] | undefined>;
  if (headers["authorization"] !== undefined) headers["authorization"] = undefined;
  else if (headers["sec-websocket-protocol"] !== undefined) {
    const shown = webSocketToken(headers);
    if (shown !== undefined) headers["sec-websocket-protocol"] = shown.others.join(",");
  }
  const custom = server.options.proxyHeaders;
  for (const name in headers) {
    if (name.startsWith("x-remote-") && standardProxyHeader(name)) headers[name] = undefined;
    else if (custom !== undefined && custom(name)) headers[name] = undefined;
  }
}

function standardProxyHeader(name: string): boolean {
  return name === "x-remote-user" || name === "x-remote-uid" || name === "x-remote-group" || name.startsWith("x-remote-extra-");
}
