/**
 * The transport over the network: HTTP/2 where the server has it, JSON, credentials, and client-go's rules for trying
 * again: what the server has not processed, any method; a broken connection, reads only; 429 and 5xx with Retry-After.
 */
import { ApiError, isApiError } from "../core/api-error.ts";
import type { Clock } from "../core/clock.ts";
import { sleep, systemClock } from "../core/clock.ts";
import type { KubeObject } from "../schema/object.ts";
import { resourcePath } from "../schema/resource-ref.ts";
import type { Client, RawResponse, WatchEvent } from "./client.ts";
import type { ClientConfig, Impersonation } from "./config.ts";
import { Connections } from "./http/connections.ts";
import { Credentials } from "./http/credentials.ts";
import { responseError } from "./http/response-error.ts";
import { WireError, type WireRequest, type WireResponse } from "./http/wire.ts";
import { restClient } from "./rest-client.ts";
import type { ApiCall, Identity, RawOptions, Transport } from "./transport.ts";
import { FrameDecoder } from "./watch-decoder.ts";

export interface HttpClient extends Client {
  /** Ends every exchange and connection. */
  close(): void;
}

export function httpClient(config: ClientConfig): HttpClient {
  const clock = config.clock ?? systemClock;
  const connections = new Connections(config, clock);
  const transport = new HttpTransport(config, connections, new Credentials(config, clock), config.impersonate);
  const client = restClient(transport);
  return {
    resource: (ref, namespace) => client.resource(ref, namespace),
    raw: (method, path, body, options) => client.raw(method, path, body, options),
    as: (user) => client.as(user),
    close: () => connections.close(),
  };
}

const maxAttempts = 10;
const encoder = new TextEncoder();

class HttpTransport implements Transport {
  readonly #config: ClientConfig;
  readonly #connections: Connections;
  readonly #credentials: Credentials;
  readonly #impersonate: Impersonation | undefined;
  readonly #clock: Clock;
  readonly #prefix: string;

  constructor(config: ClientConfig, connections: Connections, credentials: Credentials, impersonate: Impersonation | undefined) {
    this.#config = config;
    this.#connections = connections;
    this.#credentials = credentials;
    this.#impersonate = impersonate;
    this.#clock = config.clock ?? systemClock;
    this.#prefix = new URL(config.server).pathname.replace(/\/$/, "");
  }

