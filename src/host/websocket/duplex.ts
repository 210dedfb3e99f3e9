import { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";

/** Bytes waiting in the socket beyond which writers wait. */
const highWater = 1024 * 1024;

/** The bytes of one message as one buffer. */
export function messageBytes(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

/** A byte stream over a WebSocket's binary messages, message borders ignored: what SPDY is tunnelled through (KEP-4006). */
export class WebSocketDuplex extends Duplex {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    socket.on("message", (data) => {
      if (!this.push(messageBytes(data))) socket.pause();
    });
    socket.on("close", () => {
      this.push(null);
      if (!this.destroyed && this.writableEnded) this.destroy();
    });
    socket.on("error", (error) => this.destroy(error));
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#socket.readyState !== this.#socket.OPEN) {
      done(Object.assign(new Error("the WebSocket is closed"), { code: "EPIPE" }));
      return;
    }
    if (this.#socket.bufferedAmount < highWater) {
      this.#socket.send(chunk, { binary: true });
      done();
    } else this.#socket.send(chunk, { binary: true }, (error) => done(error));
  }

  override _final(done: () => void): void {
    this.#socket.close(1000);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.close(1000);
    else if (this.#socket.readyState !== this.#socket.CLOSED) this.#socket.terminate();
    done(error);
  }
}
