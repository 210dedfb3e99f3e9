import type { Event as CoreEvent } from "../../schema/types/core-v1.ts";
import type { Event } from "../../schema/types/events-v1.ts";
import { events } from "../../schema/types/events-v1.ts";
import { pathSegment } from "../formats.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { eventV1Cells } from "./columns.ts";
import { coreEventKind } from "./core.ts";
import { validateEventV1, validateEventV1Update } from "./validation.ts";

/** The newer names of the fields by which events can be selected. */
const olderNames: Readonly<Record<string, string>> = {
  "regarding.kind": "involvedObject.kind",
  "regarding.namespace": "involvedObject.namespace",
  "regarding.name": "involvedObject.name",
  "regarding.uid": "involvedObject.uid",
  "regarding.apiVersion": "involvedObject.apiVersion",
  "regarding.resourceVersion": "involvedObject.resourceVersion",
  "regarding.fieldPath": "involvedObject.fieldPath",
  reason: "reason",
  reportingController: "reportingComponent",
  type: "type",
};

/** Events under their newer names; they are kept, and so checked, in the shape of core/v1. */
export const eventV1Kind: Kind = kind<Event>({
  ref: events,
  validateName: pathSegment,
  metadataRule: "none",
  metadataOnUpdate: [],
  allowCreateOnUpdate: true,
  validateCreate: (event) => validateEventV1(event as unknown as CoreEvent),
  validateUpdate: (event, old) => validateEventV1Update(event as unknown as CoreEvent, old as unknown as CoreEvent),
  cells: eventV1Cells,
  selectableFieldNames: Object.keys(olderNames),
  selectableFields(event) {
    const fields = coreEventKind.selectableFields?.(event as unknown as CoreEvent & Record<string, unknown>) ?? {};
    return Object.fromEntries(Object.entries(olderNames).map(([newer, older]) => [newer, fields[older] ?? ""]));
  },
});
