/** WebSocket streams for kubelets that know only SPDY: translated here, as upstream does (KEP-4006). */
import type { ApiRequest, ApiResponse } from "../../apiserver/request.ts";
import { ApiError, isApiError } from "../../core/api-error.ts";
import { openRemoteCommand } from "../../client/streaming/remote-command-client.ts";
import { acceptRemoteCommand } from "../../client/streaming/remote-command-server.ts";
import {
  failureStatus,
  type RemoteCommandClient,
  type RemoteCommandSession,
  type StreamSelection,
  type UpgradeTarget,
} from "../../client/streaming/session.ts";
import { upgradeToSpdy } from "../../client/streaming/upgrade-request.ts";
import { acceptWebSocket } from "../../host/websocket/accept.ts";
import { WebSocketDuplex } from "../../host/websocket/duplex.ts";
import { dialBackend, originOf, type Backend } from "../proxy/backend.ts";
import { join } from "../proxy/upgrade-tunnel.ts";

const hijacked: ApiResponse = { status: 101, headers: {}, hijacked: true };

/** Exec and attach: both ends are spoken in full. */
export async function translateCommand(
  request: ApiRequest,
  backend: Backend,
  path: string,
  streams: StreamSelection,
): Promise<ApiResponse> {
  const client = await openRemoteCommand(await target(backend, path, request.signal), streams, { transport: "spdy" });
  let session: RemoteCommandSession;
  try {
    session = await acceptRemoteCommand(upgradeOf(request), { streams });
  } catch {
    // The client has got its answer on the socket.
    client.close();
    return hijacked;
  }
  void relay(session, client);
  return hijacked;
}

/** Port-forward: SPDY leaves its WebSocket here and goes on as it is. */
export async function translatePortForward(request: ApiRequest, backend: Backend, path: string): Promise<ApiResponse> {
  const kubelet = await upgradeToSpdy(await target(backend, path, request.signal), ["portforward.k8s.io"], request.signal);
  const client = new WebSocketDuplex(await acceptWebSocket(upgradeOf(request), "SPDY/3.1+portforward.k8s.io"));
  if (kubelet.head.length > 0) client.write(kubelet.head);
  join(client, kubelet.socket);
  return hijacked;
}

async function relay(session: RemoteCommandSession, client: RemoteCommandClient): Promise<void> {
  session.signal.addEventListener("abort", () => client.close(), { once: true });
  if (session.stdin !== undefined && client.stdin !== undefined) session.stdin.pipe(client.stdin);
  if (session.stdout !== undefined) client.stdout?.pipe(session.stdout, { end: false });
  if (session.stderr !== undefined) client.stderr?.pipe(session.stderr, { end: false });
  session.onResize((size) => client.resize(size));
  try {
    const status = await client.status;
    await Promise.all([drained(client.stdout), drained(client.stderr)]);
    await session.finish(status);
  } catch (error) {
    await session.finish(failureStatus(error instanceof Error ? error.message : String(error)));
  }
}

function drained(stream: RemoteCommandClient["stdout"]): Promise<void> {
  return new Promise((resolve) => {
    if (stream === undefined || stream.readableEnded || stream.destroyed) resolve();
    else {
      stream.once("end", resolve);
      stream.once("close", resolve);
    }
  });
}

/** The connection is made first, so that an unreachable node is told apart from one that refuses. */
async function target(backend: Backend, path: string, signal: AbortSignal): Promise<UpgradeTarget> {
  try {
    const socket = await dialBackend(backend, signal);
    return { url: new URL(originOf(backend) + path), dial: () => Promise.resolve(socket) };
  } catch (error) {
    if (isApiError(error)) throw error;
    throw new ApiError(500, "", `error dialing backend: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function upgradeOf(request: ApiRequest): Parameters<typeof acceptRemoteCommand>[0] {
  if (request.upgrade === undefined) throw new ApiError(500, "", "the request has no connection to upgrade");
  return {
    method: request.method,
    headers: request.headers,
    query: request.query,
    socket: request.upgrade.socket,
    head: request.upgrade.head,
  };
}
