import type { FieldError, FieldPath as Path } from "../../schema/field-error.ts";
import { FieldPath, invalidField, notSupported, required } from "../../schema/field-error.ts";
import type { CronJob, CronJobSpec } from "../../schema/types/batch-v1.ts";
import { validateNonnegative } from "../formats.ts";
import { internalForm } from "../internal-form.ts";
import { validateJobSettings } from "../job/validation-spec.ts";
import { jobSpecWarnings } from "../job/warnings.ts";
import { workloadNameWarnings } from "../pod/warnings.ts";
import type { PodValidationOptions } from "../pod/validation-options.ts";
import { podValidationOptions } from "../pod/validation-options.ts";
import { scheduleError } from "./schedule.ts";

const path = new FieldPath("spec");

export function validateCronJob(cron: CronJob): FieldError[] {
  const errors: FieldError[] = [];
  validateSpec(cron.spec, undefined, podValidationOptions(false), errors);
  const name = cron.metadata?.name ?? "";
  if (name.length > 52) errors.push(invalidField(new FieldPath("metadata.name"), name, "must be no more than 52 characters"));
  return errors;
}

export function validateCronJobUpdate(cron: CronJob, old: CronJob): FieldError[] {
  const errors: FieldError[] = [];
  validateSpec(cron.spec, old.spec, podValidationOptions(false, old.spec?.jobTemplate?.spec?.template), errors);
  return errors;
}

const policies = ["Allow", "Forbid", "Replace"];

function validateSpec(
  spec: CronJobSpec | undefined,
  old: CronJobSpec | undefined,
  options: PodValidationOptions,
  errors: FieldError[],
): void {
  const schedule = spec?.schedule ?? "";
  if (schedule === "") errors.push(required(path.child("schedule")));
  else validateSchedule(schedule, old?.schedule, spec?.timeZone, errors);
  validateNonnegative(spec?.startingDeadlineSeconds, path.child("startingDeadlineSeconds"), errors);
  if (spec?.timeZone !== undefined && spec.timeZone !== old?.timeZone) validateTimeZone(spec.timeZone, path.child("timeZone"), errors);
  const policy = spec?.concurrencyPolicy ?? "";
  if (policy === "") errors.push(required(path.child("concurrencyPolicy")));
  else if (!policies.includes(policy)) errors.push(notSupported(path.child("concurrencyPolicy"), policy, policies));
  const job = spec?.jobTemplate?.spec;
  const at = path.child("jobTemplate", "spec");
  validateJobSettings(job, at, options, errors);
  if (job?.selector !== undefined) {
    const shown = internalForm("*json:LabelSelector", job.selector);
    errors.push(invalidField(at.child("selector"), shown, "`selector` will be auto-generated"));
  }
  if (job?.manualSelector === true) errors.push(notSupported(at.child("manualSelector"), true, ["nil", "false"]));
  validateNonnegative(spec?.successfulJobsHistoryLimit, path.child("successfulJobsHistoryLimit"), errors);
  validateNonnegative(spec?.failedJobsHistoryLimit, path.child("failedJobsHistoryLimit"), errors);
}

function validateSchedule(schedule: string, old: string | undefined, timeZone: string | undefined, errors: FieldError[]): void {
  const at = path.child("schedule");
  const fault = scheduleError(schedule);
  if (fault !== undefined) errors.push(invalidField(at, schedule, fault));
  if (!schedule.includes("TZ")) return;
  if (old?.includes("TZ") !== true) {
    errors.push(invalidField(at, schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"));
  } else if (timeZone !== undefined) {
    errors.push(invalidField(at, schedule, "cannot use both timeZone field and TZ or CRON_TZ in schedule"));
  }
}

const zonePart = /^[A-Za-z._\-0-9+]{1,14}$/;

function validateTimeZone(zone: string, at: Path, errors: FieldError[]): void {
  if (zone === "") {
    errors.push(invalidField(at, zone, "timeZone must be nil or non-empty string"));
    return;
  }
  if (zone.split("/").some((p) => p === "." || p === ".." || p.startsWith("-") || !zonePart.test(p))) {
    errors.push(invalidField(at, zone, `unknown time zone ${zone}`));
    return;
  }
  if (zone.toLowerCase() === "local") {
    errors.push(invalidField(at, zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"));
  } else if (!isKnownZone(zone)) errors.push(invalidField(at, zone, `unknown time zone ${zone}`));
}

function isKnownZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

export function cronJobWarnings(cron: CronJob, old: CronJob | undefined): string[] {
  const at = path.child("jobTemplate", "spec");
  const job = cron.spec?.jobTemplate?.spec;
  if (old === undefined) return [...workloadNameWarnings(cron.metadata?.name), ...jobSpecWarnings(job, at)];
  const changed = cron.metadata?.generation !== old.metadata?.generation;
  const warnings = changed ? jobSpecWarnings(job, at) : [];
  if (cron.spec?.schedule?.includes("TZ") === true) {
    const see = "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/";
    warnings.push(`cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see ${see} for more details`);
  }
  return warnings;
}
