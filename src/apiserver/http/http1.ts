/** The HTTP/1.1 side: plain requests, and upgrades (SPDY, WebSocket). */
import { STATUS_CODES } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { ResponseSink } from "../request.ts";
import { collectBody } from "./body.ts";
import type { OutgoingHeaders, Reply } from "./answer.ts";
import { endWith } from "./end-with.ts";
import type { Exchange } from "./exchange.ts";
import type { Peer } from "./peer-certificate.ts";
import { WireRequest } from "./wire-request.ts";
import { isWebSocketUpgrade, webSocketReply } from "./websocket-watch.ts";

class MessageReply implements Reply {
  readonly #message: ServerResponse;
  readonly #request: WireRequest;
  readonly #maxBuffered: number;

  constructor(message: ServerResponse, request: WireRequest, maxBuffered: number) {
    this.#message = message;
    this.#request = request;
    this.#maxBuffered = maxBuffered;
  }

  get started(): boolean {
    return this.#message.headersSent;
  }

  send(status: number, headers: OutgoingHeaders, body: Uint8Array | readonly Uint8Array[] | undefined): void {
    this.#message.writeHead(status, headers.slice(2));
    endWith(this.#message, body);
  }

  begin(status: number, headers: OutgoingHeaders): ResponseSink {
    this.#message.writeHead(status, headers.slice(2));
    this.#message.flushHeaders();
    return new WritableSink(this.#message, this.#request, this.#maxBuffered);
  }
}

/** A sink over anything writable. */
class WritableSink implements ResponseSink {
  readonly #to: ServerResponse | Duplex;
  readonly #request: WireRequest;
  readonly #maxBuffered: number;

  constructor(to: ServerResponse | Duplex, request: WireRequest, maxBuffered: number) {
    this.#to = to;
    this.#request = request;
    this.#maxBuffered = maxBuffered;
  }

  write(chunk: Uint8Array): boolean {
    if (this.#to.destroyed || this.#to.writableEnded) return true;
    const taken = this.#to.write(chunk);
    if (!taken && this.#to.writableLength > this.#maxBuffered) this.destroy();
    return taken;
  }

  onDrain(run: () => void): void {
    this.#to.once("drain", run);
  }

  end(): void {
    this.#to.end();
  }

  destroy(): void {
    this.#request.abort();
    this.#to.destroy();
  }

  get signal(): AbortSignal {
    return this.#request.signal;
  }

  get buffered(): number {
    return this.#to.writableLength;
  }
}

export function serveMessage(incoming: IncomingMessage, outgoing: ServerResponse, peer: Peer, exchange: Exchange): void {
  const request = new WireRequest(incoming.method ?? "GET", incoming.url ?? "/", incoming.headers, peer, exchange.log);
  const reply = new MessageReply(outgoing, request, exchange.maxBuffered);
  outgoing.on("close", () => request.abort());
  if (incoming.headers["transfer-encoding"] === undefined && (incoming.headers["content-length"] ?? "0") === "0") {
    exchange.run(request, reply, peer);
    return;
  }
  collectBody(incoming, incoming.headers["content-length"], exchange.maxBodyBytes, (body) => {
    if (body === "too large") {
      outgoing.shouldKeepAlive = false;
      exchange.tooLarge(request, reply);
    } else {
      if (body.length > 0) request.body = body;
      exchange.run(request, reply, peer);
    }
  });
}

/**
 * An upgrade: the handler takes the connection over (`hijacked`), or the answer is written to it as HTTP/1.1 and it ends.
 * A watch over a WebSocket is a stream whose pieces become messages.
 */
export function serveUpgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer, peer: Peer, exchange: Exchange): void {
  const request = new WireRequest(incoming.method ?? "GET", incoming.url ?? "/", incoming.headers, peer, exchange.log);
  request.upgrade = { socket, head };
  socket.on("close", () => request.abort());
  socket.on("error", (error) => exchange.log.debug("upgraded connection failed", { error }));
  const plain = new SocketReply(socket, request, exchange.maxBuffered);
  exchange.run(request, isWebSocketUpgrade(incoming) ? webSocketReply(incoming, socket, head, request, plain, exchange) : plain, peer);
}

/** Writes an HTTP/1.1 answer onto a bare socket, which it then closes. */
class SocketReply implements Reply {
  started = false;
  readonly #socket: Duplex;
  readonly #request: WireRequest;
  readonly #maxBuffered: number;

  constructor(socket: Duplex, request: WireRequest, maxBuffered: number) {
    this.#socket = socket;
    this.#request = request;
    this.#maxBuffered = maxBuffered;
  }

  #head(status: number, headers: OutgoingHeaders): void {
    this.started = true;
    let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Unknown"}\r\n`;
    for (let i = 2; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
    this.#socket.write(`${text}date: ${new Date().toUTCString()}\r\nconnection: close\r\n\r\n`, "latin1");
  }

  send(status: number, headers: OutgoingHeaders, body: Uint8Array | readonly Uint8Array[] | undefined): void {
    this.#head(status, headers);
    endWith(this.#socket, body);
  }

  begin(status: number, headers: OutgoingHeaders): ResponseSink {
    this.#head(status, headers);
    return new WritableSink(this.#socket, this.#request, this.#maxBuffered);
  }
}
