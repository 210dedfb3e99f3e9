/** Hands a request on to a backend and its answer back, as upstream's upgrade-aware proxy does. */
import type { IncomingMessage } from "node:http";
import { posix } from "node:path";
import type { ApiRequest, ApiResponse, ResponseSink } from "../../apiserver/request.ts";
import { internalError, serviceUnavailable } from "../../core/api-error.ts";
import { hostPort, requestBackend, type Backend } from "./backend.ts";
import { hasLinks, htmlBody } from "./relay-html.ts";

/** Headers that are about one connection (RFC 9110, section 7.6.1), and those that authentication consumes. */
const dropped: ReadonlySet<string> = new Set([
  "connection",
  "proxy-connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "authorization",
]);

type Headers = Record<string, string | string[]>;

/** The request's headers for a backend. HTTP/2's pseudo headers, impersonation and credentials stay here. */
export function forwardedHeaders(request: ApiRequest): Headers {
  const headers: Headers = {};
  const named = connectionNames(request.headers["connection"]);
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || dropped.has(name) || named.has(name) || name.startsWith(":") || name.startsWith("impersonate-")) continue;
    headers[name] = value;
  }
  const host = request.headers[":authority"];
  if (headers["host"] === undefined && typeof host === "string") headers["host"] = host;
  appendForwardedFor(headers, request.remoteAddress);
  return headers;
}

function connectionNames(value: string | string[] | undefined): Set<string> {
  const text = Array.isArray(value) ? value.join(",") : (value ?? "");
  return new Set(text.split(",").map((n) => n.trim().toLowerCase()));
}

/** Adds the client's address to `X-Forwarded-For`. */
export function appendForwardedFor(headers: Headers, remoteAddress: string | undefined): void {
  if (remoteAddress === undefined || remoteAddress === "") return;
  const known = headers["x-forwarded-for"];
  const before = Array.isArray(known) ? known.join(", ") : known;
  headers["x-forwarded-for"] = before === undefined ? remoteAddress : `${before}, ${remoteAddress}`;
}

/** The path of the request up to and without `backendPath`: what Location headers are put behind. */
export function pathPrefix(request: ApiRequest, backendPath: string): string {
  const suffix = request.path.endsWith("/") && !backendPath.endsWith("/") ? `${backendPath}/` : backendPath;
  return request.path.endsWith(suffix) ? request.path.slice(0, request.path.length - suffix.length) : request.path;
}

/**
 * `path`: where the backend is asked, without the query. An empty one is redirected to its slash, since relative links would
 * point beside the proxy otherwise.
 */
export async function reverseProxy(request: ApiRequest, backend: Backend, path: string): Promise<ApiResponse> {
  const prefix = pathPrefix(request, path);
  let asked = path;
  if (!asked.endsWith("/") && request.path.endsWith("/")) asked += "/";
  const query = request.query.toString();
  const suffix = query === "" ? "" : `?${query}`;
  if (asked === "" && (request.method === "GET" || request.method === "HEAD"))
    return { status: 301, headers: { location: `${request.path}/${suffix}` } };
  const headers = forwardedHeaders(request);
  headers["x-forwarded-uri"] = forwardedUri(prefix, asked);
  if (request.body !== undefined) headers["content-length"] = String(request.body.length);
  let answer: IncomingMessage;
  try {
    answer = await requestBackend(backend, {
      method: request.method,
      path: (asked === "" ? "/" : asked) + suffix,
      headers,
      body: request.body,
      signal: request.signal,
    });
  } catch (error) {
    throw serviceUnavailable(`error trying to reach service: ${error instanceof Error ? error.message : String(error)}`);
  }
  // Nobody reads the body of an answer to HEAD: it is let go here, and its connection with it.
  if (request.method === "HEAD") answer.resume();
  else if (answer.headers["location"] === undefined && hasLinks(answer)) {
    const headersBack = relayedHeaders(answer);
    delete headersBack["content-length"];
    const bytes = await htmlBody(answer, (url) => rewrittenUrl(url, hostPort(backend), requestHost(request), prefix));
    return { status: answer.statusCode ?? 502, headers: headersBack, bytes };
  }
  return relay(answer, (headersBack) => rewriteLocation(headersBack, request, backend, prefix));
}

function requestHost(request: ApiRequest): string {
  return String(request.headers["host"] ?? request.headers[":authority"] ?? "");
}

function forwardedUri(prefix: string, asked: string): string {
  const joined = posix.join(prefix, asked === "" ? "/" : asked);
  return asked.endsWith("/") && !joined.endsWith("/") ? `${joined}/` : joined;
}

function relayedHeaders(answer: IncomingMessage): Headers {
  const headers: Headers = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined && !dropped.has(name)) headers[name] = value;
  }
  return headers;
}

/** A backend's answer as ours, its body streamed with backpressure. */
export function relay(answer: IncomingMessage, change: (headers: Headers) => void = () => undefined): ApiResponse {
  const headers = relayedHeaders(answer);
  change(headers);
  return { status: answer.statusCode ?? 502, headers, stream: (sink) => pump(answer, sink) };
}

/** Copies a body to the client no faster than it takes it. Ends with the body; breaks off when the body does. */
export function pump(body: IncomingMessage, sink: ResponseSink): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      body.destroy();
      resolve();
    };
    if (sink.signal.aborted) {
      stop();
      return;
    }
    sink.signal.addEventListener("abort", stop, { once: true });
    body.on("data", (chunk: Buffer) => {
      if (sink.write(chunk)) return;
      body.pause();
      // A sink tells of room once.
      sink.onDrain(() => body.resume());
    });
    body.once("end", () => {
      sink.signal.removeEventListener("abort", stop);
      sink.end();
      resolve();
    });
    body.once("close", () => {
      if (!body.readableEnded && !sink.signal.aborted) sink.destroy();
      resolve();
    });
    body.once("error", () => undefined);
  });
}

/** A redirect inside the backend becomes one through the proxy. */
function rewriteLocation(headers: Headers, request: ApiRequest, backend: Backend, prefix: string): void {
  const location = headers["location"];
  if (typeof location !== "string" || location === "") return;
  headers["location"] = rewrittenUrl(location, hostPort(backend), requestHost(request), prefix);
}

/** Upstream's rule: other hosts and relative targets stay; a path of the backend is put behind the proxy's own. */
export function rewrittenUrl(target: string, backendHost: string, requestHost: string, prefix: string): string {
  const match = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(.*)$/is.exec(target);
  if (match === null) throw internalError(`error trying to parse Location header: parse ${JSON.stringify(target)}`);
  const [, scheme = "", host = "", path = "", rest = ""] = match;
  const otherHost = host !== "" && host !== backendHost && host !== requestHost;
  if (otherHost || !path.startsWith("/")) return target;
  const origin = host !== "" && host === requestHost ? `${scheme === "" ? "" : `${scheme}:`}//${host}` : "";
  if (path.startsWith(prefix)) return origin + path + rest;
  const joined = posix.join(prefix, path);
  return origin + joined + (path.endsWith("/") && !joined.endsWith("/") ? "/" : "") + rest;
}
