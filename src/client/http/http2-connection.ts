/** One HTTP/2 session. Notices a dead peer by pings and leaves a draining one (GOAWAY) to its running exchanges. */
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { connect, constants } from "node:http2";
import type { TLSSocket } from "node:tls";
import type { Clock, Timer } from "../../core/clock.ts";
import { type Connection, plainHeaders, WireError, type WireRequest, type WireResponse } from "./wire.ts";

/** Silence after which the peer is asked for a sign of life, and how long it has for that (client-go: 30 s and 15 s). */
const silence = 30_000;
const pingTimeout = 15_000;
/** Streams this side asks for at most on one session; beyond it another one is opened. */
const ownStreamLimit = 1000;
const streamWindow = 4 * 1024 * 1024;
const sessionWindow = 32 * 1024 * 1024;

export class Http2Connection implements Connection {
  readonly #session: ClientHttp2Session;
  readonly #socket: TLSSocket;
  readonly #clock: Clock;
  #streams = 0;
  #draining = false;
  #watchdog: Timer | undefined;
  #bytesSeen = 0;

  constructor(authority: string, socket: TLSSocket, clock: Clock, onClose: () => void) {
    this.#socket = socket;
    this.#clock = clock;
    this.#session = connect(authority, {
      createConnection: () => socket,
      // Node's 10 MB refuse forty large lists at once; what one may hold is bounded by the windows instead.
      maxSessionMemory: 1024,
      settings: { enablePush: false, initialWindowSize: streamWindow },
    });
    this.#session.once("connect", () => this.#session.setLocalWindowSize(sessionWindow));
    this.#session.on("goaway", () => (this.#draining = true));
    // Each stream reports the failure to the one who waits for it.
    this.#session.on("error", () => (this.#draining = true));
    this.#session.once("close", () => {
      this.#draining = true;
      this.#watchdog?.cancel();
      onClose();
    });
    this.#session.unref();
  }

  get available(): boolean {
    if (this.#draining || this.#session.closed || this.#session.destroyed) return false;
    return this.#streams < Math.min(ownStreamLimit, this.#session.remoteSettings?.maxConcurrentStreams ?? ownStreamLimit);
  }

  /** Closed: it will never take another exchange. */
  get dead(): boolean {
    return this.#session.destroyed;
  }

  exchange(request: WireRequest): Promise<WireResponse> {
    return new Promise((resolve, reject) => {
      let stream: ClientHttp2Stream;
      try {
        stream = this.#session.request(
          { ...request.headers, ":method": request.method, ":path": request.path },
          { endStream: request.body === undefined },
        );
      } catch (error) {
        this.#draining = true;
        reject(new WireError(messageOf(error), true, error));
        return;
      }
      this.#opened();
      let answered = false;
      const onAbort = (): void => {
        reject(request.signal?.reason as Error);
        stream.close(constants.NGHTTP2_CANCEL);
      };
      request.signal?.addEventListener("abort", onAbort, { once: true });
      stream.once("response", (headers: IncomingHttpHeaders & { ":status"?: number }) => {
        answered = true;
        resolve({ status: headers[":status"] ?? 0, headers: plainHeaders(headers), body: stream });
      });
      // Also the body's reader gets these; here they only matter before the answer.
      stream.on("error", (error) => {
        if (!answered) reject(this.#failed(stream, messageOf(error), error));
      });
      stream.once("close", () => {
        request.signal?.removeEventListener("abort", onAbort);
        this.#closed();
        if (!answered) reject(this.#failed(stream, "the connection was closed before an answer came"));
      });
      if (request.body !== undefined) stream.end(request.body);
    });
  }

  close(): void {
    this.#draining = true;
    this.#session.destroy();
  }

  /** A session that refuses is leaving, even if its GOAWAY is yet to be read: the next attempt is not to go the same way. */
  #failed(stream: ClientHttp2Stream, message: string, error?: NodeJS.ErrnoException): WireError {
    const unprocessed = this.#unprocessed(stream, error);
    this.#draining ||= unprocessed;
    return new WireError(message, unprocessed, error);
  }

  /** Refused, or never sent: RFC 9113, section 8.7. */
  #unprocessed(stream: ClientHttp2Stream, error?: NodeJS.ErrnoException): boolean {
    return stream.id === undefined || stream.rstCode === constants.NGHTTP2_REFUSED_STREAM || error?.code === "ERR_HTTP2_GOAWAY_SESSION";
  }

  /** An idle session does not keep the process alive. */
  #opened(): void {
    if (this.#streams++ > 0) return;
    this.#session.ref();
    this.#bytesSeen = this.#socket.bytesRead;
    this.#watchdog = this.#clock.setInterval(() => this.#check(), silence);
  }

  #closed(): void {
    if (--this.#streams > 0) return;
    this.#watchdog?.cancel();
    this.#watchdog = undefined;
    if (!this.#session.destroyed) this.#session.unref();
  }

  #check(): void {
    const seen = this.#socket.bytesRead;
    if (seen !== this.#bytesSeen) {
      this.#bytesSeen = seen;
      return;
    }
    if (this.#session.destroyed) return;
    const giveUp = this.#clock.setTimeout(() => {
      this.#draining = true;
      this.#session.destroy(new Error("the server does not answer pings"));
    }, pingTimeout);
    this.#session.ping(() => giveUp.cancel());
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
