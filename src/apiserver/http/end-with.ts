import type { Writable } from "node:stream";

/** Writes the last bytes; parts go together, without being copied into one. */
export function endWith(to: Writable, body: Uint8Array | readonly Uint8Array[] | undefined): void {
  if (body === undefined || body instanceof Uint8Array) {
    if (body === undefined) to.end();
    else to.end(body);
    return;
  }
  to.cork();
  for (const part of body) to.write(part);
  to.end();
}
