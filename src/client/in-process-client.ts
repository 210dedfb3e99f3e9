/**
 * The transport without wires: hands the server objects and gets its frozen ones back. It means what HTTP means: every
 * request goes through the whole pipeline under the client's own identity. The server is typed by its shape, since
 * `client/` stands below `apiserver/`.
 */
import { ApiError, isApiError } from "../core/api-error.ts";
import type { Logger } from "../core/log.ts";
import { silent } from "../core/log.ts";
import type { KubeObject } from "../schema/object.ts";
import { resourcePath } from "../schema/resource-ref.ts";
import type { Client, RawResponse, WatchEvent } from "./client.ts";
import { EventBuffer } from "./event-buffer.ts";
import { restClient } from "./rest-client.ts";
import type { ApiCall, Identity, RawOptions, Transport } from "./transport.ts";
import { FrameDecoder } from "./watch-decoder.ts";

/** The part of `apiserver/request.ts` ApiRequest that this transport fills in. */
export interface LocalRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body?: Uint8Array | undefined;
  readonly object?: KubeObject | undefined;
  readonly inProcess?: boolean | undefined;
  user?: LocalUser | undefined;
  readonly signal: AbortSignal;
  readonly warnings: string[];
  info: LocalRequestInfo;
  readonly log: Logger;
}

export interface LocalUser {
  readonly name: string;
  readonly uid?: string | undefined;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

export interface LocalRequestInfo {
  readonly isResource: boolean;
  readonly path: string;
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  readonly trailing: string;
}

export interface LocalResponse {
  status: number;
  headers: Record<string, string | string[]>;
  bytes?: Uint8Array | readonly Uint8Array[] | undefined;
  object?: KubeObject | undefined;
  stream?: ((sink: LocalByteSink) => void | Promise<void>) | undefined;
  watch?: LocalWatchSource | undefined;
}

export interface LocalByteSink {
  write(chunk: Uint8Array): boolean;
  onDrain(run: () => void): void;
  end(): void;
  destroy(): void;
  readonly signal: AbortSignal;
  readonly buffered: number;
}

export interface LocalWatchSource {
  start(observer: { event(type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR", object: KubeObject): void; end(): void }): void;
  stop(): void;
}

export interface LocalServer {
  handle(request: LocalRequest): Promise<LocalResponse>;
}

export interface InProcessOptions {
  /** What the server takes the field manager from; `tsukube` when absent. */
  userAgent?: string;
  log?: Logger;
}

/** A client of `server` as `user`. Groups default to what authentication would give that name. */
export function inProcessClient(server: LocalServer, user: Identity, options: InProcessOptions = {}): Client {
  return restClient(new InProcessTransport(server, withGroups(user), options));
}

/** `system:authenticated`, and a service account's own groups. */
function withGroups(user: Identity): LocalUser {
  if (user.groups !== undefined) return { name: user.name, groups: [...new Set([...user.groups, "system:authenticated"])] };
  const parts = user.name.split(":");
  if (parts.length === 4 && user.name.startsWith("system:serviceaccount:")) {
    return { name: user.name, groups: ["system:serviceaccounts", `system:serviceaccounts:${parts[2]}`, "system:authenticated"] };
  }
  return { name: user.name, groups: ["system:authenticated"] };
}

/** A watcher this far behind is cut off; informers go on from their last version. */
const maxBufferedEvents = 100_000;
/** A fresh one a request: listeners that the server leaves on it die with the request. */
const unaborted = (): AbortSignal => new AbortController().signal;
const encoder = new TextEncoder();

class InProcessTransport implements Transport {
  readonly #server: LocalServer;
  readonly #user: LocalUser;
  readonly #options: InProcessOptions;

  constructor(server: LocalServer, user: LocalUser, options: InProcessOptions) {
    this.#server = server;
    this.#user = user;
    this.#options = options;
  }

  as(user: Identity): Transport {
    const options = user.userAgent === undefined ? this.#options : { ...this.#options, userAgent: user.userAgent };
    return new InProcessTransport(this.#server, withGroups(user), options);
  }

  async call(call: ApiCall): Promise<object> {
    const response = await this.#handle(this.#request(call, call.signal ?? unaborted()));
    if (response.status >= 400) throw failure(response);
    if (response.object !== undefined) return response.object;
    return JSON.parse(await textOf(response)) as object;
  }

  watch(call: ApiCall): AsyncIterable<WatchEvent<KubeObject>> {
    // A signal of its own, untied when the watch has ended: the caller's may live as long as the process.
    const own = new AbortController();
    const outer = call.signal;
    const onAbort = (): void => own.abort(outer?.reason);
    const buffer = new EventBuffer<WatchEvent<KubeObject>>(() => own.abort());
    own.signal.addEventListener(
      "abort",
      () => {
        outer?.removeEventListener("abort", onAbort);
        buffer.end();
      },
      { once: true },
    );
    outer?.addEventListener("abort", onAbort, { once: true });
    if (outer?.aborted === true) own.abort(outer.reason);
    this.#startWatch(call, own, buffer).catch((error: unknown) => {
      buffer.fail(error);
      own.abort();
    });
    return buffer;
  }

  async #startWatch(call: ApiCall, own: AbortController, buffer: EventBuffer<WatchEvent<KubeObject>>): Promise<void> {
    const { signal } = own;
    const end = (): void => {
      buffer.end();
      own.abort();
    };
    const response = await this.#handle(this.#request(call, signal));
    if (response.status >= 400) throw failure(response);
    const send = (type: string, object: KubeObject): void => {
      if (type === "ERROR") {
        buffer.fail(ApiError.fromStatus(object as object));
        own.abort();
        return;
      }
      buffer.push({ type: type as WatchEvent<KubeObject>["type"], object });
      if (buffer.size > maxBufferedEvents) {
        buffer.fail(new ApiError(503, "ServiceUnavailable", "the watcher is too slow"));
        own.abort();
      }
    };
    if (response.watch !== undefined) {
      const source = response.watch;
      signal.addEventListener("abort", () => source.stop(), { once: true });
      if (signal.aborted) source.stop();
      else source.start({ event: send, end });
      return;
    }
    if (response.stream === undefined) throw new ApiError(500, "InternalError", "the server did not answer the watch with a stream");
    const decoder = new FrameDecoder(send);
    await response.stream({
      write: (chunk) => {
        decoder.push(chunk);
        return true;
      },
      onDrain: (run) => queueMicrotask(run),
      end,
      destroy: () => {
        buffer.fail(new ApiError(503, "ServiceUnavailable", "the watch was cut off"));
        own.abort();
      },
      signal,
      buffered: 0,
    });
  }

  async raw(method: string, path: string, body: unknown, options: RawOptions): Promise<RawResponse> {
    const url = new URL(path, "http://localhost");
    const bytes = body === undefined ? undefined : encoder.encode(typeof body === "string" ? body : JSON.stringify(body));
    const response = await this.#handle({
      method,
      path: url.pathname,
      query: url.searchParams,
      headers: {
        "user-agent": this.#options.userAgent ?? "tsukube",
        ...(bytes === undefined ? {} : { "content-type": "application/json" }),
        ...options.headers,
      },
      body: bytes,
      user: this.#user,
      signal: options.signal ?? unaborted(),
      warnings: [],
      info: unresolved,
      log: this.#options.log ?? silent,
    });
    const text = await textOf(response);
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(response.headers))
      headers[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value;
    return { status: response.status, headers, text: () => text, json: () => JSON.parse(text) as unknown };
  }

