/**
 * A WebSocket whose messages carry a channel number in their first byte: the `channel.k8s.io` subprotocols, raw or base64,
 * both ends.
 */
import { PassThrough, Writable, type Readable } from "node:stream";
import type { WebSocket } from "ws";
import { messageBytes } from "../../host/websocket/duplex.ts";
import { channel, versionOf } from "./protocols.ts";

const highWater = 1024 * 1024;
/** The largest message we send: the size of client-go's reading buffer. */
const maxMessage = 32 * 1024;

export class ChannelSocket {
  readonly protocol: string;
  readonly #socket: WebSocket;
  readonly #base64: boolean;
  readonly #closes: boolean;
  readonly #readers = new Map<number, PassThrough>();
  readonly #gone: Promise<void>;
  readonly #full = new Set<PassThrough>();

  constructor(socket: WebSocket, protocol: string) {
    this.#socket = socket;
    this.protocol = protocol;
    this.#base64 = protocol.includes("base64.");
    this.#closes = versionOf(protocol) >= 5;
    socket.on("message", (data) => this.#onMessage(messageBytes(data)));
    this.#gone = new Promise((resolve) => {
      socket.once("close", () => {
        for (const reader of this.#readers.values()) reader.end();
        resolve();
      });
    });
    socket.on("error", () => socket.terminate());
  }

  get gone(): Promise<void> {
    return this.#gone;
  }

  /** What arrives on channel `n`; ends with a close signal (v5) or with the connection. */
  reader(n: number): Readable {
    const known = this.#readers.get(n);
    if (known !== undefined) return known;
    const reader = new PassThrough({ highWaterMark: highWater });
    reader.on("drain", () => {
      this.#full.delete(reader);
      if (this.#full.size === 0) this.#socket.resume();
    });
    reader.on("error", () => undefined);
    reader.once("close", () => {
      this.#full.delete(reader);
      if (this.#full.size === 0) this.#socket.resume();
    });
    this.#readers.set(n, reader);
    return reader;
  }

  /** Sends on channel `n`. Ending it sends the close signal where the protocol has one and `closing` asks for it. */
  writer(n: number, closing: boolean): Writable {
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => this.#sendAll(n, chunk, done),
      final: (done) => {
        if (closing && this.#closes && this.#socket.readyState === this.#socket.OPEN) {
          this.#socket.send(Buffer.from([channel.close, n]), { binary: true });
        }
        done();
      },
    });
  }

  /** One message, also an empty one. */
  send(n: number, bytes: Buffer, done: (error?: Error | null) => void = () => undefined): void {
    if (this.#socket.readyState !== this.#socket.OPEN) {
      done(Object.assign(new Error("the WebSocket is closed"), { code: "EPIPE" }));
      return;
    }
    const slow = this.#socket.bufferedAmount > highWater;
    const sent = slow ? done : undefined;
    if (this.#base64) this.#socket.send(String.fromCharCode(48 + n) + bytes.toString("base64"), { binary: false }, sent);
    else {
      const message = Buffer.allocUnsafe(bytes.length + 1);
      message[0] = n;
      bytes.copy(message, 1);
      this.#socket.send(message, { binary: true }, sent);
    }
    if (!slow) done();
  }

  /** A normal close, after everything that was sent. */
  close(): void {
    this.#socket.close(1000);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #sendAll(n: number, chunk: Buffer, done: (error?: Error | null) => void): void {
    const step = (at: number): void => {
      const last = at + maxMessage >= chunk.length;
      this.send(n, chunk.subarray(at, at + maxMessage), (error) => {
        if (error || last) done(error);
        else step(at + maxMessage);
      });
    };
    step(0);
  }

  #onMessage(message: Buffer): void {
    if (message.length === 0) return;
    const first = message[0] as number;
    if (this.#closes && first === channel.close) {
      if (message.length !== 2) this.close();
      else this.#readers.get(message[1] as number)?.end();
      return;
    }
    const reader = this.#readers.get(this.#base64 ? first - 48 : first);
    if (reader === undefined || reader.writableEnded || reader.destroyed) return;
    const bytes = this.#base64 ? Buffer.from(message.subarray(1).toString("latin1"), "base64") : message.subarray(1);
    if (bytes.length > 0 && !reader.write(bytes)) {
      this.#full.add(reader);
      this.#socket.pause();
    }
  }
}
