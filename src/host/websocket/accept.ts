/** The accepting end of WebSockets, over `ws` without a server of its own. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";

export interface WebSocketRequest {
  readonly method: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** Bytes of one message. client-go sends at most 32 KiB; browsers may send more. */
const maxPayload = 16 * 1024 * 1024;

/** Whether the request asks for a WebSocket. */
export function isWebSocketRequest(headers: WebSocketRequest["headers"]): boolean {
  return (
    headerText(headers["upgrade"]).toLowerCase() === "websocket" && headerText(headers["connection"]).toLowerCase().includes("upgrade")
  );
}

/** The subprotocols the client offers, in its order. */
export function offeredProtocols(headers: WebSocketRequest["headers"]): string[] {
  return headerText(headers["sec-websocket-protocol"])
    .split(",")
    .map((p) => p.trim())
    .filter((p) => p !== "");
}

export function headerText(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join(",") : (value ?? "");
}

/**
 * Completes the handshake, answering with `protocol` (none when empty). Rejects when the handshake is malformed: `ws` has
 * answered on the socket then.
 */
export function acceptWebSocket(request: WebSocketRequest, protocol: string): Promise<WebSocket> {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload,
  });
  // The subprotocol is negotiated by the caller: Kubernetes' tunnel (`SPDY/3.1+…`) is no token, which `ws` insists on.
  if (protocol !== "") server.once("headers", (lines: string[]) => lines.push(`Sec-WebSocket-Protocol: ${protocol}`));
  return new Promise((resolve, reject) => {
    const closed = (): void => reject(new Error("the WebSocket handshake failed"));
    request.socket.once("close", closed);
    server.handleUpgrade(asIncoming(request), request.socket, request.head, (socket) => {
      request.socket.off("close", closed);
      socket.binaryType = "nodebuffer";
      resolve(socket);
    });
  });
}

/** `ws` reads method, headers and nothing else of the request. */
function asIncoming(request: WebSocketRequest): IncomingMessage {
  const { method, socket } = request;
  const { "sec-websocket-protocol": _negotiated, ...headers } = request.headers;
  return Object.assign(Object.create(null) as object, {
    method,
    headers,
    socket,
    url: "/",
    httpVersion: "1.1",
  }) as unknown as IncomingMessage;
}
