/** `events.k8s.io/v1` Events are kept as core/v1 ones: the same objects under other field names. */
import type { UnstructuredObject } from "../schema/object.ts";

const pairs: readonly (readonly [newer: string, core: string])[] = [
  ["regarding", "involvedObject"],
  ["note", "message"],
  ["reportingController", "reportingComponent"],
  ["deprecatedSource", "source"],
  ["deprecatedFirstTimestamp", "firstTimestamp"],
  ["deprecatedLastTimestamp", "lastTimestamp"],
  ["deprecatedCount", "count"],
];

/** Strings and counts that core/v1 always writes, or leaves out when empty. */
export function eventToCore(event: UnstructuredObject): UnstructuredObject {
  const core = rename(event, "v1", 0, 1);
  core["involvedObject"] ??= {};
  core["source"] ??= {};
  core["firstTimestamp"] ??= null;
  core["lastTimestamp"] ??= null;
  core["eventTime"] ??= null;
  core["reportingComponent"] ??= "";
  core["reportingInstance"] ??= "";
  if (core["count"] === 0) delete core["count"];
  return core;
}

export function eventFromCore(core: UnstructuredObject): UnstructuredObject {
  const event = rename(core, "events.k8s.io/v1", 1, 0);
  event["eventTime"] ??= null;
  event["deprecatedFirstTimestamp"] ??= null;
  event["deprecatedLastTimestamp"] ??= null;
  event["deprecatedSource"] ??= {};
  event["regarding"] ??= {};
  for (const name of ["reportingController", "reportingInstance"]) if (event[name] === "") delete event[name];
  return event;
}

function rename(from: UnstructuredObject, apiVersion: string, source: 0 | 1, target: 0 | 1): UnstructuredObject {
  const to: UnstructuredObject = {};
  for (const key of Object.keys(from)) {
    if (key === "__proto__") continue;
    const pair = pairs.find((p) => p[source] === key);
    to[pair === undefined ? key : pair[target]] = from[key];
  }
  to.apiVersion = apiVersion;
  to.kind = "Event";
  return to;
}
