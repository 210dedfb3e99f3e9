/** One call of an admission webhook: what it says, or how it failed, as upstream tells the three kinds of failure apart. */
import { ApiError, badRequest, internalError, isApiError, serviceUnavailable } from "../../../core/api-error.ts";
import { callWebhook, goodBody, WebhookCallError } from "../../../client/webhook/call.ts";
import type { WebhookTargets } from "../../../client/webhook/targets.ts";
import { annotate } from "../../audit/annotations.ts";
import type { Hook } from "./hooks.ts";
import type { RejectionError, Step, WebhookMetrics } from "./metrics.ts";
import { checkReview, makeReview, type Question, readReview, type ReviewAnswer, verifyReview } from "./review.ts";

/** The webhook could not be asked, or did not answer properly: the failure policy decides. */
export class CallFailure extends Error {
  override readonly name = "CallFailure";
  /** Of the status that is counted. */
  readonly code: number;
  readonly canceled: boolean;

  constructor(webhook: string, reason: string, code: number, canceled = false) {
    super(`failed calling webhook ${JSON.stringify(webhook)}: ${reason}`);
    this.code = code;
    this.canceled = canceled;
  }
}

/** The webhook said no. */
export class Rejection extends Error {
  override readonly name = "Rejection";
  readonly status: ApiError;

  constructor(status: ApiError) {
    super(status.message);
    this.status = status;
  }
}

/**
 * Asks, writes the audit annotations and warnings of the answer to the request, and returns it when it allows. Throws
 * {@link CallFailure}, {@link Rejection}, or the ApiError of a dry run that the webhook does not take.
 */
export async function askHook(hook: Hook, question: Question, targets: WebhookTargets, mutating: boolean): Promise<ReviewAnswer> {
  const { spec } = hook;
  const { name } = spec;
  const { attributes } = question;
  if (attributes.dryRun && spec.sideEffects !== "None" && spec.sideEffects !== "NoneOnDryRun")
    throw badRequest(`admission webhook ${JSON.stringify(name)} does not support dry run`);
  const review = makeReview(question, spec.admissionReviewVersions);
  if (review === undefined) {
    const why = "webhook does not accept known AdmissionReview versions (v1, v1beta1)";
    throw new CallFailure(name, `could not create admission objects: ${why}`, 400);
  }
  let tree: Record<string, unknown>;
  try {
    const target = await connected(name, () => targets.of(spec.clientConfig));
    const answer = await callWebhook(target, review.body, {
      timeout: hook.timeout,
      announceTimeout: true,
      signal: attributes.request.signal,
    });
    tree = await readReview(goodBody(answer), review.version);
    checkReview(tree, review.version);
  } catch (error) {
    if (error instanceof CallFailure) throw error;
    const code = isApiError(error) ? error.code : serviceUnavailable("").code;
    const canceled = error instanceof WebhookCallError && error.ended === "canceled";
    throw new CallFailure(name, `failed to call webhook: ${(error as Error).message}`, code, canceled);
  }
  let verified: ReviewAnswer;
  try {
    verified = verifyReview(tree, review, mutating);
  } catch (error) {
    throw new CallFailure(name, `received invalid webhook response: ${(error as Error).message}`, 503);
  }
  for (const [key, value] of Object.entries(verified.auditAnnotations)) annotate(attributes.request, `${name}/${key}`, value);
  attributes.request.warnings.push(...verified.warnings);
  if (!verified.allowed) throw new Rejection(denial(name, verified.result));
  return verified;
}

async function connected<T>(name: string, target: () => Promise<T>): Promise<T> {
  try {
    return await target();
  } catch (error) {
    throw new CallFailure(name, `could not get REST client: ${(error as Error).message}`, 500);
  }
}

/** The webhook's own status with its name before the message; never below 400. */
export function denial(name: string, result: ReviewAnswer["result"]): ApiError {
  const deniedBy = `admission webhook ${JSON.stringify(name)} denied the request`;
  const { code = 0, message = "", reason = "", details } = result ?? {};
  const explained = message || reason;
  return ApiError.fromStatus({
    code: code < 400 ? 400 : code,
    reason,
    message: explained === "" ? `${deniedBy} without explanation` : `${deniedBy}: ${explained}`,
    ...(details === undefined ? {} : { details }),
  });
}

export interface CallRecord {
  readonly hook: Hook;
  readonly step: Step;
  readonly operation: string;
  readonly seconds: number;
  readonly error: unknown;
}

/** Counts a call; what failed open counts as not rejected. */
export function record(metrics: WebhookMetrics, { hook, step, operation, seconds, error }: CallRecord): void {
  const { name } = hook.spec;
  const count = (code: number, rejected: boolean, type?: RejectionError): void => {
    if (type !== undefined) metrics.rejected(name, step, operation, type, code);
    metrics.called(name, step, operation, seconds, code, rejected);
  };
  if (error === undefined) count(200, false);
  else if (error instanceof Rejection) count(error.status.code, true, "no_error");
  else if (error instanceof CallFailure)
    count(error.code, !hook.ignoresFailures, hook.ignoresFailures || error.canceled ? undefined : "calling_webhook_error");
  else count(0, true, "apiserver_internal_error");
}

/** What the client is told of a failure that counts. */
export function told(error: unknown): unknown {
  if (error instanceof CallFailure) return internalError(error.message);
  return error instanceof Rejection ? error.status : error;
}
