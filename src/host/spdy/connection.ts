/**
 * A SPDY/3.1 connection over any byte stream (SPDY protocol draft 3.1), either end. Kubernetes speaks it after an HTTP/1.1
 * upgrade for exec, attach and port-forward, or inside a WebSocket (KEP-4006).
 *
 * Go's peers (moby/spdystream) neither send nor honour WINDOW_UPDATE. So windows bind us only towards a peer that has said
 * with a SETTINGS frame that it keeps them (ours do); towards others the transport's own backpressure holds, and reading
 * stops while one stream's reader lags far behind.
 */
import type { Duplex } from "node:stream";
import { systemClock, type Clock, type Timer } from "../../core/clock.ts";
import { FrameParser, SpdyProtocolError, dataHead, encodeFrame, resetStatus, settingsId, type Frame } from "./frames.ts";
import { HeaderReader, HeaderWriter, type SpdyHeaders } from "./header-block.ts";
import { SpdyStream, type StreamOwner } from "./stream.ts";

export interface SpdyOptions {
  /** The accepting end: its streams have even numbers. */
  readonly server: boolean;
  /**
   * A stream the peer opened. Throw to refuse it. Absent: all are refused. Data that comes before a reader is kept.
   */
  readonly onStream?: ((stream: SpdyStream) => void) | undefined;
  readonly clock?: Clock | undefined;
  /** The connection closes after that long without a frame. Absent: never. */
  readonly idleTimeoutMs?: number | undefined;
  /** A ping is sent this often. Absent: never. */
  readonly pingIntervalMs?: number | undefined;
  /** The window of each stream we receive, in bytes. Default 256 KiB. */
  readonly window?: number | undefined;
}

/** The protocol's window before anybody says otherwise. */
const defaultWindow = 64 * 1024;
/** Unread bytes of one stream beyond which we stop reading from a peer that keeps no windows. */
const lagLimit = 1024 * 1024;
const maxStreams = 10_000;

type HeaderFrame = Extract<Frame, { readonly block: Buffer }>;

const hasHeaders = (frame: Frame): frame is HeaderFrame => "block" in frame;

export class SpdyConnection implements StreamOwner {
  readonly #socket: Duplex;
  readonly #options: SpdyOptions;
  readonly #clock: Clock;
  readonly #parser = new FrameParser();
  readonly #reader = new HeaderReader();
  readonly #writer = new HeaderWriter();
  readonly #streams = new Map<number, SpdyStream>();
  readonly #waiting: { stream: SpdyStream; chunk: Buffer; fin: boolean; sent: (error?: Error | null) => void }[] = [];
  readonly #drained: ((error?: Error | null) => void)[] = [];
  readonly #pings = new Map<number, () => void>();
  readonly #window: number;
  readonly #closed: Promise<void>;
  #resolveClosed: () => void = () => undefined;
  #nextId: number;
  #nextPing: number;
  #lastReceived = 0;
  #reading = false;
  #paused = false;
  #done = false;
  #goingAway = false;
  #peerKeepsWindows = false;
  #peerWindow = defaultWindow;
  #lastActivity: number;
  #timers: Timer[] = [];

