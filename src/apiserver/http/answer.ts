/** What HTTP/2 and HTTP/1.1 answers have in common: headers, compression, large bodies piece by piece. */
import { promisify } from "node:util";
import { constants, gzip as gzipCallback } from "node:zlib";
import type { ApiError } from "../../core/api-error.ts";
import { auditIdOf } from "../audit/audit-id.ts";
import { encodeGoJson } from "../../lang/json-text.ts";
import type { BodyPieces, ApiResponse, ResponseSink } from "../request.ts";
import type { WireRequest } from "./wire-request.ts";

const gzip = promisify(gzipCallback);

/** Bodies from this size on are compressed for peers that take it, as upstream does. */
const compressFrom = 128 * 1024;

/** Copying so few bytes costs less than handing them over in parts. */
const copyBelow = 16 * 1024;

/** Pieces in which a large body is handed to the connection. */
const pieceSize = 256 * 1024;

/** One answer on the wire, over either protocol. */
export interface Reply {
  readonly started: boolean;
  /** Head and body, whole or in parts, at once. */
  send(status: number, headers: OutgoingHeaders, body: Uint8Array | readonly Uint8Array[] | undefined): void;
  /** The head; the body follows through the sink. */
  begin(status: number, headers: OutgoingHeaders): ResponseSink;
}

/** Names and values in turn, the `:status` first: both protocols take them so, and neither copies them. */
export type OutgoingHeaders = string[];

