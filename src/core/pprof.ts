/**
 * Profiles in the form that `go tool pprof` reads: `profile.proto` of github.com/google/pprof, written by hand since it is a
 * dozen fields. Times and sizes are in the units that their types name.
 */

/** One place in the code. */
export interface Frame {
  readonly name: string;
  readonly file: string;
  readonly line: number;
}

export interface ProfileSample {
  /** The innermost frame first. */
  readonly stack: readonly Frame[];
  /** As many as there are sample types. */
  readonly values: readonly number[];
}

export interface Profile {
  readonly sampleTypes: readonly { readonly type: string; readonly unit: string }[];
  readonly samples: readonly ProfileSample[];
  /** What `period` counts. */
  readonly periodType?: { readonly type: string; readonly unit: string } | undefined;
  readonly period?: number | undefined;
  /** Nanoseconds since the epoch, and nanoseconds. */
  readonly timeNanos: bigint;
  readonly durationNanos?: bigint | undefined;
}

/** The least of protobuf's writing: varints and bytes. */
class Writer {
  readonly #bytes: number[] = [];

  varint(value: number | bigint): this {
    let left = BigInt.asUintN(64, BigInt(value));
    while (left > 127n) {
      this.#bytes.push(Number(left & 127n) | 128);
      left >>= 7n;
    }
    this.#bytes.push(Number(left));
    return this;
  }

  /** A number, unless it is zero. */
  number(field: number, value: number | bigint): this {
    return value === 0 || value === 0n ? this : this.varint(field << 3).varint(value);
  }

  bytes(field: number, content: Uint8Array): this {
    this.varint((field << 3) | 2).varint(content.length);
    for (const byte of content) this.#bytes.push(byte);
    return this;
  }

  packed(field: number, values: readonly (number | bigint)[]): this {
    const inner = new Writer();
    for (const value of values) inner.varint(value);
    return this.bytes(field, inner.finish());
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

/** Texts and places, each written once. */
class Table {
  readonly texts: string[] = [""];
  readonly #indices = new Map<string, number>([["", 0]]);
  readonly frames: Frame[] = [];
  readonly #locations = new Map<string, number>();

  text(value: string): number {
    let index = this.#indices.get(value);
    if (index === undefined) {
      index = this.texts.push(value) - 1;
      this.#indices.set(value, index);
    }
    return index;
  }

  /** Ids begin at one. */
  location(frame: Frame): number {
    const key = `${frame.name}\u0000${frame.file}\u0000${frame.line}`;
    let id = this.#locations.get(key);
    if (id === undefined) {
      id = this.frames.push(frame);
      this.#locations.set(key, id);
    }
    return id;
  }
}

/** The bytes of a profile, not yet compressed: pprof wants them through gzip. */
export function encodeProfile(profile: Profile): Uint8Array {
  const table = new Table();
  const out = new Writer();
  const valueType = ({ type, unit }: { readonly type: string; readonly unit: string }): Uint8Array =>
    new Writer().number(1, table.text(type)).number(2, table.text(unit)).finish();
  for (const type of profile.sampleTypes) out.bytes(1, valueType(type));
  for (const { stack, values } of profile.samples) {
    const ids = stack.map((frame) => table.location(frame));
    out.bytes(2, new Writer().packed(1, ids).packed(2, values.map(Math.round)).finish());
  }
  table.frames.forEach((frame, i) => {
    // One function for each place: line 4 of a location names it.
    const line = new Writer()
      .number(1, i + 1)
      .number(2, frame.line)
      .finish();
    out.bytes(
      4,
      new Writer()
        .number(1, i + 1)
        .bytes(4, line)
        .finish(),
    );
    const name = table.text(frame.name);
    out.bytes(
      5,
      new Writer()
        .number(1, i + 1)
        .number(2, name)
        .number(3, name)
        .number(4, table.text(frame.file))
        .number(5, frame.line)
        .finish(),
    );
  });
  const periodType = profile.periodType === undefined ? undefined : valueType(profile.periodType);
  for (const text of table.texts) out.bytes(6, new TextEncoder().encode(text));
  out.number(9, profile.timeNanos).number(10, profile.durationNanos ?? 0n);
  if (periodType !== undefined) out.bytes(11, periodType);
  return out.number(12, profile.period ?? 0).finish();
}
