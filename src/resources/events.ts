/** Events: an hour's memory, shared by core/v1 and `events.k8s.io/v1`. */
import type { ResourceDeps } from "./deps.ts";
import { eventFromCore, eventToCore } from "./events-conversion.ts";
import type { Special } from "./special.ts";

const defaultTtlSeconds = 3600;

export function eventsCore(deps: ResourceDeps): Special {
  return { strategy: (base) => ({ ...base, ttlSeconds: () => deps.eventTtlSeconds ?? defaultTtlSeconds }) };
}

/** The same objects under their newer names. */
export function eventsNewer(deps: ResourceDeps): Special {
  return { ...eventsCore(deps), storageGroup: "", conversions: { v1: { toStorage: eventToCore, fromStorage: eventFromCore } } };
}
