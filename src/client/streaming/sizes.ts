import type { Readable } from "node:stream";
import type { TerminalSize } from "./session.ts";

/** `{"Width":80,"Height":24}` values run together, as Go's JSON encoder writes them. */
export class TerminalSizes {
  #handler: ((size: TerminalSize) => void) | undefined;
  #latest: TerminalSize | undefined;
  #text = "";

  constructor(source: Readable | undefined) {
    source?.on("data", (chunk: Buffer) => this.#onData(chunk));
    source?.on("error", () => undefined);
  }

  onResize(handler: (size: TerminalSize) => void): void {
    this.#handler = handler;
    if (this.#latest !== undefined) handler(this.#latest);
  }

  #onData(chunk: Buffer): void {
    this.#text += chunk.toString("latin1");
    for (;;) {
      const end = this.#text.indexOf("}");
      if (end < 0) break;
      const size = parseSize(this.#text.slice(0, end + 1));
      this.#text = this.#text.slice(end + 1);
      if (size === undefined) continue;
      this.#latest = size;
      this.#handler?.(size);
    }
    // A flat object is short: what is longer is no size.
    if (this.#text.length > 1024) this.#text = "";
  }
}

function parseSize(text: string): TerminalSize | undefined {
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    const read = (name: string): number => Number(value[name] ?? value[name.toLowerCase()] ?? 0);
    const size = { width: read("Width"), height: read("Height") };
    return Number.isInteger(size.width) && Number.isInteger(size.height) ? size : undefined;
  } catch {
    // Not a size: upstream's decoder stops reading sizes here, ours goes on with the next.
    return undefined;
  }
}

export function encodeSize(size: TerminalSize): Buffer {
  return Buffer.from(`{"Width":${size.width},"Height":${size.height}}\n`);
}