  as(user: Identity): Transport {
    const impersonate = { user: user.name, ...(user.groups === undefined ? {} : { groups: user.groups }) };
    const config = user.userAgent === undefined ? this.#config : { ...this.#config, userAgent: user.userAgent };
    return new HttpTransport(config, this.#connections, this.#credentials, impersonate);
  }

  async call(call: ApiCall): Promise<object> {
    const response = await this.#send(this.#request(call));
    const text = await readText(response, call.signal);
    const result = JSON.parse(text) as KubeObject & { items?: KubeObject[] | null };
    if (call.verb === "list" && Array.isArray(result.items)) withTypes(result.items, result);
    else if (call.verb === "list") result.items = [];
    return result;
  }

  async *watch(call: ApiCall): AsyncGenerator<WatchEvent<KubeObject>> {
    let response: WireResponse;
    try {
      response = await this.#send(this.#request(call));
    } catch (error) {
      if (call.signal?.aborted) return;
      throw error;
    }
    let batch: WatchEvent<KubeObject>[] = [];
    let failure: ApiError | undefined;
    const decoder = new FrameDecoder((type, object) => {
      if (failure !== undefined) return;
      if (type === "ERROR") failure = ApiError.fromStatus(object as object);
      else batch.push({ type: type as WatchEvent<KubeObject>["type"], object });
    });
    try {
      // The stream is paused while the consumer works on a batch: a slow one slows the server down, not this process.
      for await (const chunk of response.body as AsyncIterable<Buffer>) {
        decoder.push(chunk);
        const ready = batch;
        batch = [];
        yield* ready;
        if (failure !== undefined) throw failure;
      }
    } catch (error) {
      if (call.signal?.aborted) return;
      if (isApiError(error)) throw error;
      throw new ApiError(503, "ServiceUnavailable", `the watch broke: ${(error as Error).message}`);
    }
    if (call.signal?.aborted) return;
    if (!decoder.finish()) throw new ApiError(503, "ServiceUnavailable", "the watch broke within an event");
    yield* batch;
    if (failure !== undefined) throw failure;
  }

  async raw(method: string, path: string, body: unknown, options: RawOptions): Promise<RawResponse> {
    const bytes = body === undefined ? undefined : encoder.encode(typeof body === "string" ? body : JSON.stringify(body));
    const response = await this.#attempt({
      method,
      path: this.#prefix + path,
      headers: {
        ...this.#headers(),
        ...(bytes === undefined ? {} : { "content-type": "application/json" }),
        ...options.headers,
      },
      body: bytes,
      signal: options.signal,
    });
    const text = await readText(response, options.signal);
    return { status: response.status, headers: { ...response.headers }, text: () => text, json: () => JSON.parse(text) as unknown };
  }

  #request(call: ApiCall): WireRequest {
    const { namespace, name, subresource } = call;
    const query = call.query.toString();
    const path = this.#prefix + resourcePath(call.ref, { namespace, name, subresource }) + (query === "" ? "" : `?${query}`);
    return {
      method: call.method,
      path,
      headers: {
        ...this.#headers(),
        ...(call.body === undefined ? {} : { "content-type": call.contentType ?? "application/json" }),
      },
      body: call.body === undefined ? undefined : encoder.encode(JSON.stringify(call.body)),
      signal: call.signal,
    };
  }

  #headers(): Record<string, string | string[]> {
    const headers: Record<string, string | string[]> = {
      accept: "application/json",
      "user-agent": this.#config.userAgent ?? "tsukube",
    };
    const as = this.#impersonate;
    if (as === undefined) return headers;
    headers["impersonate-user"] = as.user;
    if (as.uid !== undefined) headers["impersonate-uid"] = as.uid;
    if (as.groups !== undefined && as.groups.length > 0) headers["impersonate-group"] = [...as.groups];
    for (const [key, values] of Object.entries(as.extra ?? {})) {
      headers[`impersonate-extra-${encodeURIComponent(key).toLowerCase()}`] = [...values];
    }
    return headers;
  }

  /** An answer below 400; others are thrown. */
  async #send(request: WireRequest): Promise<WireResponse> {
    const response = await this.#attempt(request);
    if (response.status < 400) return response;
    throw responseError(response.status, request.method, await readText(response, request.signal), retryAfter(response));
  }

  async #attempt(request: WireRequest): Promise<WireResponse> {
    let refreshed = false;
    for (let attempt = 1; ; attempt++) {
      let response: WireResponse;
      try {
        response = await this.#connections.exchange(await this.#authorized(request));
      } catch (error) {
        if (request.signal?.aborted || !(error instanceof WireError)) throw error;
        const again = error.unprocessed ? !isDialFailure(error) : request.method === "GET";
        // As often as Go asks again after a refusal: each new session may be told to leave too.
        if (again && attempt <= (error.unprocessed ? 6 : 3)) continue;
        throw new ApiError(503, "ServiceUnavailable", `${request.method} ${this.#config.server}${request.path}: ${error.message}`);
      }
      if (response.status === 401 && !refreshed && this.#credentials.refresh()) refreshed = true;
      else if (attempt < maxAttempts && asksToWait(response)) await this.#wait(response, request.signal);
      else return response;
      response.body.destroy();
    }
  }

  async #wait(response: WireResponse, signal: AbortSignal | undefined): Promise<void> {
    await sleep(this.#clock, (retryAfter(response) ?? 1) * 1000, signal);
  }

  async #authorized(request: WireRequest): Promise<WireRequest> {
    if (this.#config.exec !== undefined) this.#connections.useCertificate(await this.#credentials.certificate());
    const authorization = await this.#credentials.authorization();
    return authorization === undefined ? request : { ...request, headers: { ...request.headers, authorization } };
  }
}

/** Nothing listens there, or it is not who it should be: not worth an immediate second try. */
function isDialFailure(error: WireError): boolean {
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  return cause !== undefined && !(cause.code ?? "").startsWith("ERR_HTTP2");
}

function asksToWait(response: WireResponse): boolean {
  return (response.status === 429 || response.status >= 500) && retryAfter(response) !== undefined;
}

function retryAfter(response: WireResponse): number | undefined {
  const seconds = Number(response.headers["retry-after"]);
  return response.headers["retry-after"] !== undefined && Number.isInteger(seconds) && seconds >= 0 ? seconds : undefined;
}

async function readText(response: WireResponse, signal: AbortSignal | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response.body as AsyncIterable<Buffer>) chunks.push(chunk);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw new ApiError(503, "ServiceUnavailable", `the answer broke off: ${(error as Error).message}`);
  }
  return (chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)).toString("utf8");
}

/** List items carry no type on the wire; here every object says what it is. */
function withTypes(items: KubeObject[], list: KubeObject): void {
  const kind = list.kind?.replace(/List$/, "");
  for (let i = 0; i < items.length; i++) {
    const item = items[i] as KubeObject;
    if (item.kind === undefined && kind !== undefined) items[i] = { apiVersion: list.apiVersion, kind, ...item };
  }
}
