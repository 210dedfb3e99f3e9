/** Reads a container's log file as `kubectl logs` asks: from the end, since a time, cut off, followed over rotations. */
import { closeSync, fstatSync, openSync, readSync, statSync, watch, type FSWatcher } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../../core/clock.ts";
import { entryTime, parseLogLine, type LogEntry } from "./cri-log.ts";

export interface ReadLogOptions {
  readonly path: string;
  readonly follow: boolean;
  readonly tailLines?: number | undefined;
  /** Milliseconds since the epoch: entries before that are left out. */
  readonly since?: number | undefined;
  readonly timestamps: boolean;
  readonly limitBytes?: number | undefined;
  readonly streams?: "All" | "Stdout" | "Stderr" | undefined;
  /** Whether more may still be written: asked at the end of the file when following. */
  readonly running?: (() => Promise<boolean>) | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const chunkSize = 64 * 1024;
/** How long a follower sleeps at most: a lost notification costs no more. */
const pollInterval = 1000;

/** Pieces of the answer, in order. Throws when the file cannot be opened. */
export async function* readLog(options: ReadLogOptions): AsyncGenerator<Buffer> {
  const file = new LogFile(options.path);
  const render = renderer(options);
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  const changes = options.follow ? new Changes(options.path, options.clock, options.signal) : undefined;
  try {
    if (options.tailLines !== undefined) file.seekTail(options.tailLines);
    let ending = false;
    while (left > 0 && !options.signal.aborted) {
      const text = render(file.readLines());
      if (text.length > 0) {
        const piece = text.length > left ? text.subarray(0, left) : text;
        left -= piece.length;
        yield piece;
        continue;
      }
      if (file.reopenIfReplaced()) continue;
      if (changes === undefined || ending) return;
      // What was written between the last read and the container's end is read once more.
      if (options.running !== undefined && !(await options.running())) ending = true;
      else await changes.next();
    }
  } finally {
    changes?.close();
    file.close();
  }
}

class LogFile {
  readonly #path: string;
  #handle: number;
  #position = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(path: string) {
    this.#path = path;
    this.#handle = openSync(path, "r");
  }

  /** To the beginning of the last `lines` lines. */
  seekTail(lines: number): void {
    let end = fstatSync(this.#handle).size;
    this.#position = end;
    if (lines <= 0) return;
    let seen = 0;
    const chunk = Buffer.alloc(chunkSize);
    let first = true;
    while (end > 0) {
      const size = Math.min(chunkSize, end);
      end -= size;
      readSync(this.#handle, chunk, 0, size, end);
      for (let i = size - 1; i >= 0; i--) {
        if (chunk[i] !== 0x0a || (first && i === size - 1)) continue;
        if (++seen === lines) {
          this.#position = end + i + 1;
          return;
        }
      }
      first = false;
    }
    this.#position = 0;
  }

  /** Whole lines that are there now; empty at the end of the file. */
  readLines(): Buffer[] {
    const chunk = Buffer.allocUnsafe(chunkSize);
    const size = readSync(this.#handle, chunk, 0, chunkSize, this.#position);
    if (size === 0) return [];
    this.#position += size;
    const lines: Buffer[] = [];
    let data: Buffer = Buffer.concat([this.#rest, chunk.subarray(0, size)]);
    for (;;) {
      const end = data.indexOf(0x0a);
      if (end < 0) break;
      lines.push(data.subarray(0, end));
      data = data.subarray(end + 1);
    }
    this.#rest = data;
    // A line longer than a chunk: go on until its end is there or the file's.
    return lines.length === 0 ? this.readLines() : lines;
  }

  /** After a rotation another file stands under the path. */
  reopenIfReplaced(): boolean {
    const now = statSync(this.#path, { throwIfNoEntry: false });
    const own = fstatSync(this.#handle);
    if (now === undefined || (now.ino === own.ino && now.size >= this.#position)) return false;
    closeSync(this.#handle);
    this.#handle = openSync(this.#path, "r");
    this.#position = 0;
    this.#rest = Buffer.alloc(0);
    return true;
  }

  close(): void {
    closeSync(this.#handle);
  }
}

function renderer(options: ReadLogOptions): (lines: Buffer[]) => Buffer {
  const wanted = options.streams === undefined || options.streams === "All" ? undefined : options.streams.toLowerCase();
  let continues = false;
  const newline = Buffer.from("\n");
  const passes = (entry: LogEntry): boolean =>
    (wanted === undefined || entry.stream === wanted) && (options.since === undefined || !(entryTime(entry) < options.since));
  return (lines) => {
    const parts: Buffer[] = [];
    for (const line of lines) {
      const entry = parseLogLine(line);
      if (entry === undefined || !passes(entry)) continue;
      if (options.timestamps && !continues) parts.push(Buffer.from(`${entry.time} `));
      parts.push(entry.text);
      if (!entry.partial) parts.push(newline);
      continues = entry.partial;
    }
    return Buffer.concat(parts);
  };
}

/** Wakes when the log's directory changes, after a while, or when the reader goes. */
class Changes {
  readonly #watcher: FSWatcher;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #changed = false;
  #wake: (() => void) | undefined;

  constructor(path: string, clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    this.#watcher = watch(dirname(path), () => this.#notify());
    this.#watcher.on("error", () => this.#notify());
    signal.addEventListener("abort", this.#notify, { once: true });
  }

  readonly #notify = (): void => {
    this.#changed = true;
    this.#wake?.();
  };

  async next(): Promise<void> {
    if (!this.#changed && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = this.#clock.setTimeout(resolve, pollInterval);
        this.#wake = () => {
          timer.cancel();
          resolve();
        };
      });
      this.#wake = undefined;
    }
    this.#changed = false;
  }

  close(): void {
    this.#watcher.close();
    this.#signal.removeEventListener("abort", this.#notify);
  }
}
