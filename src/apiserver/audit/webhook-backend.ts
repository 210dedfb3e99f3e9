/** Sends events to a webhook, an EventList a batch, again and again with growing pauses while it does not take them. */
import { callWebhook, goodStatus } from "../../client/webhook/call.ts";
import type { WebhookTarget } from "../../client/webhook/target.ts";
import { type Clock, sleep } from "../../core/clock.ts";
import type { AuditBackend, AuditFailure } from "./backend.ts";
import { type AuditEvent, encodeEvent } from "./event.ts";

/** Tries in all; each pause is half as long again as the one before, give or take a fifth. */
const steps = 5;
const factor = 1.5;
const jitter = 0.2;

const itemHead = '{"kind":"Event","apiVersion":"audit.k8s.io/v1",';

export class WebhookBackend implements AuditBackend {
  readonly #target: Promise<WebhookTarget>;
  readonly #initialBackoff: number;
  readonly #clock: Clock;
  readonly #failed: AuditFailure;

  /** `initialBackoff`: ms. */
  constructor(target: Promise<WebhookTarget>, initialBackoff: number, clock: Clock, failed: AuditFailure) {
    this.#target = target;
    this.#initialBackoff = initialBackoff;
    this.#clock = clock;
    this.#failed = failed;
  }

  async process(events: readonly AuditEvent[]): Promise<boolean> {
    const body = listJson(events);
    let pause = this.#initialBackoff;
    let last: unknown;
    for (let step = 1; step <= steps; step++) {
      try {
        goodStatus(await callWebhook(await this.#target, body));
        return true;
      } catch (error) {
        last = error;
      }
      if (step === steps) break;
      await sleep(this.#clock, pause * (1 + Math.random() * jitter));
      pause *= factor;
    }
    this.#failed("webhook", (last as Error).message, events);
    return false;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** The items of a list have no kind of their own. */
function listJson(events: readonly AuditEvent[]): string {
  const items = events.map((event) => {
    const parts = encodeEvent(event).map((part) => (typeof part === "string" ? part : Buffer.from(part).toString()));
    return `{${parts.join("").slice(itemHead.length)}`;
  });
  return `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${items.join(",")}]}`;
}
