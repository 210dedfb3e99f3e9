/**
 * A file that begins anew when it is full; old ones are kept beside it, `audit-2026-01-02T15-04-05.000.log`, so long and so
 * many as asked, compressed if asked. Names and rules are those of lumberjack, which upstream uses.
 */
import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync, writeSync, writevSync } from "node:fs";
import { createReadStream, createWriteStream } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Clock } from "../../core/clock.ts";

export interface RotatingFileOptions {
  readonly path: string;
  /** Megabytes; 0: 100. */
  readonly maxSize: number;
  /** Days; 0: for ever. */
  readonly maxAge: number;
  /** 0: all. */
  readonly maxBackups: number;
  readonly compress: boolean;
  readonly clock: Clock;
  /** Told of what goes wrong beside the writing itself. */
  readonly warn: (message: string) => void;
}

/** A line of text with its end, in pieces to be written one after the other. */
export interface LogLine {
  readonly parts: readonly (Buffer | string)[];
  /** Bytes in all. */
  readonly size: number;
}

/** Pieces that one call of the system takes (IOV_MAX). */
const maxPieces = 1024;

const dayMs = 24 * 3600 * 1000;

export class RotatingFile {
  readonly #options: RotatingFileOptions;
  readonly #max: number;
  #descriptor: number | undefined;
  #size = 0;
  #cleaning: Promise<void> = Promise.resolve();

  constructor(options: RotatingFileOptions) {
    this.#options = options;
    this.#max = (options.maxSize === 0 ? 100 : options.maxSize) * 1024 * 1024;
  }

  /** Appends whole lines. Throws the system's error, or one for a line that no file would hold. */
  write(lines: readonly LogLine[]): void {
    let batch: (Buffer | string)[] = [];
    let size = 0;
    for (const line of lines) {
      if (line.size > this.#max) throw new Error(`write length ${line.size} exceeds maximum file size ${this.#max}`);
      this.#open();
      if (this.#size + size + line.size > this.#max) {
        this.#append(batch, size);
        batch = [];
        size = 0;
        this.#rotate();
      }
      for (const part of line.parts) batch.push(part);
      size += line.size;
    }
    this.#append(batch, size);
  }

  #append(parts: readonly (Buffer | string)[], size: number): void {
    if (size === 0) return;
    const descriptor = this.#open();
    const pieces = piecesOf(parts);
    if (pieces.length === 1) {
      writeRest(descriptor, pieces[0] as Buffer);
      this.#size += size;
      return;
    }
    for (let at = 0; at < pieces.length; at += maxPieces) {
      const some = pieces.slice(at, at + maxPieces);
      const wanted = some.reduce((sum, piece) => sum + piece.length, 0);
      const written = writevSync(descriptor, some);
      if (written < wanted) writeRest(descriptor, Buffer.concat(some).subarray(written));
    }
    this.#size += size;
  }

  /** Opens, or creates, at the first write: a directory that is missing is made. */
  #open(): number {
    if (this.#descriptor !== undefined) return this.#descriptor;
    mkdirSync(dirname(this.#options.path), { recursive: true, mode: 0o755 });
    this.#descriptor = openSync(this.#options.path, "a", 0o600);
    this.#size = fstatSync(this.#descriptor).size;
    return this.#descriptor;
  }

  #rotate(): void {
    this.close();
    const { path, clock } = this.#options;
    const extension = extname(path);
    const stamp = new Date(clock.now()).toISOString().slice(0, 23).replaceAll(":", "-");
    const base = join(dirname(path), `${basename(path, extension)}-${stamp}`);
    renameSync(path, `${base}${extension}`);
    this.#cleaning = this.#cleaning
      .then(() => this.#clean())
      .catch((error: unknown) => this.#options.warn(`old audit logs could not be tidied up: ${(error as Error).message}`));
    this.#open();
  }

  /** The newest first. */
  #backups(): { file: string; at: number; compressed: boolean }[] {
    const { path } = this.#options;
    const extension = extname(path);
    const prefix = `${basename(path, extension)}-`;
    const found: { file: string; at: number; compressed: boolean }[] = [];
    for (const name of readdirSync(dirname(path))) {
      const compressed = name.endsWith(".gz");
      const plain = compressed ? name.slice(0, -3) : name;
      if (!plain.startsWith(prefix) || !plain.endsWith(extension)) continue;
      const stamp = plain.slice(prefix.length, plain.length - extension.length);
      const at = Date.parse(`${stamp.slice(0, 11)}${stamp.slice(11).replaceAll("-", ":")}Z`);
      if (!Number.isNaN(at)) found.push({ file: join(dirname(path), name), at, compressed });
    }
    return found.sort((a, b) => b.at - a.at);
  }

  async #clean(): Promise<void> {
    const { maxBackups, maxAge, compress, clock } = this.#options;
    const backups = this.#backups();
    const oldest = maxAge === 0 ? -Infinity : clock.now() - maxAge * dayMs;
    const kept = backups.filter(({ at }, i) => (maxBackups === 0 || i < maxBackups) && at >= oldest);
    for (const { file } of backups) if (!kept.some((k) => k.file === file)) rmSync(file, { force: true });
    if (!compress) return;
    for (const { file, compressed } of kept) if (!compressed) await compressFile(file);
  }

  /** Old files are tidied up. */
  settled(): Promise<void> {
    return this.#cleaning;
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

/** Neighbouring texts become one piece. */
export function piecesOf(parts: readonly (Buffer | string)[]): Buffer[] {
  const pieces: Buffer[] = [];
  let text = "";
  for (const part of parts) {
    if (typeof part === "string") text += part;
    else {
      if (text !== "") pieces.push(Buffer.from(text));
      text = "";
      pieces.push(part);
    }
  }
  if (text !== "") pieces.push(Buffer.from(text));
  return pieces;
}

function writeRest(descriptor: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
}

async function compressFile(file: string): Promise<void> {
  const { mode } = statSync(file);
  await pipeline(createReadStream(file), createGzip(), createWriteStream(`${file}.gz`, { mode }));
  rmSync(file);
}