  async #handle(request: LocalRequest): Promise<LocalResponse> {
    request.signal.throwIfAborted();
    try {
      return await this.#server.handle(request);
    } catch (error) {
      if (request.signal.aborted) throw request.signal.reason;
      if (isApiError(error)) throw error;
      throw new ApiError(500, "InternalError", error instanceof Error ? error.message : String(error), undefined);
    }
  }

  #request(call: ApiCall, signal: AbortSignal): LocalRequest {
    const { ref, namespace, name, subresource } = call;
    const path = resourcePath(ref, { namespace, name, subresource });
    const patch = call.verb === "patch";
    return {
      method: call.method,
      path,
      query: call.query,
      headers: {
        accept: "application/json",
        "user-agent": this.#options.userAgent ?? "tsukube",
        ...(call.body === undefined ? {} : { "content-type": call.contentType ?? "application/json" }),
      },
      // A patch is not an object: it goes as the bytes that its content type names.
      body: patch ? encoder.encode(JSON.stringify(call.body)) : undefined,
      object: patch ? undefined : (call.body as KubeObject | undefined),
      inProcess: true,
      user: this.#user,
      signal,
      warnings: [],
      info: unresolved,
      log: this.#options.log ?? silent,
    };
  }
}

/** The pipeline's first step works it out from the path. */
const unresolved: LocalRequestInfo = {
  isResource: false,
  path: "",
  verb: "",
  group: "",
  version: "",
  namespace: "",
  resource: "",
  subresource: "",
  name: "",
  trailing: "",
};

function failure(response: LocalResponse): ApiError {
  if (response.object !== undefined) return ApiError.fromStatus({ code: response.status, ...(response.object as object) });
  return new ApiError(response.status, "", `the server answered ${response.status}`);
}

/** The whole answer as text, whichever form it has. */
async function textOf(response: LocalResponse): Promise<string> {
  if (response.object !== undefined) return JSON.stringify(response.object);
  if (response.bytes !== undefined) {
    const parts = response.bytes instanceof Uint8Array ? [response.bytes] : response.bytes;
    return Buffer.concat(parts).toString("utf8");
  }
  if (response.stream === undefined) return "";
  const stream = response.stream;
  const chunks: Uint8Array[] = [];
  await new Promise<void>((resolve, reject) => {
    const ended = stream({
      write: (chunk) => {
        chunks.push(chunk.slice());
        return true;
      },
      onDrain: (run) => queueMicrotask(run),
      end: resolve,
      destroy: () => reject(new ApiError(503, "ServiceUnavailable", "the answer was cut off")),
      signal: unaborted(),
      buffered: 0,
    });
    if (ended instanceof Promise) ended.catch(reject);
  });
  return Buffer.concat(chunks).toString("utf8");
}