  constructor(socket: Duplex, options: SpdyOptions, head: Buffer = Buffer.alloc(0)) {
    this.#socket = socket;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#window = options.window ?? 256 * 1024;
    this.#nextId = options.server ? 2 : 1;
    this.#nextPing = options.server ? 2 : 1;
    this.#lastActivity = this.#clock.monotonic();
    this.#closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("drain", () => this.#onDrain());
    socket.on("end", () => this.#onGone());
    socket.on("close", () => this.#onGone());
    socket.on("error", () => this.#onGone());
    this.#send({ type: "settings", values: [[settingsId.initialWindowSize, this.#window]] });
    if (options.idleTimeoutMs !== undefined) this.#watchIdle(options.idleTimeoutMs);
    if (options.pingIntervalMs !== undefined) this.#timers.push(this.#clock.setInterval(() => void this.ping(), options.pingIntervalMs));
    if (head.length > 0) this.#onData(head);
  }

  /** Resolves when the connection is gone. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  get isClosed(): boolean {
    return this.#done;
  }

  /** Opens a stream. Writing need not wait for the peer's acceptance. Throws when the connection is closed. */
  createStream(headers: SpdyHeaders): SpdyStream {
    if (this.#done || this.#goingAway) throw new Error("the SPDY connection is closed");
    const id = this.#nextId;
    this.#nextId += 2;
    const stream = new SpdyStream(this, id, headers, { receive: this.#window, send: this.#peerWindow });
    this.#streams.set(id, stream);
    this.#send({
      type: "synStream",
      streamId: id,
      associatedTo: 0,
      priority: 0,
      fin: false,
      unidirectional: false,
      block: this.#writer.write(headers),
    });
    return stream;
  }

  /** Resolves when the peer answers, or at once when the connection is gone. */
  ping(): Promise<void> {
    if (this.#done) return Promise.resolve();
    const id = this.#nextPing;
    this.#nextPing = (this.#nextPing + 2) & 0x7fffffff;
    return new Promise((resolve) => {
      this.#pings.set(id, resolve);
      this.#send({ type: "ping", id });
    });
  }

  /** Says goodbye and closes once what was written is out. Streams that are still open are reset. */
  close(): void {
    if (this.#done) return;
    this.#goingAway = true;
    for (const stream of this.#streams.values()) stream.destroy();
    this.#send({ type: "goAway", lastStreamId: this.#lastReceived, status: 0 });
    this.#socket.end();
    this.#finish();
  }

  /** Closes at once. */
  destroy(): void {
    this.#socket.destroy();
    this.#finish();
  }

  sendData(stream: SpdyStream, chunk: Buffer, fin: boolean, sent: (error?: Error | null) => void): void {
    if (this.#done) {
      sent(Object.assign(new Error("the SPDY connection is closed"), { code: "EPIPE" }));
      return;
    }
    if (this.#peerKeepsWindows && chunk.length > 0 && stream.sendWindow < chunk.length) {
      const now = Math.max(0, stream.sendWindow);
      if (now > 0) this.#writeData(stream, chunk.subarray(0, now), false);
      this.#waiting.push({ stream, chunk: chunk.subarray(now), fin, sent });
      return;
    }
    if (this.#writeData(stream, chunk, fin)) sent();
    else this.#drained.push(sent);
  }

  #writeData(stream: SpdyStream, chunk: Buffer, fin: boolean): boolean {
    stream.sendWindow -= chunk.length;
    this.#lastActivity = this.#clock.monotonic();
    if (chunk.length === 0) return this.#socket.write(dataHead(stream.id, 0, fin));
    this.#socket.cork();
    this.#socket.write(dataHead(stream.id, chunk.length, fin));
    const more = this.#socket.write(chunk);
    this.#socket.uncork();
    return more;
  }

  consumed(stream: SpdyStream, bytes: number): void {
    stream.receiveWindow += bytes;
    if (this.#peerKeepsWindows && !stream.remoteDone) this.#send({ type: "windowUpdate", streamId: stream.id, delta: bytes });
    if (this.#paused && stream.buffered <= lagLimit) this.#resume();
  }

  reset(stream: SpdyStream, localDone: boolean): void {
    // A reset after our end makes Go's reader drop data it has not handed over yet; its own server does not send it either.
    if (localDone && !this.#peerKeepsWindows) return;
    this.#send({ type: "rstStream", streamId: stream.id, status: resetStatus.cancel });
  }

  finished(stream: SpdyStream): void {
    this.#streams.delete(stream.id);
    if (this.#paused) this.#resume();
    for (let i = this.#waiting.length - 1; i >= 0; i--) {
      const entry = this.#waiting[i];
      if (entry?.stream !== stream) continue;
      this.#waiting.splice(i, 1);
      entry.sent(Object.assign(new Error("the stream was closed"), { code: "EPIPE" }));
    }
  }

  #send(frame: Frame): void {
    if (this.#done || this.#socket.writableEnded || this.#socket.destroyed) return;
    this.#socket.write(encodeFrame(frame));
  }

  #onData(chunk: Buffer): void {
    this.#lastActivity = this.#clock.monotonic();
    this.#parser.push(chunk);
    if (!this.#reading) this.#advance();
  }

  /** Handles the frames at hand in order. Header blocks inflate asynchronously: later frames wait for them. */
  #advance(): void {
    try {
      for (;;) {
        const frame = this.#done ? undefined : this.#parser.next();
        if (frame === undefined) break;
        if (hasHeaders(frame)) {
          this.#reading = true;
          this.#reader.read(frame.block).then(
            (headers) => {
              this.#reading = false;
              this.#onHeaders(frame, headers);
              this.#advance();
            },
            () => this.destroy(),
          );
          return;
        }
        this.#onFrame(frame);
      }
    } catch (error) {
      if (!(error instanceof SpdyProtocolError)) throw error;
      this.#send({ type: "goAway", lastStreamId: this.#lastReceived, status: 1 });
      this.destroy();
      return;
    }
    this.#checkLag();
  }

  #onHeaders(frame: HeaderFrame, headers: SpdyHeaders): void {
    if (this.#done) return;
    if (frame.type !== "synStream") {
      const stream = this.#streams.get(frame.streamId);
      if (frame.type === "synReply") stream?.answered();
      if (frame.fin) stream?.receiveEnd();
      return;
    }
    const odd = frame.streamId % 2 === 1;
    if (odd !== this.#options.server || frame.streamId <= this.#lastReceived) {
      this.#send({ type: "rstStream", streamId: frame.streamId, status: resetStatus.protocolError });
      return;
    }
    this.#lastReceived = frame.streamId;
    if (this.#goingAway || this.#options.onStream === undefined || this.#streams.size >= maxStreams) {
      this.#send({ type: "rstStream", streamId: frame.streamId, status: resetStatus.refusedStream });
      return;
    }
    const stream = new SpdyStream(this, frame.streamId, headers, { receive: this.#window, send: this.#peerWindow });
    stream.answered();
    this.#streams.set(stream.id, stream);
    this.#send({ type: "synReply", streamId: stream.id, fin: false, block: this.#writer.write({}) });
    if (frame.fin) stream.receiveEnd();
    try {
      this.#options.onStream(stream);
    } catch {
      // Refused: what was wrong is between the acceptor and its log; the peer sees a reset, as from Go's server.
      stream.destroy();
    }
  }

  #onFrame(frame: Exclude<Frame, HeaderFrame>): void {
    switch (frame.type) {
      case "data": {
        const stream = this.#streams.get(frame.streamId);
        if (stream === undefined) return;
        stream.receiveWindow -= frame.data.length;
        stream.receive(frame.data);
        if (frame.fin) stream.receiveEnd();
        return;
      }
      case "rstStream": {
        const stream = this.#streams.get(frame.streamId);
        const quiet = frame.status === resetStatus.cancel || frame.status === resetStatus.refusedStream;
        stream?.receiveReset(quiet ? undefined : new Error(`the stream was reset (status ${frame.status})`));
        return;
      }
      case "ping": {
        const mine = frame.id % 2 === (this.#options.server ? 0 : 1);
        if (!mine) this.#send(frame);
        else {
          this.#pings.get(frame.id)?.();
          this.#pings.delete(frame.id);
        }
        return;
      }
      case "settings":
        this.#onSettings(frame.values);
        return;
      case "windowUpdate": {
        const stream = this.#streams.get(frame.streamId);
        if (stream !== undefined) stream.sendWindow += frame.delta;
        this.#sendWaiting();
        return;
      }
      case "goAway":
        this.#goingAway = true;
        return;
    }
  }

  #onSettings(values: readonly (readonly [number, number])[]): void {
    for (const [id, value] of values) {
      if (id !== settingsId.initialWindowSize) continue;
      const change = value - this.#peerWindow;
      this.#peerKeepsWindows = true;
      this.#peerWindow = value;
      for (const stream of this.#streams.values()) stream.sendWindow += change;
    }
    this.#sendWaiting();
  }

  #sendWaiting(): void {
    for (const entry of this.#waiting.splice(0)) this.sendData(entry.stream, entry.chunk, entry.fin, entry.sent);
  }

  #onDrain(): void {
    for (const sent of this.#drained.splice(0)) sent();
  }

  /** Stops reading while a stream's reader is far behind: a peer without windows would fill our memory. */
  #checkLag(): void {
    if (this.#paused || this.#done) return;
    for (const stream of this.#streams.values()) {
      if (stream.buffered > lagLimit) {
        this.#paused = true;
        this.#socket.pause();
        return;
      }
    }
  }

  #resume(): void {
    for (const stream of this.#streams.values()) if (stream.buffered > lagLimit) return;
    this.#paused = false;
    this.#socket.resume();
  }

  #watchIdle(ms: number): void {
    const check = (): void => {
      if (this.#done) return;
      const left = this.#lastActivity + ms - this.#clock.monotonic();
      if (left <= 0) this.close();
      else this.#timers = [...this.#timers.slice(0, -1), this.#clock.setTimeout(check, left)];
    };
    this.#timers.push(this.#clock.setTimeout(check, ms));
  }

  /** The socket ended: frames that still wait for their headers are handled first. */
  #onGone(): void {
    if (this.#done) return;
    if (this.#reading) {
      setImmediate(() => this.#onGone());
      return;
    }
    if (!this.#socket.destroyed) this.#socket.end();
    this.#finish();
  }

  #finish(): void {
    if (this.#done) return;
    this.#done = true;
    for (const timer of this.#timers) timer.cancel();
    this.#reader.close();
    for (const stream of this.#streams.values()) stream.receiveReset();
    this.#streams.clear();
    const gone = Object.assign(new Error("the SPDY connection is closed"), { code: "EPIPE" });
    for (const sent of this.#drained.splice(0)) sent(gone);
    for (const { sent } of this.#waiting.splice(0)) sent(gone);
    for (const resolve of this.#pings.values()) resolve();
    this.#pings.clear();
    this.#resolveClosed();
  }
}
