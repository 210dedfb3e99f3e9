/** Writes events to a file or to standard output, a line each. */
import { writeSync } from "node:fs";
import type { AuditBackend, AuditFailure } from "./backend.ts";
import { type AuditEvent, encodeEvent, legacyLine, sizeOfParts } from "./event.ts";
import { type LogLine, piecesOf, type RotatingFile } from "./rotating-file.ts";

/** Bytes that wait for the end of the turn at most. */
const flushBytes = 1024 * 1024;

export interface LogBackendOptions {
  readonly format: "json" | "legacy";
  /** Where to: a file that is rotated, or a descriptor. */
  readonly to: Pick<RotatingFile, "write" | "close"> | number;
  /** Each event is written before it counts as kept (blocking-strict); otherwise those of one turn are written together. */
  readonly strict: boolean;
}

export class LogBackend implements AuditBackend {
  readonly #options: LogBackendOptions;
  readonly #failed: AuditFailure;
  #waiting: LogLine[] = [];
  #events: AuditEvent[] = [];
  #size = 0;
  #scheduled = false;

  constructor(options: LogBackendOptions, failed: AuditFailure) {
    this.#options = options;
    this.#failed = failed;
  }

  process(events: readonly AuditEvent[]): boolean {
    for (const event of events) this.#add(event);
    if (this.#options.strict || this.#size >= flushBytes) return this.#flush();
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.#flush());
    }
    return true;
  }

  #add(event: AuditEvent): void {
    const parts = this.#options.format === "legacy" ? [legacyLine(event)] : encodeEvent(event);
    const line = lineOf(parts);
    this.#waiting.push(line);
    this.#events.push(event);
    this.#size += line.size;
  }

  /** A line is never divided between two files. */
  #flush(): boolean {
    this.#scheduled = false;
    const { to } = this.#options;
    const lines = this.#waiting;
    const events = this.#events;
    this.#waiting = [];
    this.#events = [];
    this.#size = 0;
    if (lines.length === 0) return true;
    try {
      if (typeof to === "number") writeAll(to, Buffer.concat(lines.flatMap((line) => piecesOf(line.parts))));
      else to.write(lines);
      return true;
    } catch (error) {
      this.#failed("log", (error as Error).message, events);
      return false;
    }
  }

  close(): Promise<void> {
    this.#flush();
    const { to } = this.#options;
    if (typeof to !== "number") to.close();
    return Promise.resolve();
  }
}

/** One line with its end, in parts. */
function lineOf(parts: (string | Uint8Array)[]): LogLine {
  const last = parts.length - 1;
  const end = parts[last];
  if (typeof end === "string") parts[last] = `${end}\n`;
  else parts.push("\n");
  return { parts: parts.map(textOrBuffer), size: sizeOfParts(parts) };
}

function textOrBuffer(part: string | Uint8Array): string | Buffer {
  return typeof part === "string" ? part : Buffer.from(part.buffer, part.byteOffset, part.length);
}

function writeAll(descriptor: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
}