/** `Warning: 299 - "text"`: RFC 7234 §5.5, quoted-string. */
export function warningHeader(text: string): string {
  // Control characters would end the header.
  // oxlint-disable-next-line no-control-regex
  const clean = text.replace(/[\u0000-\u001f\u007f]/g, "").replace(/[\\"]/g, "\\$&");
  return `299 - "${clean}"`;
}

/** Characters of all warnings of one answer; when there are more, each is cut to the second bound, and what is beyond is left out. */
const warningCharacters = 4096;
const warningCut = 256;

/** Each warning once, in the order in which they came. */
export function boundedWarnings(warnings: readonly string[]): string[] {
  const each = [...new Set(warnings)].filter((text) => text !== "");
  if (each.reduce((sum, text) => sum + text.length, 0) <= warningCharacters) return each;
  const kept: string[] = [];
  let written = 0;
  for (const text of each) {
    if (written >= warningCharacters) break;
    const cut = Array.from(text).slice(0, warningCut);
    kept.push(cut.join(""));
    written += cut.length;
  }
  return kept;
}

/** Headers about a connection, not an answer: proxied servers send them, HTTP/2 forbids them (RFC 9113 §8.2.2). */
const hopByHop: ReadonlySet<string> = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);

function headersOf(response: ApiResponse, request: WireRequest): OutgoingHeaders {
  const own = response.headers;
  const headers: OutgoingHeaders = [":status", String(response.status), "audit-id", auditIdOf(request)];
  const { flow } = request;
  if (flow !== undefined)
    headers.push("x-kubernetes-pf-flowschema-uid", flow.schemaUid, "x-kubernetes-pf-prioritylevel-uid", flow.levelUid);
  if (own["cache-control"] === undefined) headers.push("cache-control", "no-cache, private");
  for (const given of Object.keys(own)) {
    const value = own[given] as string | string[];
    const name = given.toLowerCase();
    if (hopByHop.has(name) || (name === "content-length" && response.bytes !== undefined)) continue;
    if (typeof value === "string") headers.push(name, value);
    else for (const one of value) headers.push(name, one);
  }
  if (request.warnings.length > 0 && own["warning"] === undefined) {
    for (const warning of boundedWarnings(request.warnings)) headers.push("warning", warningHeader(warning));
  }
  return headers;
}

function acceptsGzip(request: WireRequest): boolean {
  const accept = request.headers["accept-encoding"];
  return typeof accept === "string" && /(^|[\s,])gzip\s*(,|;(?!\s*q=0(\.0*)?\s*(,|$))|$)/.test(accept);
}

function sizeOf(chunks: readonly Uint8Array[]): number {
  let size = 0;
  for (const chunk of chunks) size += chunk.length;
  return size;
}

/**
 * Sends `response`. `compress` is false for peers on this machine: compressing for the loopback costs both ends processor
 * time and saves nothing. `extra`: more headers, names and values in turn. Resolves when everything has been handed to the connection.
 */
export async function answer(
  reply: Reply,
  request: WireRequest,
  response: ApiResponse,
  compress: boolean,
  extra?: readonly string[],
): Promise<void> {
  if (response.hijacked === true) return;
  const headers = headersOf(response, request);
  if (extra !== undefined) headers.push(...extra);
  if (response.stream !== undefined) {
    if (request.method === "HEAD") return reply.send(response.status, headers, undefined);
    await response.stream(reply.begin(response.status, headers));
    return;
  }
  const { bytes } = response;
  if (response.pieces !== undefined) return sendPieces(reply, request, response.status, headers, response.pieces, compress);
  if (bytes === undefined) {
    if (response.object !== undefined) return sendBytes(reply, request, response.status, headers, encode(response.object), compress);
    if (response.status !== 304 && response.status !== 204 && response.status !== 101) headers.push("content-length", "0");
    return reply.send(response.status, headers, undefined);
  }
  if (bytes instanceof Uint8Array) return sendBytes(reply, request, response.status, headers, bytes, compress);
  const size = sizeOf(bytes);
  if (compress && size > compressFrom && acceptsGzip(request)) {
    return sendBytes(reply, request, response.status, headers, Buffer.concat(bytes, size), compress);
  }
  headers.push("content-length", String(size));
  if (request.method === "HEAD") return reply.send(response.status, headers, undefined);
  // Most of a page is kept from one request to the next: it is sent from where it lies.
  if (size <= pieceSize) return reply.send(response.status, headers, size < copyBelow ? Buffer.concat(bytes, size) : bytes);
  await pump(bytes, reply.begin(response.status, headers));
}

async function sendPieces(
  reply: Reply,
  request: WireRequest,
  status: number,
  headers: OutgoingHeaders,
  pieces: BodyPieces,
  compress: boolean,
): Promise<void> {
  if (compress && acceptsGzip(request)) {
    return sendBytes(reply, request, status, headers, Buffer.concat([...pieces.make()], pieces.size), compress);
  }
  headers.push("content-length", String(pieces.size));
  if (request.method === "HEAD") return reply.send(status, headers, undefined);
  await pump(pieces.make(), reply.begin(status, headers));
}

function encode(object: object): Uint8Array {
  return Buffer.from(`${encodeGoJson(object)}\n`);
}

async function sendBytes(
  reply: Reply,
  request: WireRequest,
  status: number,
  headers: OutgoingHeaders,
  bytes: Uint8Array,
  compress: boolean,
): Promise<void> {
  let body = bytes;
  if (compress && body.length > compressFrom && !headers.includes("content-encoding") && acceptsGzip(request)) {
    body = await gzip(body, { level: constants.Z_BEST_SPEED });
    headers.push("content-encoding", "gzip", "vary", "Accept-Encoding");
  }
  headers.push("content-length", String(body.length));
  if (request.method === "HEAD") return reply.send(status, headers, undefined);
  if (body.length <= 2 * pieceSize) return reply.send(status, headers, body);
  await pump([body], reply.begin(status, headers));
}

/**
 * Hands a body over no faster than the peer takes it. Small chunks are joined, since each write is a frame; large ones are
 * cut, so that a connection that carries many lists holds one piece of each.
 */
async function pump(chunks: Iterable<Uint8Array>, sink: ResponseSink): Promise<void> {
  let pending: Uint8Array[] = [];
  let size = 0;
  const flush = async (): Promise<void> => {
    if (size === 0) return;
    const piece = pending.length === 1 ? (pending[0] as Uint8Array) : Buffer.concat(pending, size);
    pending = [];
    size = 0;
    if (!sink.write(piece)) await drained(sink);
  };
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + pieceSize - size);
      pending.push(part);
      size += part.length;
      at += part.length;
      if (size >= pieceSize) await flush();
      if (sink.signal.aborted) return;
    }
  }
  await flush();
  sink.end();
}

function drained(sink: ResponseSink): Promise<void> {
  return new Promise((resolve) => {
    if (sink.signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      sink.signal.removeEventListener("abort", done);
      resolve();
    };
    sink.onDrain(done);
    sink.signal.addEventListener("abort", done, { once: true });
  });
}

/** An answer that the front gives by itself, before or in place of the server's. */
export function statusResponse(error: ApiError): ApiResponse {
  return { status: error.code, headers: { "content-type": "application/json" }, bytes: encode(error.toStatus()) };
}

/** What upstream says when a handler falls over. */
export function panicResponse(): ApiResponse {
  return {
    status: 500,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" },
    bytes: Buffer.from("This request caused apiserver to panic. Look in the logs for details.\n"),
  };
}
