/** Asks a server of this process what a client would ask over HTTP, and reads the answer as a client would. */
import { type ApiRequest, type ApiResponse, unresolvedInfo } from "../../src/apiserver/request.ts";
import type { UserInfo } from "../../src/auth/user.ts";
import { silent } from "../../src/core/log.ts";

export interface Question {
  readonly method: string;
  /** With the query, as in the request line. */
  readonly path: string;
  /** All of them: see {@link jsonHeaders}. */
  readonly headers?: ApiRequest["headers"] | undefined;
  /** Bytes and texts are sent as they are, all else as JSON. */
  readonly body?: unknown;
  /** Default: an administrator. */
  readonly user?: UserInfo;
  /** Default: one that never aborts. */
  readonly signal?: AbortSignal;
}

/** What a client says that speaks JSON. */
export function jsonHeaders(body: unknown): Record<string, string> {
  return { accept: "application/json", ...(body === undefined ? {} : { "content-type": "application/json" }) };
}

/** The request as HTTP fronts hand it to a server. */
export function apiRequest({ method, path, headers = {}, body, user, signal }: Question): ApiRequest & { readonly warnings: string[] } {
  const at = path.indexOf("?");
  return {
    method,
    path: at < 0 ? path : path.slice(0, at),
    query: new URLSearchParams(at < 0 ? "" : path.slice(at + 1)),
    headers,
    body: bodyOf(body),
    user: user ?? { name: "admin", groups: ["system:masters"] },
    signal: signal ?? new AbortController().signal,
    warnings: [],
    info: unresolvedInfo,
    log: silent,
  };
}

/** The bytes of a body as they are sent. */
export function bodyOf(body: Question["body"]): Uint8Array | undefined {
  if (body === undefined || body instanceof Uint8Array) return body;
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}

/** All bytes of an answer; of one that lasts, up to its end. */
export async function bytesOf({ stream, bytes, pieces }: ApiResponse): Promise<Buffer> {
  if (pieces !== undefined) return Buffer.concat([...pieces.make()]);
  if (stream === undefined) return Buffer.concat(bytes === undefined ? [] : bytes instanceof Uint8Array ? [bytes] : [...bytes]);
  const chunks: Uint8Array[] = [];
  await new Promise<void>((resolve, reject) => {
    const run = stream({
      write: (chunk) => {
        chunks.push(Buffer.from(chunk));
        return true;
      },
      onDrain: (drained) => drained(),
      end: resolve,
      destroy: () => resolve(),
      signal: new AbortController().signal,
      buffered: 0,
    });
    Promise.resolve(run).catch(reject);
  });
  return Buffer.concat(chunks);
}

/** The `Warning` header of these warnings; undefined where there are none. */
export function warningHeader(warnings: readonly string[]): string | undefined {
  return warnings.length === 0 ? undefined : warnings.map((w) => `299 - "${w.replace(/["\\]/g, "\\$&")}"`).join(", ");
}

/** JSON, or text where it is none. */
export function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
