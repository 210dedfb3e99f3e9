/** Cuts a watch's byte stream into its events: one JSON document a line, however the chunks fall. */
import type { KubeObject } from "../schema/object.ts";

export class FrameDecoder {
  readonly #emit: (type: string, object: KubeObject) => void;
  /** Chunks of a line whose end has not come. */
  #partial: Uint8Array[] = [];

  constructor(emit: (type: string, object: KubeObject) => void) {
    this.#emit = emit;
  }

  /** Emits what `chunk` completes. Throws a SyntaxError for a line that is not JSON. The chunk may be reused afterwards. */
  push(chunk: Uint8Array): void {
    let from = 0;
    for (;;) {
      const at = chunk.indexOf(10, from);
      if (at < 0) break;
      this.#line(chunk.subarray(from, at));
      from = at + 1;
    }
    if (from < chunk.length) this.#partial.push(chunk.slice(from));
  }

  /** Takes a last line without a line end; false when it was cut short. */
  finish(): boolean {
    if (this.#partial.length === 0) return true;
    try {
      this.#line(new Uint8Array(0));
      return true;
    } catch (error) {
      if (error instanceof SyntaxError) return false;
      throw error;
    }
  }

  #line(end: Uint8Array): void {
    let text: string;
    if (this.#partial.length === 0) text = utf8(end);
    else {
      text = Buffer.concat([...this.#partial, end]).toString("utf8");
      this.#partial = [];
    }
    if (text.trim() === "") return;
    const event = JSON.parse(text) as { type: string; object: KubeObject };
    this.#emit(event.type, event.object);
  }
}

function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}
