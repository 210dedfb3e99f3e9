/** Events of events.k8s.io/v1, as the scheduler writes them: the same event again becomes a series. */
import { hostname } from "node:os";
import { hasReason } from "../core/api-error.ts";
import type { Clock } from "../core/clock.ts";
import { formatMicroTime, systemClock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { silent } from "../core/log.ts";
import type { KubeObject } from "../schema/object.ts";
import { type Event, events } from "../schema/types/events-v1.ts";
import type { Client } from "./client.ts";
import type { EventRecorderOptions } from "./event-recorder.ts";
import { eventName, eventNamespace, referenceTo } from "./event-reference.ts";
import { EventWriter } from "./event-writer.ts";
import type { ActionRecorder } from "./events.ts";

/** A series that has been quiet for so long is written a last time and forgotten (client-go's finishTime). */
const quietTime = 360_000;
const maxSeries = 4096;

interface Known {
  event: Event;
  /** Milliseconds, of the last observation. */
  last: number;
  count: number;
  written: number;
  /** Its creation has been tried: a series may be written onto it. */
  created: Promise<void>;
}

export interface FlushableActionRecorder extends ActionRecorder {
  flush(): Promise<void>;
}

/** `controller` becomes `reportingController`, and with the host's name `reportingInstance`. */
export function actionRecorder(client: Client, controller: string, options: EventRecorderOptions = {}): FlushableActionRecorder {
  return new SeriesRecorder(client, controller, options);
}

class SeriesRecorder implements FlushableActionRecorder {
  readonly #client: Client;
  readonly #controller: string;
  readonly #instance: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #writer: EventWriter;
  readonly #known = new Map<string, Known>();
  #swept: number;

  constructor(client: Client, controller: string, options: EventRecorderOptions) {
    this.#client = client;
    this.#controller = controller;
    this.#instance = `${controller}-${options.host ?? hostname()}`;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silent;
    this.#writer = new EventWriter({ clock: this.#clock, log: this.#log, signal: options.signal, maxQueued: 20_000, parallel: 16 });
    this.#swept = this.#clock.monotonic();
  }

  event(
    about: KubeObject,
    related: KubeObject | undefined,
    type: "Normal" | "Warning",
    reason: string,
    action: string,
    note: string,
  ): void {
    const regarding = referenceTo(about);
    if (regarding === undefined) {
      this.#log.error("an event about an object without a kind was dropped", { reason, note });
      return;
    }
    const other = related === undefined ? undefined : referenceTo(related);
    const now = this.#clock.now();
    this.#sweep(now);
    const key = JSON.stringify([type, action, reason, regarding, other]);
    const known = this.#known.get(key);
    if (known !== undefined) {
      this.#again(known, now);
      return;
    }
    const event: Event = {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name: eventName(regarding.name ?? "", now), namespace: eventNamespace(regarding) },
      eventTime: formatMicroTime(now),
      reportingController: this.#controller,
      reportingInstance: this.#instance,
      action,
      reason,
      regarding,
      ...(other === undefined ? {} : { related: other }),
      note,
      type,
    };
    const { promise: created, resolve } = Promise.withResolvers<void>();
    const accepted = this.#writer.add(async () => {
      try {
        await this.#client.resource(events, event.metadata?.namespace).create(event);
      } finally {
        resolve();
      }
    });
    if (accepted && this.#known.size < maxSeries) this.#known.set(key, { event, last: now, count: 1, written: 1, created });
  }

  flush(): Promise<void> {
    return this.#writer.flush();
  }

  /** The second time makes it a series; further ones are only counted until the series ends. */
  #again(known: Known, now: number): void {
    known.count++;
    known.last = now;
    if (known.count === 2) this.#writeSeries(known);
  }

  #sweep(now: number): void {
    const at = this.#clock.monotonic();
    if (at - this.#swept < quietTime / 6) return;
    this.#swept = at;
    for (const [key, known] of this.#known) {
      if (now - known.last < quietTime) continue;
      this.#known.delete(key);
      if (known.count > known.written) this.#writeSeries(known);
    }
  }

  #writeSeries(known: Known): void {
    known.written = known.count;
    const series = { count: known.count, lastObservedTime: formatMicroTime(known.last) };
    const { metadata } = known.event;
    const resource = this.#client.resource(events, metadata?.namespace);
    this.#writer.add(async () => {
      await known.created;
      try {
        await resource.patch(metadata?.name ?? "", "strategic", { series });
      } catch (error) {
        if (!hasReason(error, "NotFound")) throw error;
        await resource.create({ ...known.event, series });
      }
    });
  }
}
