/** Pages that go through a proxy: read whole, since their length changes with their links. */
import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { deflateRaw, gunzip, gzip, inflateRaw } from "node:zlib";
import type { ApiResponse } from "../../apiserver/request.ts";
import { internalError } from "../../core/api-error.ts";
import { rewriteLinks } from "./html-links.ts";

type Coder = (body: Buffer) => Promise<Buffer>;

const same: Coder = (body) => Promise.resolve(body);
const coders: ReadonlyMap<string, { decode: Coder; encode: Coder }> = new Map([
  ["", { decode: same, encode: same }],
  ["gzip", { decode: promisify<Buffer, Buffer>(gunzip), encode: promisify<Buffer, Buffer>(gzip) }],
  ["deflate", { decode: promisify<Buffer, Buffer>(inflateRaw), encode: promisify<Buffer, Buffer>(deflateRaw) }],
]);

/** Whether {@link htmlBody} can change the links of this answer: a page, in an encoding that is known here. */
export function hasLinks(answer: IncomingMessage): boolean {
  const type = (answer.headers["content-type"] ?? "").split(";", 1)[0]?.trim();
  return type === "text/html" && coders.has(answer.headers["content-encoding"] ?? "");
}

/**
 * The page with its links rewritten, as an answer without headers.
 * @throws ApiError 500 where the body breaks off or is not in the encoding it claims
 */
export async function htmlBody(answer: IncomingMessage, rewrite: (url: string) => string): Promise<NonNullable<ApiResponse["bytes"]>> {
  const coder = coders.get(answer.headers["content-encoding"] ?? "");
  if (coder === undefined) throw internalError("the page's encoding is not known");
  try {
    const parts: Buffer[] = [];
    for await (const part of answer) parts.push(part as Buffer);
    const page = (await coder.decode(Buffer.concat(parts))).toString("latin1");
    return await coder.encode(Buffer.from(rewriteLinks(page, rewrite), "latin1"));
  } catch (error) {
    throw internalError(error instanceof Error ? error.message : String(error));
  }
}
