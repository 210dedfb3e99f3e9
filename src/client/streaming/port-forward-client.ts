/** The client end of port-forward: SPDY through a WebSocket (KEP-4006), or SPDY/3.1 itself. */
import { Duplex } from "node:stream";
import { SpdyConnection, type SpdyStream } from "../../host/spdy/index.ts";
import { connectWebSocket } from "../../host/websocket/connect.ts";
import { WebSocketDuplex } from "../../host/websocket/duplex.ts";
import { portForwardProtocol, tunnelPrefix } from "./protocols.ts";
import type { PortForwardClient, StreamTransport, UpgradeTarget } from "./session.ts";
import { asApiError, shouldFallBack, upgradeToSpdy } from "./upgrade-request.ts";

export interface PortForwardOptions {
  /** Default `websocket-then-spdy`. */
  readonly transport?: StreamTransport | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Connects to `target` (a portforward URL). Rejects with an ApiError when refused. */
export async function openPortForward(target: UpgradeTarget, options: PortForwardOptions = {}): Promise<PortForwardClient> {
  const connection = await connect(target, options.transport ?? "websocket-then-spdy", options.signal);
  options.signal?.addEventListener("abort", () => connection.close(), { once: true });
  let request = 0;
  return {
    protocol: portForwardProtocol,
    connect: (port) => forwarded(connection, port, request++),
    close: () => connection.close(),
    closed: connection.closed,
  };
}

async function connect(target: UpgradeTarget, transport: StreamTransport, signal: AbortSignal | undefined): Promise<SpdyConnection> {
  if (transport === "spdy") return await overSpdy(target, signal);
  try {
    const { socket } = await connectWebSocket(target, [tunnelPrefix + portForwardProtocol], signal);
    return new SpdyConnection(new WebSocketDuplex(socket), { server: false, pingIntervalMs: 10_000 });
  } catch (error) {
    if (transport === "websocket-then-spdy" && shouldFallBack(error)) return await overSpdy(target, signal);
    throw asApiError(error);
  }
}

async function overSpdy(target: UpgradeTarget, signal: AbortSignal | undefined): Promise<SpdyConnection> {
  const { socket, head } = await upgradeToSpdy(target, [portForwardProtocol], signal);
  return new SpdyConnection(socket, { server: false, pingIntervalMs: 5000 }, head);
}

/** One forwarded connection: its data stream, failing with what the error stream says. */
function forwarded(connection: SpdyConnection, port: number, request: number): Duplex {
  const headers = { port: String(port), requestid: String(request) };
  const error = connection.createStream({ ...headers, streamtype: "error" });
  error.on("error", () => undefined);
  error.end();
  const data: SpdyStream = connection.createStream({ ...headers, streamtype: "data" });
  const said: Buffer[] = [];
  error.on("data", (chunk: Buffer) => said.push(chunk));
  error.once("end", () => {
    if (said.length > 0) data.destroy(new Error(Buffer.concat(said).toString("utf8")));
  });
  return data;
}
