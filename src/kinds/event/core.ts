import type { Event } from "../../schema/types/core-v1.ts";
import { events } from "../../schema/types/core-v1.ts";
import { pathSegment } from "../formats.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { eventCells } from "./columns.ts";
import { validateCommonEvent } from "./validation.ts";

/** Fields by which events can be selected at either version. */
export const eventSelectableFieldNames: readonly string[] = [
  "involvedObject.kind",
  "involvedObject.namespace",
  "involvedObject.name",
  "involvedObject.uid",
  "involvedObject.apiVersion",
  "involvedObject.resourceVersion",
  "involvedObject.fieldPath",
  "reason",
  "reportingComponent",
  "source",
  "type",
];

export const coreEventKind: Kind = kind<Event>({
  ref: events,
  validateName: pathSegment,
  metadataRule: "none",
  metadataOnUpdate: [],
  allowCreateOnUpdate: true,
  validateCreate: (event) => validateCommonEvent(event),
  validateUpdate: (event) => validateCommonEvent(event),
  cells: eventCells,
  selectableFieldNames: eventSelectableFieldNames,
  selectableFields(event) {
    const about = event.involvedObject;
    return {
      "involvedObject.kind": about?.kind ?? "",
      "involvedObject.namespace": about?.namespace ?? "",
      "involvedObject.name": about?.name ?? "",
      "involvedObject.uid": about?.uid ?? "",
      "involvedObject.apiVersion": about?.apiVersion ?? "",
      "involvedObject.resourceVersion": about?.resourceVersion ?? "",
      "involvedObject.fieldPath": about?.fieldPath ?? "",
      reason: event.reason ?? "",
      reportingComponent: event.reportingComponent ?? "",
      source: event.source?.component || (event.reportingComponent ?? ""),
      type: event.type ?? "",
    };
  },
});
