/** An upgraded connection handed through to a backend byte by byte: SPDY, WebSocket, whatever both ends speak. */
import type { Duplex } from "node:stream";
import type { ApiRequest, ApiResponse } from "../../apiserver/request.ts";
import { ApiError, badRequest } from "../../core/api-error.ts";
import { dialBackend, hostPort, type Backend } from "./backend.ts";
import { appendForwardedFor } from "./reverse-proxy.ts";

/** Whether the client asks for an upgrade at all. */
export function wantsUpgrade(request: ApiRequest): boolean {
  const connection = request.headers["connection"];
  const text = Array.isArray(connection) ? connection.join(",") : (connection ?? "");
  return text.toLowerCase().includes("upgrade");
}

/**
 * Connects to the backend, sends it the request's head as it came (without credentials), and joins the two connections. The
 * backend's answer, 101 or an error, goes back as it is.
 */
export async function tunnelUpgrade(request: ApiRequest, backend: Backend, path: string): Promise<ApiResponse> {
  const upgrade = request.upgrade;
  if (upgrade === undefined) throw badRequest("Upgrade request required");
  let socket: Duplex;
  try {
    socket = await dialBackend(backend, request.signal);
  } catch (error) {
    throw new ApiError(500, "", `error dialing backend: ${error instanceof Error ? error.message : String(error)}`);
  }
  socket.write(requestHead(request, backend, path), "latin1");
  if (upgrade.head.length > 0) socket.write(upgrade.head);
  join(upgrade.socket, socket);
  return { status: 101, headers: {}, hijacked: true };
}

/** Ends both when one is over. Half-open does not occur: what Kubernetes sends ends as a whole. */
export function join(client: Duplex, backend: Duplex): void {
  client.pipe(backend);
  backend.pipe(client);
  client.once("close", () => backend.destroy());
  backend.once("close", () => client.destroy());
  client.on("error", () => backend.destroy());
  backend.on("error", () => client.destroy());
}

const credentials: ReadonlySet<string> = new Set(["authorization", "host"]);

function requestHead(request: ApiRequest, backend: Backend, path: string): string {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || credentials.has(name) || name.startsWith("impersonate-") || name.startsWith(":")) continue;
    headers[name] = name === "sec-websocket-protocol" ? withoutToken(value) : value;
  }
  appendForwardedFor(headers, request.remoteAddress);
  const host = request.headers["host"];
  const lines = [`${request.method} ${path} HTTP/1.1`, `Host: ${typeof host === "string" ? host : hostPort(backend)}`];
  for (const [name, value] of Object.entries(headers)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== "") lines.push(`${name}: ${one}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** A browser carries its bearer token among the subprotocols: it is for us alone. */
function withoutToken(value: string | string[]): string {
  const text = Array.isArray(value) ? value.join(",") : value;
  const kept = text
    .split(",")
    .map((p) => p.trim())
    .filter((p) => !p.startsWith("base64url.bearer.authorization.k8s.io."));
  return kept.join(", ");
}
