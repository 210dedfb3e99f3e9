/** Events: core/v1 takes what clients have always sent; `events.k8s.io/v1` is strict (KEP-383). Both see the core shape. */
import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, invalidField, required } from "../../schema/field-error.ts";
import { dns1123Subdomain } from "../../core/names.ts";
import type { Event } from "../../schema/types/core-v1.ts";
import { byteLength, invalidEach, nameIsDnsSubdomain, validateQualifiedName } from "../formats.ts";
import { internalForm } from "../internal-form.ts";
import { validateImmutable, validateObjectMeta, validateObjectMetaUpdate } from "../object-meta.ts";
import { semanticEqual } from "../semantic-equal.ts";

const at = (...names: string[]): FieldPath => new FieldPath(names.join("."));

/** What both versions check. `controllerField`: the reporting controller's name at that version. */
export function validateCommonEvent(event: Event, controllerField = "reportingComponent"): FieldError[] {
  const errors: FieldError[] = [];
  const namespace = event.metadata?.namespace ?? "";
  const about = event.involvedObject?.namespace ?? "";
  const mismatch = (): void => void errors.push(invalidField(at("involvedObject", "namespace"), about, "does not match event.namespace"));
  if (!event.eventTime) {
    if (about === "" ? namespace !== "" && namespace !== "default" : namespace !== about) mismatch();
  } else {
    if (about === "" && namespace !== "default" && namespace !== "kube-system") mismatch();
    validateNewFields(event, controllerField, errors);
  }
  invalidEach(dns1123Subdomain(namespace), at("namespace"), namespace, errors);
  return errors;
}

function validateNewFields(event: Event, controllerField: string, errors: FieldError[]): void {
  const controller = event.reportingComponent ?? "";
  if (controller === "") errors.push(required(at(controllerField)));
  validateQualifiedName(controller, at(controllerField), errors);
  const limited = (field: "reportingInstance" | "action" | "reason"): void => {
    const value = event[field] ?? "";
    if (value === "") errors.push(required(at(field)));
    if (byteLength(value) > 128) errors.push(invalidField(at(field), "", "can have at most 128 characters"));
  };
  limited("reportingInstance");
  limited("action");
  limited("reason");
  if (byteLength(event.message ?? "") > 1024) errors.push(invalidField(at("message"), "", "can have at most 1024 characters"));
}

/** A new event of `events.k8s.io/v1`. */
export function validateEventV1(event: Event): FieldError[] {
  const errors = validateCommonEvent(event, "reportingController");
  errors.push(...validateObjectMeta(event.metadata, true, nameIsDnsSubdomain));
  validateSeries(event, errors);
  if (!event.eventTime) errors.push(required(at("eventTime")));
  const type = event.type ?? "";
  if (type !== "Normal" && type !== "Warning") errors.push(invalidField(at("type"), "", `has invalid value: ${type}`));
  const unset = (field: string, set: unknown): void => {
    if (set) errors.push(invalidField(at(field), "", "needs to be unset"));
  };
  unset("firstTimestamp", event.firstTimestamp);
  unset("lastTimestamp", event.lastTimestamp);
  unset("count", event.count);
  unset("source", event.source?.component || event.source?.host);
  return errors;
}

function validateSeries(event: Event, errors: FieldError[]): void {
  const series = event.series;
  if (!series) return;
  if ((series.count ?? 0) < 2) errors.push(invalidField(at("series.count"), "", "should be at least 2"));
  if (!series.lastObservedTime) errors.push(required(at("series.lastObservedTime")));
}

/** Only the series of an event of `events.k8s.io/v1` goes on. */
export function validateEventV1Update(event: Event, old: Event): FieldError[] {
  const errors = validateCommonEvent(event, "reportingController");
  errors.push(...validateObjectMetaUpdate(event.metadata, old.metadata));
  if (!semanticEqual(event.series, old.series)) validateSeries(event, errors);
  const same = (field: keyof Event, empty: unknown, type?: string): void => {
    const shown = type === undefined ? (event[field] ?? empty) : internalForm(type, event[field]);
    validateImmutable(event[field] ?? empty, old[field] ?? empty, at(field), errors, shown);
  };
  same("involvedObject", {}, "ObjectReference");
  same("reason", "");
  same("message", "");
  same("source", {}, "EventSource");
  same("firstTimestamp", null);
  same("lastTimestamp", null);
  same("count", 0);
  same("reason", "");
  same("type", "");
  same("eventTime", null);
  same("action", "");
  same("related", null, "*ObjectReference");
  validateImmutable(event.reportingComponent ?? "", old.reportingComponent ?? "", at("reportingController"), errors);
  same("reportingInstance", "");
  return errors;
}
