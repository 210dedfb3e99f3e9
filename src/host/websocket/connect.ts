import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocket, type ClientOptions } from "ws";

export interface WebSocketTarget {
  /** `http:` or `https:`. */
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly tls?: Readonly<Record<string, unknown>> | undefined;
  readonly dial?: (() => Promise<Duplex>) | undefined;
}

/** The server answered the handshake with something else than 101. */
export class HandshakeRefused extends Error {
  override readonly name = "HandshakeRefused";
  readonly status: number;
  readonly body: string;

  constructor(status: number, body: string) {
    super(`the server answered ${status}: ${body}`);
    this.status = status;
    this.body = body;
  }
}

export interface OpenWebSocket {
  readonly socket: WebSocket;
  /** The subprotocol the server chose; empty when none. */
  readonly protocol: string;
}

/**
 * `ws` takes subprotocols to be tokens (RFC 6455, section 4.1); Kubernetes' tunnel is called `SPDY/3.1+portforward.k8s.io`.
 * So the header is ours, on the way out and on the way in.
 */
const protocolHeader = "sec-websocket-protocol";

/** Opens a WebSocket, offering `protocols`. Rejects with {@link HandshakeRefused} or the connection's error. */
export async function connectWebSocket(
  target: WebSocketTarget,
  protocols: readonly string[],
  signal?: AbortSignal,
): Promise<OpenWebSocket> {
  signal?.throwIfAborted();
  const url = new URL(target.url);
  url.protocol = url.protocol === "https:" || url.protocol === "wss:" ? "wss:" : "ws:";
  const dialled = await target.dial?.();
  if (dialled !== undefined) url.protocol = "ws:";
  const options: ClientOptions = {
    headers: { ...target.headers, ...(protocols.length === 0 ? {} : { [protocolHeader]: protocols.join(", ") }) },
    perMessageDeflate: false,
    followRedirects: false,
    ...target.tls,
    ...(dialled === undefined ? {} : { createConnection: (() => dialled) as unknown as NonNullable<ClientOptions["createConnection"]> }),
  };
  const socket = new WebSocket(url, [], options);
  let protocol = "";
  socket.once("upgrade", (response) => {
    protocol = response.headers[protocolHeader] ?? "";
    delete response.headers[protocolHeader];
  });
  socket.binaryType = "nodebuffer";
  return await new Promise((resolve, reject) => {
    const onAbort = (): void => {
      socket.terminate();
      reject(signal?.reason as Error);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    const settled = (): void => signal?.removeEventListener("abort", onAbort);
    socket.once("open", () => {
      settled();
      socket.off("error", failed);
      if (protocol !== "" && !protocols.includes(protocol)) {
        socket.terminate();
        reject(new Error(`the server chose the subprotocol ${protocol}, which was not offered`));
      } else {
        // What came with the handshake waits until whoever asked listens.
        socket.pause();
        setImmediate(() => socket.resume());
        resolve({ socket, protocol });
      }
    });
    const failed = (error: Error): void => {
      settled();
      reject(error);
    };
    socket.once("error", failed);
    socket.once("unexpected-response", (request: { destroy(): void }, response: IncomingMessage) => {
      settled();
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.once("end", () => {
        request.destroy();
        reject(new HandshakeRefused(response.statusCode ?? 0, Buffer.concat(parts).toString("utf8")));
      });
    });
  });
}
