/** Events: an hour's memory, shared by core/v1 and `events.k8s.io/v1`. */
import { kindOf } from "../kinds/index.ts";
import type { ResourceDeps } from "./deps.ts";
import { eventFromCore, eventToCore } from "./events-conversion.ts";
import type { Special } from "./special.ts";

const defaultTtlSeconds = 3600;

export function eventsCore(deps: ResourceDeps): Special {
  return { strategy: (base) => ({ ...base, ttlSeconds: () => deps.eventTtlSeconds ?? defaultTtlSeconds }) };
}

/** The same objects under their newer names, by which they are also selected. */
export function eventsNewer(deps: ResourceDeps): Special {
  const newer = kindOf({ group: "events.k8s.io", version: "v1", resource: "events" });
  return {
    strategy: (base) => ({
      ...base,
      ttlSeconds: () => deps.eventTtlSeconds ?? defaultTtlSeconds,
      // Stricter rules than the older version's; they know the fields by the names under which they are kept.
      validateCreate: (_context, event) => newer?.validateCreate?.(event) ?? [],
      validateUpdate: (_context, event, old) => newer?.validateUpdate?.(event, old) ?? [],
      ...(newer?.selectableFields === undefined ? {} : { selectableFields: (event) => newer.selectableFields?.(event) ?? {} }),
      ...(newer?.selectableFieldNames === undefined ? {} : { selectableFieldNames: newer.selectableFieldNames }),
    }),
    storageGroup: "",
    conversions: { v1: { toStorage: eventToCore, fromStorage: eventFromCore } },
  };
}
