/** SPDY/3.1 frames as bytes (SPDY protocol draft 3.1, section 2.6). Header blocks stay compressed here. */

export const frameType = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

export const flagFin = 0x01;
/** SYN_STREAM only: the other end may not send on this stream. */
export const flagUnidirectional = 0x02;

export const resetStatus = {
  protocolError: 1,
  invalidStream: 2,
  refusedStream: 3,
  unsupportedVersion: 4,
  cancel: 5,
  internalError: 6,
  flowControlError: 7,
  streamInUse: 8,
  streamAlreadyClosed: 9,
  frameTooLarge: 11,
} as const;

export const settingsId = { initialWindowSize: 7 } as const;

export type Frame =
  | { readonly type: "data"; readonly streamId: number; readonly fin: boolean; readonly data: Buffer }
  | {
      readonly type: "synStream";
      readonly streamId: number;
      readonly associatedTo: number;
      readonly priority: number;
      readonly fin: boolean;
      readonly unidirectional: boolean;
      readonly block: Buffer;
    }
  | { readonly type: "synReply" | "headers"; readonly streamId: number; readonly fin: boolean; readonly block: Buffer }
  | { readonly type: "rstStream"; readonly streamId: number; readonly status: number }
  | { readonly type: "settings"; readonly values: readonly (readonly [id: number, value: number])[] }
  | { readonly type: "ping"; readonly id: number }
  | { readonly type: "goAway"; readonly lastStreamId: number; readonly status: number }
  | { readonly type: "windowUpdate"; readonly streamId: number; readonly delta: number };

/** A frame that breaks the protocol: the connection cannot go on. */
export class SpdyProtocolError extends Error {
  override readonly name = "SpdyProtocolError";
}

const headSize = 8;
const maxLength = 0xffffff;

/** Frames are data (first bit clear) or control (version 3). */
export function encodeFrame(frame: Frame): Buffer {
  switch (frame.type) {
    case "data":
      return Buffer.concat([dataHead(frame.streamId, frame.data.length, frame.fin), frame.data]);
    case "synStream": {
      const fixed = control(frameType.synStream, synFlags(frame), 10 + frame.block.length, 10);
      fixed.writeUInt32BE(frame.streamId, 8);
      fixed.writeUInt32BE(frame.associatedTo, 12);
      fixed.writeUInt8((frame.priority & 7) << 5, 16);
      return Buffer.concat([fixed, frame.block]);
    }
    case "synReply":
    case "headers": {
      const type = frame.type === "headers" ? frameType.headers : frameType.synReply;
      const fixed = control(type, frame.fin ? flagFin : 0, 4 + frame.block.length, 4);
      fixed.writeUInt32BE(frame.streamId, 8);
      return Buffer.concat([fixed, frame.block]);
    }
    case "rstStream":
      return words(frameType.rstStream, frame.streamId, frame.status);
    case "settings":
      return words(frameType.settings, frame.values.length, ...frame.values.flatMap(([id, value]) => [id, value]));
    case "ping":
      return words(frameType.ping, frame.id);
    case "goAway":
      return words(frameType.goAway, frame.lastStreamId, frame.status);
    case "windowUpdate":
      return words(frameType.windowUpdate, frame.streamId, frame.delta);
  }
}

const synFlags = (frame: { fin: boolean; unidirectional: boolean }): number =>
  (frame.fin ? flagFin : 0) | (frame.unidirectional ? flagUnidirectional : 0);

/** The eight bytes before a data frame's payload: saves the copy that {@link encodeFrame} makes. */
export function dataHead(streamId: number, length: number, fin: boolean): Buffer {
  const head = Buffer.allocUnsafe(headSize);
  head.writeUInt32BE(streamId & 0x7fffffff, 0);
  head.writeUInt32BE(length & maxLength, 4);
  head.writeUInt8(fin ? flagFin : 0, 4);
  return head;
}

