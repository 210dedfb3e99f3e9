/** Events of core/v1, as the controllers and the node write them and `kubectl describe` shows them. */
import { hasReason } from "../core/api-error.ts";
import type { Clock } from "../core/clock.ts";
import { formatTime, systemClock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { silent } from "../core/log.ts";
import type { KubeObject } from "../schema/object.ts";
import { type Event, events } from "../schema/types/core-v1.ts";
import type { Client } from "./client.ts";
import { type Correlated, EventCorrelator } from "./event-correlator.ts";
import { eventName, eventNamespace, referenceTo } from "./event-reference.ts";
import { EventWriter } from "./event-writer.ts";
import type { EventExtras, EventRecorder } from "./events.ts";

export interface EventRecorderOptions {
  clock?: Clock;
  log?: Logger;
  /** The node, for components that run on one. */
  host?: string;
  /** Aborted: nothing more is written. */
  signal?: AbortSignal;
}

export interface FlushableRecorder extends EventRecorder {
  /** Resolves when what was recorded so far is written or given up. */
  flush(): Promise<void>;
}

/** `component` becomes `source.component` and `reportingComponent`. */
export function eventRecorder(client: Client, component: string, options: EventRecorderOptions = {}): FlushableRecorder {
  return new CoreRecorder(client, component, options);
}

class CoreRecorder implements FlushableRecorder {
  readonly #client: Client;
  readonly #component: string;
  readonly #host: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #correlator: EventCorrelator;
  readonly #writer: EventWriter;

  constructor(client: Client, component: string, options: EventRecorderOptions) {
    this.#client = client;
    this.#component = component;
    this.#host = options.host ?? "";
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silent;
    this.#correlator = new EventCorrelator(this.#clock);
    this.#writer = new EventWriter({ clock: this.#clock, log: this.#log, signal: options.signal });
  }

  event(about: KubeObject, type: "Normal" | "Warning", reason: string, message: string, extras: EventExtras = {}): void {
    const involvedObject = referenceTo(about, extras.fieldPath);
    if (involvedObject === undefined) {
      this.#log.error("an event about an object without a kind was dropped", { reason, message });
      return;
    }
    const now = this.#clock.now();
    const time = formatTime(now);
    const event: Event = {
      apiVersion: "v1",
      kind: "Event",
      metadata: {
        name: eventName(involvedObject.name ?? "", now),
        namespace: eventNamespace(involvedObject),
        ...(extras.annotations === undefined ? {} : { annotations: extras.annotations }),
      },
      involvedObject,
      reason,
      message,
      source: { component: this.#component, ...(this.#host === "" ? {} : { host: this.#host }) },
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      type,
      reportingComponent: this.#component,
      reportingInstance: this.#host,
    };
    this.#writer.add(() => this.#record(event));
  }

  flush(): Promise<void> {
    return this.#writer.flush();
  }

  /** Correlated when its turn comes, so that the name of the one before is known. */
  async #record(event: Event): Promise<void> {
    const result = this.#correlator.correlate(event);
    if (result === undefined) return;
    this.#correlator.written(result.key, await this.#write(result));
  }

  async #write({ event, patch }: Correlated): Promise<Event> {
    const resource = this.#client.resource(events, event.metadata.namespace);
    if (patch !== undefined) {
      try {
        return await resource.patch(event.metadata.name ?? "", "strategic", patch);
      } catch (error) {
        // Its time to live has run out since: it is written anew under the same name.
        if (!hasReason(error, "NotFound")) throw error;
      }
    }
    return await resource.create(event);
  }
}
