/** The CRI log format: `TIME STREAM TAG TEXT`, one write a line; tag `P` means that the line goes on in the next entry. */
export interface LogEntry {
  /** RFC 3339 with nanoseconds, as written. */
  readonly time: string;
  readonly stream: "stdout" | "stderr";
  readonly partial: boolean;
  /** Without the newline that ends the entry. */
  readonly text: Buffer;
}

const space = 0x20;

/** Undefined for a line that is no entry: torn by a crash, or written by somebody else. */
export function parseLogLine(line: Buffer): LogEntry | undefined {
  const first = line.indexOf(space);
  const second = line.indexOf(space, first + 1);
  const third = line.indexOf(space, second + 1);
  if (first <= 0 || second < 0) return undefined;
  const stream = line.toString("latin1", first + 1, second);
  if (stream !== "stdout" && stream !== "stderr") return undefined;
  const tags = line.toString("latin1", second + 1, third < 0 ? line.length : third);
  return {
    time: line.toString("latin1", 0, first),
    stream,
    partial: tags.split(":")[0] === "P",
    text: third < 0 ? Buffer.alloc(0) : line.subarray(third + 1),
  };
}

/** Milliseconds since the epoch; NaN when the time does not parse. */
export function entryTime(entry: LogEntry): number {
  return Date.parse(entry.time);
}
