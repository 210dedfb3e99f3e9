import type { AdmissionAttributes, AdmissionPlugin } from "../../apiserver/admission.ts";
import { aggregate } from "../../auth/authorizers.ts";
import { ApiError } from "../../core/api-error.ts";
import type { Clock } from "../../core/clock.ts";
import type { Event } from "../../schema/types/core-v1.ts";
import type { EventLimit } from "./configuration/event-rate-limit-configuration.ts";

/** Keeps those who tell too much from filling the store with events. Only core/v1 events are counted, as upstream has it. */
export function eventRateLimit(clock: Clock, limits: readonly EventLimit[]): AdmissionPlugin {
  const enforcers = limits.map((limit) => new Enforcer(clock, limit));
  return {
    name: "EventRateLimit",
    handles: (a) =>
      (a.operation === "CREATE" || a.operation === "UPDATE") &&
      a.definition.resource === "events" &&
      a.definition.group === "" &&
      !a.dryRun,
    validate: (attributes) => {
      const refused = enforcers.flatMap((enforcer) => enforcer.accept(attributes) ?? []);
      if (refused.length > 0) throw new ApiError(429, "TooManyRequests", `Too many requests: ${aggregate(refused)}`);
    },
  };
}

interface Bucket {
  tokens: number;
  /** When they were counted, in milliseconds. */
  at: number;
}

class Enforcer {
  readonly #clock: Clock;
  readonly #limit: EventLimit;
  /** In order of their last use. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock, limit: EventLimit) {
    this.#clock = clock;
    this.#limit = limit;
  }

  /** Answers what limit is reached. */
  accept(attributes: AdmissionAttributes): string | undefined {
    const { type, qps, burst, cacheSize } = this.#limit;
    const key = keyOf[type](attributes);
    const now = this.#clock.now();
    const bucket = this.#buckets.get(key) ?? { tokens: burst, at: now };
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * qps);
    bucket.at = now;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > cacheSize) for (const oldest of this.#buckets.keys()) if (this.#buckets.delete(oldest)) break;
    if (bucket.tokens < 1) return `limit reached on type ${type} for key ${key}`;
    bucket.tokens--;
    return undefined;
  }
}

const keyOf: Readonly<Record<EventLimit["type"], (attributes: AdmissionAttributes) => string>> = {
  Server: () => "",
  Namespace: ({ namespace }) => namespace,
  User: ({ user }) => user.name,
  SourceAndObject: ({ object }) => {
    const { source, involvedObject: about } = object as unknown as Event;
    return [source?.component, source?.host, about.kind, about.namespace, about.name, about.uid, about.apiVersion].join("");
  },
};
