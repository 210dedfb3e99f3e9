import type { Event as CoreEvent } from "../../schema/types/core-v1.ts";
import type { Event } from "../../schema/types/events-v1.ts";
import { timeSince } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function eventCells(event: CoreEvent, now: number): unknown[] {
  const { involvedObject: about, source, series } = event;
  const first = timeSince(event.firstTimestamp ?? event.eventTime, now);
  const last = event.lastTimestamp ? timeSince(event.lastTimestamp, now) : first;
  const kind = (about.kind ?? "").toLowerCase();
  const component = source?.component || event.reportingComponent || "";
  const host = source?.host || event.reportingInstance || "";
  return [
    series === undefined ? last : timeSince(series.lastObservedTime, now),
    event.type ?? "",
    event.reason ?? "",
    about.name === undefined || about.name === "" ? kind : `${kind}/${about.name}`,
    about.fieldPath ?? "",
    host === "" ? component : `${component}, ${host}`,
    (event.message ?? "").trim(),
    first,
    series === undefined ? event.count || 1 : (series.count ?? 0),
    nameOf(event),
  ];
}

/** The same cells, from the newer names. */
export function eventV1Cells(event: Event, now: number): unknown[] {
  if ("involvedObject" in event) return eventCells(event as unknown as CoreEvent, now);
  const { regarding = {}, note, deprecatedSource, deprecatedFirstTimestamp, deprecatedLastTimestamp, deprecatedCount, ...rest } = event;
  const older = { message: note, source: deprecatedSource, count: deprecatedCount, reportingComponent: rest.reportingController };
  const times = { firstTimestamp: deprecatedFirstTimestamp, lastTimestamp: deprecatedLastTimestamp };
  return eventCells({ ...rest, ...older, ...times, involvedObject: regarding } as CoreEvent, now);
}
