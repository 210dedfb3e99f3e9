/** One exchange on the wire, the same over HTTP/2 and HTTP/1.1. */
import type { Readable } from "node:stream";

export interface WireRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface WireResponse {
  readonly status: number;
  /** Lower-case names; several values are joined. */
  readonly headers: Readonly<Record<string, string>>;
  /** Destroying it cancels the exchange. */
  readonly body: Readable;
}

/** The exchange failed before an answer came. */
export class WireError extends Error {
  override readonly name = "WireError";
  /** The server has certainly not acted on the request: any method may be sent again. */
  readonly unprocessed: boolean;

  constructor(message: string, unprocessed: boolean, cause: unknown) {
    super(message, { cause });
    this.unprocessed = unprocessed;
  }
}

export interface Connection {
  /** May take another exchange now. */
  readonly available: boolean;
  exchange(request: WireRequest): Promise<WireResponse>;
  close(): void;
}

/** Node's header objects as plain strings. */
export function plainHeaders(headers: Readonly<Record<string, string | string[] | number | undefined>>): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !name.startsWith(":")) plain[name] = Array.isArray(value) ? value.join(", ") : String(value);
  }
  return plain;
}