function control(type: number, flags: number, length: number, fixedSize: number): Buffer {
  if (length > maxLength) throw new RangeError(`a SPDY frame of ${length} bytes is too large`);
  const head = Buffer.alloc(headSize + fixedSize);
  head.writeUInt16BE(0x8003, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt32BE(length, 4);
  head.writeUInt8(flags, 4);
  return head;
}

function words(type: number, ...values: number[]): Buffer {
  const frame = control(type, 0, values.length * 4, values.length * 4);
  values.forEach((value, i) => frame.writeUInt32BE(value >>> 0, headSize + i * 4));
  return frame;
}

/** Cuts a byte stream into frames, however the bytes arrive. */
export class FrameParser {
  #chunks: Buffer[] = [];
  #size = 0;
  readonly #maxControl: number;

  /** `maxControl`: the longest control frame accepted, in bytes. */
  constructor(maxControl: number = 1 << 20) {
    this.#maxControl = maxControl;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#size += chunk.length;
  }

  /** The next whole frame; undefined when more bytes are needed. Unknown control frames are skipped, as the protocol asks. */
  next(): Frame | undefined {
    while (this.#size >= headSize) {
      const head = this.#peek(headSize);
      const isControl = (head[0] as number) >= 0x80;
      const length = head.readUInt32BE(4) & maxLength;
      if (isControl && length > this.#maxControl) throw new SpdyProtocolError(`a control frame of ${length} bytes`);
      if (this.#size < headSize + length) return undefined;
      this.#take(headSize);
      const payload = this.#take(length);
      const frame = isControl ? parseControl(head, payload) : parseData(head, payload);
      if (frame !== undefined) return frame;
    }
    return undefined;
  }

  /** The first `n` bytes as one buffer, left in place. */
  #peek(n: number): Buffer {
    const first = this.#chunks[0] as Buffer;
    if (first.length < n) this.#chunks = [Buffer.concat(this.#chunks)];
    return (this.#chunks[0] as Buffer).subarray(0, n);
  }

  #take(n: number): Buffer {
    if (n === 0) return Buffer.alloc(0);
    const parts: Buffer[] = [];
    let missing = n;
    let used = 0;
    while (missing > 0) {
      const chunk = this.#chunks[used] as Buffer;
      if (chunk.length <= missing) {
        parts.push(chunk);
        missing -= chunk.length;
        used++;
      } else {
        parts.push(chunk.subarray(0, missing));
        this.#chunks[used] = chunk.subarray(missing);
        missing = 0;
      }
    }
    this.#chunks.splice(0, used);
    this.#size -= n;
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  }
}

function parseData(head: Buffer, data: Buffer): Frame {
  const streamId = head.readUInt32BE(0);
  if (streamId === 0) throw new SpdyProtocolError("data for stream 0");
  return { type: "data", streamId, fin: ((head[4] as number) & flagFin) !== 0, data };
}

function parseControl(head: Buffer, payload: Buffer): Frame | undefined {
  const version = head.readUInt16BE(0) & 0x7fff;
  if (version !== 3) throw new SpdyProtocolError(`SPDY version ${version}`);
  const type = head.readUInt16BE(2);
  const flags = head[4] as number;
  const need = (n: number): void => {
    if (payload.length < n) throw new SpdyProtocolError(`a control frame of type ${type} with ${payload.length} bytes`);
  };
  const word = (at: number): number => payload.readUInt32BE(at) & 0x7fffffff;
  switch (type) {
    case frameType.synStream:
      need(10);
      return {
        type: "synStream",
        streamId: word(0),
        associatedTo: word(4),
        priority: (payload[8] as number) >> 5,
        fin: (flags & flagFin) !== 0,
        unidirectional: (flags & flagUnidirectional) !== 0,
        block: payload.subarray(10),
      };
    case frameType.synReply:
    case frameType.headers:
      need(4);
      return {
        type: type === frameType.headers ? "headers" : "synReply",
        streamId: word(0),
        fin: (flags & flagFin) !== 0,
        block: payload.subarray(4),
      };
    case frameType.rstStream:
      need(8);
      return { type: "rstStream", streamId: word(0), status: payload.readUInt32BE(4) };
    case frameType.settings:
      need(4);
      return parseSettings(payload);
    case frameType.ping:
      need(4);
      return { type: "ping", id: payload.readUInt32BE(0) };
    case frameType.goAway:
      need(8);
      return { type: "goAway", lastStreamId: word(0), status: payload.readUInt32BE(4) };
    case frameType.windowUpdate:
      need(8);
      return { type: "windowUpdate", streamId: word(0), delta: word(4) };
    default:
      return undefined;
  }
}

function parseSettings(payload: Buffer): Frame {
  const count = payload.readUInt32BE(0);
  if (payload.length !== 4 + count * 8) throw new SpdyProtocolError(`${count} settings in ${payload.length} bytes`);
  const values: [number, number][] = [];
  for (let i = 0; i < count; i++) values.push([payload.readUInt32BE(4 + i * 8) & 0xffffff, payload.readUInt32BE(8 + i * 8)]);
  return { type: "settings", values };
}
