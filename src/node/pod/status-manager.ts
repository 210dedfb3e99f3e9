/**
 * Tells the API server how the pods are: keeps the latest status of each, and patches what differs, one request a pod at a
 * time; what changes meanwhile goes with the next one.
 */
import type { Client } from "../../client/client.ts";
import { isApiError } from "../../core/api-error.ts";
import { formatTime, sleep, type Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { pods, type Pod, type PodCondition, type PodStatus } from "../../schema/types/core-v1.ts";
import { sameValue, statusPatch } from "./status-patch.ts";

interface Entry {
  namespace: string;
  name: string;
  uid: string;
  status: PodStatus;
  /** What the API server has, as far as is known. */
  told: PodStatus;
  dirty: boolean;
  sending: Promise<void> | undefined;
  failures: number;
}

export interface StatusManagerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborted: nothing more is told. */
  readonly signal: AbortSignal;
}

const retryDelay = 500;
const maxRetryDelay = 10_000;

export class StatusManager {
  readonly #options: StatusManagerOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: StatusManagerOptions) {
    this.#options = options;
  }

  get(uid: string): PodStatus | undefined {
    return this.#entries.get(uid)?.status;
  }

  /** Makes `status` the pod's, with the times of transitions filled in, and sends it in the background. */
  set(pod: Pod, status: PodStatus): PodStatus {
    const { name = "", namespace = "", uid = "" } = pod.metadata ?? {};
    let entry = this.#entries.get(uid);
    if (entry === undefined) {
      const told = pod.status ?? {};
      entry = { namespace, name, uid, status: told, told, dirty: false, sending: undefined, failures: 0 };
      this.#entries.set(uid, entry);
    }
    const conditions = withTransitions(
      status.conditions ?? [],
      [...(entry.status.conditions ?? []), ...(pod.status?.conditions ?? [])],
      formatTime(this.#options.clock.now()),
    );
    entry.status = { ...status, conditions };
    if (sameValue(statusPatch(entry.told, entry.status), {})) return entry.status;
    entry.dirty = true;
    entry.sending ??= this.#send(entry);
    return entry.status;
  }

  /** Resolves when everything set so far has been sent. */
  async flush(uid: string): Promise<void> {
    await this.#entries.get(uid)?.sending;
  }

  /** The API's pod has changed: differences are from now on taken from it. */
  observe(pod: Pod): void {
    const entry = this.#entries.get(pod.metadata?.uid ?? "");
    if (entry === undefined || entry.sending !== undefined) return;
    entry.told = pod.status ?? {};
    if (sameValue(statusPatch(entry.told, entry.status), {})) return;
    entry.dirty = true;
    entry.sending = this.#send(entry);
  }

  forget(uid: string): void {
    const entry = this.#entries.get(uid);
    if (entry !== undefined) entry.dirty = false;
    this.#entries.delete(uid);
  }

  async #send(entry: Entry): Promise<void> {
    const { client, clock, log, signal } = this.#options;
    // Changes of the same moment go together.
    await Promise.resolve();
    while (entry.dirty && !signal.aborted) {
      entry.dirty = false;
      const { status } = entry;
      const patch = statusPatch(entry.told, status);
      if (sameValue(patch, {})) continue;
      try {
        const body = { metadata: { uid: entry.uid }, status: patch };
        const answer = await client.resource(pods, entry.namespace).patch(entry.name, "strategic", body, { subresource: "status", signal });
        entry.told = answer.status ?? status;
        entry.failures = 0;
      } catch (error) {
        if (isApiError(error) && (error.code === 404 || error.code === 409)) {
          // Gone, or another pod of that name: nobody is left to tell.
          log.debug("status not told", { pod: `${entry.namespace}/${entry.name}`, error });
          break;
        }
        if (signal.aborted) break;
        log.warn("status could not be told", { pod: `${entry.namespace}/${entry.name}`, error });
        const delay = Math.min(maxRetryDelay, retryDelay * 2 ** entry.failures++);
        await sleep(clock, delay, signal).catch(() => undefined);
        if (this.#entries.get(entry.uid) === entry) entry.dirty = true;
      }
    }
    entry.sending = undefined;
  }
}

/** `lastTransitionTime`: kept while the condition's status stays, else now. */
function withTransitions(conditions: readonly PodCondition[], before: readonly PodCondition[], now: string): PodCondition[] {
  return conditions.map((condition) => {
    const old = before.find((c) => c.type === condition.type);
    const kept = old?.status === condition.status ? old.lastTransitionTime : undefined;
    return { ...condition, lastTransitionTime: kept ?? now };
  });
}
