/** Reads a request's body up to a bound. */
import type { Readable } from "node:stream";

const empty = new Uint8Array(0);

/**
 * Calls `done` once: with the whole body, or with "too large" as soon as that is known; the rest is then thrown away. Never
 * called when the peer goes away before the end.
 */
export function collectBody(
  source: Readable,
  announced: string | undefined,
  limit: number,
  done: (body: Uint8Array | "too large") => void,
): void {
  if (announced !== undefined && Number(announced) > limit) {
    source.resume();
    done("too large");
    return;
  }
  let chunks: Buffer[] = [];
  let size = 0;
  let over = false;
  source.on("data", (chunk: Buffer) => {
    if (over) return;
    size += chunk.length;
    if (size > limit) {
      over = true;
      chunks = [];
      done("too large");
      return;
    }
    chunks.push(chunk);
  });
  source.on("end", () => {
    if (!over) done(chunks.length === 0 ? empty : chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size));
  });
}
