import { Duplex } from "node:stream";
import type { SpdyHeaders } from "./header-block.ts";

/** What a stream needs from its connection. */
export interface StreamOwner {
  /** Sends data; `sent` is called when the connection can take more. */
  sendData(stream: SpdyStream, chunk: Buffer, fin: boolean, sent: (error?: Error | null) => void): void;
  /** The reader took `bytes`. */
  consumed(stream: SpdyStream, bytes: number): void;
  /** Nobody reads or writes the stream any more. `localDone`: our half had ended properly. */
  reset(stream: SpdyStream, localDone: boolean): void;
  /** Both halves are done. */
  finished(stream: SpdyStream): void;
}

/** The largest payload of one data frame we write, so that streams share the connection fairly. */
const maxPayload = 32 * 1024;

/**
 * One stream of a SPDY connection, half-open allowed: `end()` finishes our half, destroying it resets the stream. Ends are
 * those of the peer; a reset by the peer ends it as well, since Go's peers reset streams that are simply over.
 */
export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: SpdyHeaders;
  /** Resolves when the peer has accepted the stream. */
  readonly accepted: Promise<void>;
  /** Bytes the peer may still send us before it waits, where it honours windows. */
  receiveWindow: number;
  /** Bytes we may still send, where the peer honours windows. */
  sendWindow: number;
  readonly #owner: StreamOwner;
  #settleAccepted: { resolve: () => void; reject: (error: Error) => void } | undefined;
  #localDone = false;
  #remoteDone = false;
  #buffered = 0;

  constructor(owner: StreamOwner, id: number, headers: SpdyHeaders, windows: { receive: number; send: number }) {
    super({ allowHalfOpen: true, autoDestroy: true, emitClose: true });
    this.#owner = owner;
    this.id = id;
    this.headers = headers;
    this.receiveWindow = windows.receive;
    this.sendWindow = windows.send;
    this.accepted = new Promise((resolve, reject) => (this.#settleAccepted = { resolve, reject }));
    this.accepted.catch(() => undefined);
  }

  /** Bytes received and not yet read. */
  get buffered(): number {
    return this.#buffered;
  }

  get remoteDone(): boolean {
    return this.#remoteDone;
  }

  /** The peer accepted or refused the stream. */
  answered(error?: Error): void {
    if (error === undefined) this.#settleAccepted?.resolve();
    else this.#settleAccepted?.reject(error);
    this.#settleAccepted = undefined;
  }

  receive(data: Buffer): void {
    if (this.#remoteDone || this.destroyed || data.length === 0) return;
    this.#buffered += data.length;
    this.push(data);
    this.#noteConsumed();
  }

  /** The peer's half is over. */
  receiveEnd(): void {
    if (this.#remoteDone) return;
    this.#remoteDone = true;
    this.push(null);
    this.#checkDone();
  }

  /** The peer reset the stream, or the connection went: what was received stays readable. */
  receiveReset(error?: Error): void {
    this.answered(error ?? new Error("the stream was reset"));
    this.#localDone = true;
    if (error !== undefined) {
      this.#remoteDone = true;
      this.destroy(error);
      return;
    }
    this.receiveEnd();
    if (this.readableEnded || this.readableFlowing === null) this.destroy();
    else this.once("end", () => this.destroy());
  }

  /** Frames are pushed as they come; what the reader takes is noticed in {@link read}. */
  override _read(): void {}

  // Node calls _read once a push, before the reader has taken anything; every way of reading but the direct emit in push goes
  // through read().
  override read(size?: number): unknown {
    const chunk: unknown = super.read(size);
    this.#noteConsumed();
    return chunk;
  }

  #noteConsumed(): void {
    const taken = this.#buffered - this.readableLength;
    if (taken <= 0) return;
    this.#buffered -= taken;
    this.#owner.consumed(this, taken);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#localDone) {
      done(Object.assign(new Error("write after the stream was closed"), { code: "EPIPE" }));
      return;
    }
    if (chunk.length <= maxPayload) {
      this.#owner.sendData(this, chunk, false, done);
      return;
    }
    const send = (at: number): void => {
      const last = at + maxPayload >= chunk.length;
      this.#owner.sendData(this, chunk.subarray(at, at + maxPayload), false, (error) => {
        if (error || last) done(error);
        else send(at + maxPayload);
      });
    };
    send(0);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#localDone) {
      done();
      return;
    }
    this.#owner.sendData(this, Buffer.alloc(0), true, (error) => {
      this.#localDone = true;
      this.#checkDone();
      done(error);
    });
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#localDone || !this.#remoteDone) this.#owner.reset(this, this.#localDone);
    this.#localDone = true;
    this.#remoteDone = true;
    this.answered(error ?? new Error("the stream was destroyed"));
    this.#owner.finished(this);
    done(error);
  }

  #checkDone(): void {
    if (this.#localDone && this.#remoteDone) this.#owner.finished(this);
  }
}
