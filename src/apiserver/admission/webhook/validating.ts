/** ValidatingAdmissionWebhook: every webhook that is concerned is asked, all at once. */
import { timeout as timeoutError } from "../../../core/api-error.ts";
import type { AdmissionAttributes } from "../../admission.ts";
import { annotate } from "../../audit/annotations.ts";
import { atVersion, type Equivalent } from "../equivalents.ts";
import { askHook, CallFailure, record, told } from "./call.ts";
import type { Hook } from "./hooks.ts";
import { conditionsMatch, matchHook } from "./matching.ts";
import type { WebhookDeps } from "./deps.ts";
import type { Question } from "./review.ts";

const failedOpen = "failed-open.validating.webhook.admission.k8s.io/";

/** Throws what the first webhook, in their order, has against the request. */
export async function validateByHooks(hooks: readonly Hook[], attributes: AdmissionAttributes, deps: WebhookDeps): Promise<void> {
  const calls: { hook: Hook; question: Question }[] = [];
  const versions = new Map<string, Promise<Question>>();
  for (const hook of hooks) {
    const matched = await matchHook(hook, attributes, deps);
    if (matched === undefined) continue;
    const question = await questionAt(matched, attributes, versions);
    if (await conditionsMatch(hook, "validating", question, deps)) calls.push({ hook, question });
  }
  if (calls.length === 0) return;
  if (attributes.request.signal.aborted) throw timeoutError("request did not complete within requested timeout", 0);
  const errors = await Promise.all(calls.map(({ hook, question }, index) => ask(hook, index, question, deps)));
  const failed = errors.find((error) => error !== undefined);
  if (failed !== undefined) throw failed;
}

/** Webhooks that want one version share the objects at it. */
function questionAt(matched: Equivalent, attributes: AdmissionAttributes, known: Map<string, Promise<Question>>): Promise<Question> {
  const key = `${matched.group}/${matched.version}/${matched.resource}`;
  let question = known.get(key);
  if (question === undefined) known.set(key, (question = makeQuestion(matched, attributes)));
  return question;
}

async function makeQuestion(matched: Equivalent, attributes: AdmissionAttributes): Promise<Question> {
  const { object, oldObject } = attributes;
  return {
    attributes,
    matched,
    object: object === undefined ? undefined : await atVersion(object, matched),
    oldObject: oldObject === undefined ? undefined : await atVersion(oldObject, matched),
  };
}

/** What the webhook has against the request; undefined when nothing counts. */
async function ask(hook: Hook, index: number, question: Question, deps: WebhookDeps): Promise<unknown> {
  const { attributes } = question;
  const started = deps.clock.monotonic();
  let failure: unknown;
  try {
    await askHook(hook, question, deps.targets, false);
  } catch (error) {
    failure = error;
  }
  const seconds = (deps.clock.monotonic() - started) / 1000;
  record(deps.metrics, { hook, step: "validating", operation: attributes.operation, seconds, error: failure });
  if (failure === undefined) return undefined;
  if (!(failure instanceof CallFailure) || !hook.ignoresFailures) return told(failure);
  if (!failure.canceled) {
    deps.log.warn("a webhook failed and was passed over", { webhook: hook.spec.name, error: failure });
    deps.metrics.failedOpen(hook.spec.name, "validating");
    annotate(attributes.request, `${failedOpen}round_0_index_${index}`, hook.spec.name);
  }
  return undefined;
}
