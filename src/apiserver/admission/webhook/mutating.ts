/** MutatingAdmissionWebhook: webhooks one after the other, each seeing what those before it have made of the object. */
import { ApiError, internalError, isApiError, timeout as timeoutError } from "../../../core/api-error.ts";
import type { UnstructuredObject } from "../../../schema/object.ts";
import { parseJson } from "../../../schema/json.ts";
import { encodeJson } from "../../../lang/json-text.ts";
import { applyJsonPatch, type JsonPatchOperation } from "../../../schema/patch/json-patch.ts";
import type { AdmissionAttributes } from "../../admission.ts";
import { annotate } from "../../audit/annotations.ts";
import { atVersion, type Equivalent } from "../equivalents.ts";
import { replaceObject } from "../replace.ts";
import { askHook, CallFailure, record, told } from "./call.ts";
import type { WebhookDeps } from "./deps.ts";
import type { Hook } from "./hooks.ts";
import { conditionsMatch, matchHook } from "./matching.ts";
import type { Question, ReviewAnswer } from "./review.ts";
import { Rounds } from "./rounds.ts";

const annotations = "webhook.admission.k8s.io/";

/** Throws what the first webhook that refuses has against the request. */
export async function mutateByHooks(hooks: readonly Hook[], attributes: AdmissionAttributes, deps: WebhookDeps): Promise<void> {
  const { reinvocation } = attributes;
  const rounds = Rounds.of(reinvocation, "MutatingAdmissionWebhook");
  if (reinvocation.again) rounds.begin(attributes.object);
  try {
    for (const [index, hook] of hooks.entries()) {
      const matched = await matchHook(hook, attributes, deps);
      if (matched === undefined) continue;
      const question = await makeQuestion(matched, attributes);
      if (!(await conditionsMatch(hook, "admit", question, deps))) continue;
      // The second round never calls a webhook for the first time, though the object may match it by now.
      if (reinvocation.again && !rounds.isDue(hook)) continue;
      if (await mutate(hook, index, question, deps)) {
        rounds.changed();
        reinvocation.request();
      }
      rounds.called(hook);
    }
  } finally {
    rounds.end(attributes.object);
  }
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

/** Whether the webhook changed the object. Throws what counts of its failures. */
async function mutate(hook: Hook, index: number, question: Question, deps: WebhookDeps): Promise<boolean> {
  const { attributes } = question;
  const { request } = attributes;
  const { name } = hook.spec;
  const at = `round_${attributes.reinvocation.again ? 1 : 0}_index_${index}`;
  const started = deps.clock.monotonic();
  let changed = false;
  let failure: unknown;
  try {
    const answer = await askHook(hook, question, deps.targets, true);
    changed = await applyAnswer(hook, question, answer, at);
  } catch (error) {
    failure = error;
  }
  annotate(request, `mutation.${annotations}${at}`, JSON.stringify({ configuration: hook.configuration, webhook: name, mutated: changed }));
  const seconds = (deps.clock.monotonic() - started) / 1000;
  record(deps.metrics, { hook, step: "admit", operation: attributes.operation, seconds, error: failure });
  if (failure === undefined) return changed;
  if (!(failure instanceof CallFailure) || !hook.ignoresFailures) throw told(failure);
  if (!failure.canceled) {
    deps.log.warn("a webhook failed and was passed over", { webhook: name, error: failure });
    deps.metrics.failedOpen(name, "admit");
    annotate(request, `failed-open.mutation.${annotations}${at}`, name);
  }
  if (request.signal.aborted) throw timeoutError("request did not complete within requested timeout", 0);
  return false;
}

async function applyAnswer(hook: Hook, question: Question, answer: ReviewAnswer, at: string): Promise<boolean> {
  const { name } = hook.spec;
  if (answer.patch === "") return false;
  const operations = readOperations(name, answer.patch);
  if (operations.length === 0) return false;
  const { attributes, matched, object } = question;
  if (object === undefined) {
    const why = `admission webhook ${JSON.stringify(name)} attempted to modify the object, which is not supported for this operation`;
    throw internalError(why);
  }
  if (answer.patchType !== "JSONPatch")
    throw new CallFailure(name, `unsupported patch type ${JSON.stringify(answer.patchType)}`, answer.result?.code ?? 0);
  const changed = await patchObject(attributes, matched, object, operations);
  const patch = operations.map((operation) => Object.fromEntries(Object.entries(operation).sort(([a], [b]) => (a < b ? -1 : 1))));
  const note = { configuration: hook.configuration, webhook: name, patch, patchType: "JSONPatch" };
  annotate(attributes.request, `patch.${annotations}${at}`, encodeJson(note), "Request");
  return changed;
}

async function patchObject(
  attributes: AdmissionAttributes,
  matched: Equivalent,
  object: UnstructuredObject,
  operations: readonly JsonPatchOperation[],
): Promise<boolean> {
  try {
    return await replaceObject(attributes, matched, object, applyJsonPatch(object, operations));
  } catch (error) {
    if (!isApiError(error)) throw error;
    // What a client that patches is not told: why.
    throw internalError(((error as ApiError).cause as Error | undefined)?.message ?? error.message);
  }
}

function readOperations(name: string, text: string): readonly JsonPatchOperation[] {
  const undecodable = (why: string): CallFailure => new CallFailure(name, `received undecodable patch in webhook response: ${why}`, 503);
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw undecodable((error as Error).message);
  }
  if (value === null) return [];
  if (Array.isArray(value)) return value as JsonPatchOperation[];
  throw undecodable(`json: cannot unmarshal ${typeof value === "boolean" ? "bool" : typeof value} into Go value of type jsonpatch.Patch`);
}
