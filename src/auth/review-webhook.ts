/** Asks another server to review a token or an access, as often as upstream does when it does not answer well. */
import { hasReason, isApiError } from "../core/api-error.ts";
import { sleep } from "../core/clock.ts";
import { callWebhook, goodBody, WebhookCallError } from "../client/webhook/call.ts";
import type { WebhookTarget } from "../client/webhook/target.ts";

export interface ReviewWebhookOptions {
  /** Milliseconds for one attempt. */
  readonly timeout: number;
  /** Milliseconds before the second attempt; each further one waits half as long again. Default 500. */
  readonly initialDelay?: number | undefined;
  /** Attempts in all. Default 5. */
  readonly attempts?: number | undefined;
  /** Told of every attempt: the answer's code (undefined when none came) and how many seconds it took. */
  readonly onAttempt?: ((code: number | undefined, error: Error | undefined, seconds: number) => void) | undefined;
}

const factor = 1.5;
const jitter = 0.2;

/** What may be over soon: a reset connection, an error inside, a time-out, too many requests, and whatever says when to come back. */
function passes(error: Error): boolean {
  if (isApiError(error)) {
    return hasReason(error, "InternalError", "Timeout", "TooManyRequests") || error.details?.retryAfterSeconds !== undefined;
  }
  return error instanceof WebhookCallError && /connection reset by peer|http2: client connection lost/.test(error.message);
}

/** The answered object. Throws an ApiError or {@link WebhookCallError} of the last attempt. */
export async function askReview<T>(target: WebhookTarget, review: object, options: ReviewWebhookOptions): Promise<T> {
  const { timeout, attempts = 5, initialDelay = 500, onAttempt } = options;
  let delay = initialDelay;
  for (let attempt = 1; ; attempt++) {
    const started = target.clock.monotonic();
    const took = (): number => (target.clock.monotonic() - started) / 1000;
    let code: number | undefined;
    try {
      const answer = await callWebhook(target, review, { timeout });
      code = answer.status;
      const parsed = parse<T>(goodBody(answer), review as Review);
      onAttempt?.(code, undefined, took());
      return parsed;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      onAttempt?.(code, error, took());
      if (attempt >= attempts || !passes(error)) throw error;
    }
    await sleep(target.clock, delay * (1 + Math.random() * jitter));
    delay *= factor;
  }
}

interface Review {
  readonly apiVersion: string;
  readonly kind: string;
}

function parse<T>(body: string, asked: Review): T {
  const answer: unknown = JSON.parse(body);
  if (typeof answer !== "object" || answer === null) throw new Error(`couldn't get version/kind; json parse error: ${body}`);
  const { apiVersion, kind } = answer as Partial<Review>;
  if (kind === undefined || kind === "") throw new Error(`Object 'Kind' is missing in '${body}'`);
  if (apiVersion === undefined || apiVersion === "") throw new Error(`Object 'apiVersion' is missing in '${body}'`);
  if (kind !== asked.kind || apiVersion.split("/")[0] !== asked.apiVersion.split("/")[0]) {
    throw new Error(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`);
  }
  return answer as T;
}
