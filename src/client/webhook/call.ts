/** One POST to a webhook, and what its answer means to a Go client. */
import type { Clock } from "../../core/clock.ts";
import { sleep } from "../../core/clock.ts";
import type { ApiError } from "../../core/api-error.ts";
import { responseError } from "../http/response-error.ts";
import type { WireResponse } from "../http/wire.ts";
import { goNetworkError } from "./go-errors.ts";
import type { WebhookTarget } from "./target.ts";

export interface WebhookCallOptions {
  /** Milliseconds for the whole call; none when absent. */
  readonly timeout?: number | undefined;
  /** Tell the webhook of the time-out, in whole seconds, as the query's `timeout`. */
  readonly announceTimeout?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Bytes of the answer that are read; more is an error. Default 64 MiB. */
  readonly bodyLimit?: number | undefined;
}

export interface WebhookAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** No answer came. `message` is Go's: `Post "https://…": dial tcp …: connect: connection refused`. */
export class WebhookCallError extends Error {
  override readonly name = "WebhookCallError";
  /** The time-out ran out, or the caller gave up. */
  readonly ended: "timeout" | "canceled" | undefined;

  constructor(message: string, ended: "timeout" | "canceled" | undefined, cause: unknown) {
    super(message, { cause });
    this.ended = ended;
  }
}

const defaultBodyLimit = 64 * 1024 * 1024;
const maxRetries = 10;

/**
 * Posts `object` as JSON and returns the answer, whatever its status. An answer 429 or 5xx that says when to come back
 * (`Retry-After`) is asked for again until the time-out, as client-go does. Throws {@link WebhookCallError}.
 */
export async function callWebhook(target: WebhookTarget, object: unknown, options: WebhookCallOptions = {}): Promise<WebhookAnswer> {
  const query = options.announceTimeout === true && options.timeout !== undefined ? `timeout=${goSeconds(options.timeout)}` : "";
  const suffix = query === "" ? "" : (target.path.includes("?") ? "&" : "?") + query;
  const body = new TextEncoder().encode(typeof object === "string" ? object : JSON.stringify(object));
  const limit = deadline(target.clock, options);
  try {
    for (let attempt = 0; ; attempt++) {
      const answer = await post(target, target.path + suffix, body, limit.signal, options.bodyLimit ?? defaultBodyLimit);
      const seconds = retryAfter(answer);
      if (seconds === undefined || attempt >= maxRetries) return answer;
      await sleep(target.clock, seconds * 1000, limit.signal);
    }
  } catch (error) {
    const ended = limit.ended();
    const why = ended === "timeout" ? "context deadline exceeded" : ended === "canceled" ? "context canceled" : goNetworkError(error);
    throw new WebhookCallError(`Post ${JSON.stringify(target.url + suffix)}: ${why}`, ended, error);
  } finally {
    limit.done();
  }
}

/** Throws the ApiError that client-go makes of an answer that is no good one. */
export function goodStatus(answer: WebhookAnswer): void {
  if (answer.status < 200 || answer.status > 206) throw answerError(answer);
}

/** The body of a good answer; an empty body is an Error, too. */
export function goodBody(answer: WebhookAnswer): string {
  goodStatus(answer);
  if (answer.body === "") {
    const type = answer.headers["content-type"] ?? "";
    throw new Error(`0-length response with status code: ${answer.status} and content type: ${type}`);
  }
  return answer.body;
}

function answerError(answer: WebhookAnswer): ApiError {
  const type = answer.headers["content-type"] ?? "";
  // client-go quotes text alone; a Status speaks for itself in any dress.
  const shown = type === "" || type.startsWith("text/") || /^\{[^]*"kind":\s*"Status"/.test(answer.body) ? answer.body : "";
  return responseError(answer.status, "POST", shown, retryAfter(answer));
}

async function post(target: WebhookTarget, path: string, body: Uint8Array, signal: AbortSignal, limit: number): Promise<WebhookAnswer> {
  for (let first = true; ; first = false) {
    target.connections.useCertificate(await target.credentials.certificate());
    const authorization = await target.credentials.authorization();
    const response = await target.connections.exchange({
      method: "POST",
      path,
      headers: {
        accept: "application/json, */*",
        "content-type": "application/json",
        "user-agent": target.userAgent,
        ...(authorization === undefined ? {} : { authorization }),
      },
      body,
      signal,
    });
    const text = await readBody(response, limit);
    // A token that was read from a file, or made by a plugin, may have been replaced meanwhile.
    if (response.status === 401 && first && target.credentials.refresh()) continue;
    return { status: response.status, headers: response.headers, body: text };
  }
}

async function readBody(response: WireResponse, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > limit) throw new Error(`the answer is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function retryAfter(answer: WebhookAnswer): number | undefined {
  if (answer.status !== 429 && answer.status < 500) return undefined;
  const text = answer.headers["retry-after"];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

interface Deadline {
  readonly signal: AbortSignal;
  ended(): "timeout" | "canceled" | undefined;
  done(): void;
}

function deadline(clock: Clock, options: WebhookCallOptions): Deadline {
  const controller = new AbortController();
  let ended: "timeout" | "canceled" | undefined;
  const end = (how: "timeout" | "canceled"): void => {
    ended ??= how;
    controller.abort(new Error(how));
  };
  const onAbort = (): void => end("canceled");
  const timer = options.timeout === undefined ? undefined : clock.setTimeout(() => end("timeout"), options.timeout);
  if (options.signal?.aborted === true) onAbort();
  options.signal?.addEventListener("abort", onAbort, { once: true });
  return {
    signal: controller.signal,
    ended: () => ended,
    done: () => {
      timer?.cancel();
      options.signal?.removeEventListener("abort", onAbort);
    },
  };
}

/** Whole seconds, rounded up, as Go writes a duration: `10s`, `1m30s`. */
function goSeconds(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return minutes === 0
    ? `${seconds}s`
    : minutes < 60
      ? `${minutes}m${seconds % 60}s`
      : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds % 60}s`;
}
