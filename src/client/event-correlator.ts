/**
 * What becomes of an event before it is written: dropped as spam, folded with similar ones, counted into an earlier one.
 * The numbers are those of client-go's record package. Pure but for the clock.
 */
import { TokenBucket } from "../core/backoff.ts";
import type { Clock } from "../core/clock.ts";
import { formatTime } from "../core/clock.ts";
import type { Event } from "../schema/types/core-v1.ts";
import { eventName } from "./event-reference.ts";

const cacheSize = 4096;
/** A source may say 25 things about an object at once, then one every five minutes. */
const spamBurst = 25;
const spamPerSecond = 1 / 300;
/** From the tenth message with the same reason within ten minutes on, they become one event. */
const similarMax = 10;
const similarWindow = 600_000;

/** Keeps the entries that were used last. */
class Recent<V> {
  readonly #entries = new Map<string, V>();

  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  set(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > cacheSize) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest);
        break;
      }
    }
  }
}

interface Seen {
  count: number;
  firstTimestamp: string;
  name: string;
}

export interface Correlated {
  readonly event: Event;
  /** Present: the event exists under its name, write this strategic merge patch. */
  readonly patch?: object;
  /** For {@link EventCorrelator.written}. */
  readonly key: string;
}

export class EventCorrelator {
  readonly #clock: Clock;
  readonly #spam = new Recent<TokenBucket>();
  readonly #similar = new Recent<{ messages: Set<string>; last: number }>();
  readonly #seen = new Recent<Seen>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined: drop it. */
  correlate(event: Event): Correlated | undefined {
    const { event: folded, key } = this.#fold(event);
    const result = this.#count(folded, key);
    return this.#isSpam(event) ? undefined : result;
  }

  /** What the server made of it. */
  written(key: string, event: Event): void {
    this.#seen.set(key, {
      count: event.count ?? 1,
      firstTimestamp: event.firstTimestamp ?? "",
      name: event.metadata.name ?? "",
    });
  }

  #isSpam(event: Event): boolean {
    const key = sourceKey(event);
    let bucket = this.#spam.get(key);
    if (bucket === undefined) this.#spam.set(key, (bucket = new TokenBucket(this.#clock, spamPerSecond, spamBurst)));
    return !bucket.tryTake();
  }

  #fold(event: Event): { event: Event; key: string } {
    const own = JSON.stringify([sourceKey(event), event.involvedObject.fieldPath, event.reason, event.message]);
    const group = JSON.stringify([sourceKey(event), event.reason]);
    const now = this.#clock.now();
    let record = this.#similar.get(group);
    if (record === undefined || now - record.last > similarWindow) record = { messages: new Set(), last: now };
    record.messages.add(event.message ?? "");
    record.last = now;
    this.#similar.set(group, record);
    if (record.messages.size < similarMax) return { event, key: own };
    for (const any of record.messages) {
      record.messages.delete(any);
      break;
    }
    const time = formatTime(now);
    return {
      key: group,
      event: {
        ...event,
        metadata: { namespace: event.metadata.namespace, name: eventName(event.involvedObject.name ?? "", now) },
        message: `(combined from similar events): ${event.message ?? ""}`,
        count: 1,
        firstTimestamp: time,
        lastTimestamp: time,
      },
    };
  }

  #count(event: Event, key: string): Correlated {
    const seen = this.#seen.get(key);
    if (seen === undefined) {
      this.#seen.set(key, { count: 1, firstTimestamp: event.firstTimestamp ?? "", name: event.metadata.name ?? "" });
      return { event, key };
    }
    const count = seen.count + 1;
    this.#seen.set(key, { ...seen, count });
    return {
      key,
      event: { ...event, metadata: { ...event.metadata, name: seen.name }, firstTimestamp: seen.firstTimestamp, count },
      patch: { count, lastTimestamp: event.lastTimestamp, message: event.message },
    };
  }
}

/** Who says it, about which object, and whether it is a warning. */
function sourceKey(event: Event): string {
  const { kind, namespace, name, uid, apiVersion } = event.involvedObject;
  return JSON.stringify([event.source?.component, event.source?.host, kind, namespace, name, uid, apiVersion, event.type]);
}
