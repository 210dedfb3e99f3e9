/** A watch (or any streamed answer) over a WebSocket: every line of a JSON stream is a text message, other pieces are binary ones. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { ResponseSink } from "../request.ts";
import type { OutgoingHeaders, Reply } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import type { WireRequest } from "./wire-request.ts";

export function isWebSocketUpgrade(incoming: IncomingMessage): boolean {
  return incoming.headers.upgrade?.toLowerCase() === "websocket" && incoming.headers["sec-websocket-key"] !== undefined;
}

/** Subprotocols under which upstream streams: raw, and base64 for clients that cannot take binary messages. */
const binary = "binary.k8s.io";
const base64 = "base64.binary.k8s.io";

/** `plain` answers what is no stream: errors go over HTTP, before the handshake. */
export function webSocketReply(
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  request: WireRequest,
  plain: Reply,
  exchange: Exchange,
): Reply {
  let started = false;
  return {
    get started() {
      return started || plain.started;
    },
    send: (status, headers, body) => plain.send(status, headers, body),
    begin(status: number, headers: OutgoingHeaders): ResponseSink {
      if (status !== 200) return plain.begin(status, headers);
      started = true;
      const sink = new WebSocketSink(request, headers[headers.indexOf("content-type") + 1] ?? "", exchange.maxBuffered);
      sink.open(incoming, socket, head).catch((error: unknown) => {
        exchange.log.debug("WebSocket handshake failed", { error });
        sink.destroy();
      });
      return sink;
    },
  };
}

class WebSocketSink implements ResponseSink {
  readonly #request: WireRequest;
  readonly #text: boolean;
  readonly #maxBuffered: number;
  #socket: WebSocket | undefined;
  #waiting: Uint8Array[] = [];
  #rest = "";
  #ended = false;
  #drains: (() => void)[] = [];

  constructor(request: WireRequest, contentType: string, maxBuffered: number) {
    this.#request = request;
    this.#text = contentType.startsWith("application/json");
    this.#maxBuffered = maxBuffered;
  }

  async open(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { WebSocketServer } = await import("ws");
    const server = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered) => (offered.has(base64) ? base64 : offered.has(binary) ? binary : false),
    });
    server.handleUpgrade(incoming, socket, head, (ws) => {
      ws.on("close", () => this.#request.abort());
      ws.on("error", () => this.#request.abort());
      this.#socket = ws;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const chunk of waiting) this.write(chunk);
      if (this.#ended) ws.close(1000);
    });
  }

  write(chunk: Uint8Array): boolean {
    const ws = this.#socket;
    if (ws === undefined) {
      this.#waiting.push(chunk);
      return true;
    }
    const sent = (): void => {
      if (ws.bufferedAmount === 0) for (const run of this.#drains.splice(0)) run();
    };
    if (this.#text) {
      const lines = (this.#rest + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("utf8")).split("\n");
      this.#rest = lines.pop() ?? "";
      for (const line of lines) ws.send(ws.protocol === base64 ? Buffer.from(`${line}\n`).toString("base64") : `${line}\n`, sent);
    } else if (ws.protocol === base64) ws.send(Buffer.from(chunk).toString("base64"), sent);
    else ws.send(chunk, sent);
    if (ws.bufferedAmount > this.#maxBuffered) this.destroy();
    return ws.bufferedAmount < 64 * 1024;
  }

  onDrain(run: () => void): void {
    this.#drains.push(run);
  }

  end(): void {
    this.#ended = true;
    this.#socket?.close(1000);
  }

  destroy(): void {
    this.#request.abort();
    this.#socket?.terminate();
  }

  get signal(): AbortSignal {
    return this.#request.signal;
  }

  get buffered(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }
}
