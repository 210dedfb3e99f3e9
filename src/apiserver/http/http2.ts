/** The HTTP/2 side: one `stream` event is one request. The compatibility layer of node:http2 is not involved. */
import { constants } from "node:http2";
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { ResponseSink } from "../request.ts";
import { collectBody } from "./body.ts";
import type { OutgoingHeaders, Reply } from "./answer.ts";
import { endWith } from "./end-with.ts";
import type { Exchange } from "./exchange.ts";
import type { Peer } from "./peer-certificate.ts";
import { WireRequest } from "./wire-request.ts";

class StreamReply implements Reply {
  readonly #stream: ServerHttp2Stream;
  readonly #request: WireRequest;
  readonly #maxBuffered: number;

  constructor(stream: ServerHttp2Stream, request: WireRequest, maxBuffered: number) {
    this.#stream = stream;
    this.#request = request;
    this.#maxBuffered = maxBuffered;
  }

  get started(): boolean {
    return this.#stream.headersSent;
  }

  send(_status: number, headers: OutgoingHeaders, body: Uint8Array | readonly Uint8Array[] | undefined): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    if (body === undefined || body.length === 0) stream.respond(headers, { endStream: true });
    else {
      stream.respond(headers);
      endWith(stream, body);
    }
  }

  begin(_status: number, headers: OutgoingHeaders): ResponseSink {
    const stream = this.#stream;
    if (!stream.destroyed && !stream.closed) stream.respond(headers);
    return new StreamSink(stream, this.#request, this.#maxBuffered);
  }
}

class StreamSink implements ResponseSink {
  readonly #stream: ServerHttp2Stream;
  readonly #request: WireRequest;
  readonly #maxBuffered: number;

  constructor(stream: ServerHttp2Stream, request: WireRequest, maxBuffered: number) {
    this.#stream = stream;
    this.#request = request;
    this.#maxBuffered = maxBuffered;
  }

  write(chunk: Uint8Array): boolean {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed || stream.writableEnded) return true;
    const taken = stream.write(chunk);
    // Whoever reads too slowly for what it asked for is let go; the other streams of the connection go on.
    if (!taken && stream.writableLength > this.#maxBuffered) this.destroy();
    return taken;
  }

  onDrain(run: () => void): void {
    this.#stream.once("drain", run);
  }

  end(): void {
    if (!this.#stream.destroyed) this.#stream.end();
  }

  destroy(): void {
    this.#request.abort();
    this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    // A peer that grants no window would keep the queued bytes alive for as long as the connection lives.
    this.#stream.destroy();
  }

  get signal(): AbortSignal {
    return this.#request.signal;
  }

  get buffered(): number {
    return this.#stream.writableLength;
  }
}

/** Serves the streams of one connection. */
export function serveSession(session: ServerHttp2Session, peer: Peer, exchange: Exchange): void {
  session.on("stream", (stream, headers, _flags, raw) => serveStream(stream, headers, raw, peer, exchange));
  session.on("error", (error) => exchange.log.debug("connection failed", { error, peer: peer.remoteAddress }));
}

function serveStream(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  raw: readonly string[],
  peer: Peer,
  exchange: Exchange,
): void {
  const method = headers[":method"] as unknown as string;
  const url = headers[":path"] as unknown as string;
  const request = new WireRequest(method, url, headers, peer, exchange.log);
  request.impersonates = impersonates(raw);
  const reply = new StreamReply(stream, request, exchange.maxBuffered);
  // A reset stream says so twice, by an error and by its end: the end is enough.
  stream.on("error", ignore);
  stream.on("close", () => request.abort());
  if (stream.endAfterHeaders) {
    exchange.run(request, reply, peer);
    return;
  }
  collectBody(stream, headers["content-length"], exchange.maxBodyBytes, (body) => {
    if (body === "too large") exchange.tooLarge(request, reply);
    else {
      if (body.length > 0) request.body = body;
      exchange.run(request, reply, peer);
    }
  });
}

/** Whether any header's name begins with `impersonate-`. The flat list is cheaper to look through than the object. */
function impersonates(raw: readonly string[]): boolean {
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    if (name.charCodeAt(0) === 105 && name.startsWith("impersonate-")) return true;
  }
  return false;
}

function ignore(): void {
  // Listening is what keeps the process alive; what happened is told by `close`.
}
