/** Events: an hour's memory, shared by core/v1 and `events.k8s.io/v1`. */
import type { Strategy } from "../apiserver/resource.ts";
import { pathSegment } from "../kinds/formats.ts";
import { kindOf } from "../kinds/index.ts";
import type { Kind } from "../kinds/kind.ts";
import type { ResourceDeps } from "./deps.ts";
import { eventFromCore, eventToCore } from "./events-conversion.ts";
import type { Special } from "./special.ts";
import { createErrors, updateErrors } from "./strategy/from-kind.ts";

const defaultTtlSeconds = 3600;

const core = (): Kind | undefined => kindOf({ group: "", version: "v1", resource: "events" });
const newer = (): Kind | undefined => kindOf({ group: "events.k8s.io", version: "v1", resource: "events" });

/** What an object may be selected by is kept with it, and both definitions show the same objects: all names for both. */
function shared(base: Strategy, deps: ResourceDeps): Strategy {
  return {
    ...base,
    ttlSeconds: () => deps.eventTtlSeconds ?? defaultTtlSeconds,
    selectableFields: (event) => ({ ...core()?.selectableFields?.(event), ...newer()?.selectableFields?.(event) }),
  };
}

export function eventsCore(deps: ResourceDeps): Special {
  return { strategy: (base) => shared(base, deps) };
}

/** The same objects under their newer names, by which they are also selected. */
export function eventsNewer(deps: ResourceDeps): Special {
  const names = newer()?.selectableFieldNames;
  return {
    strategy: (base) => ({
      ...shared(base, deps),
      // Stricter rules than the older version's; they know the fields by the names under which they are kept.
      validateCreate: (_context, event) => createErrors(newer(), event, true, pathSegment),
      validateUpdate: (_context, event, old) => updateErrors(newer(), event, old, true, newer()?.validateUpdate),
      ...(names === undefined ? {} : { selectableFieldNames: names }),
    }),
    storageGroup: "",
    conversions: { v1: { toStorage: eventToCore, fromStorage: eventFromCore } },
  };
}
