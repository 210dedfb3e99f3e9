/** Status writes of a job: whoever manages it may not contradict what the status said before (KEP-4368). */
import type { FieldError } from "../../schema/field-error.ts";
import { duplicate, FieldPath, invalidField, required } from "../../schema/field-error.ts";
import type { Job, JobStatus } from "../../schema/types/batch-v1.ts";
import { invalidWithoutValue, validateNonnegative } from "../formats.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { commonIndex, countIndexes } from "./indexes.ts";

const path = new FieldPath("status");
const conditionsPath = path.child("conditions");

function is(job: Job, type: string): boolean {
  return job.status?.conditions?.some((c) => c.type === type && c.status === "True") === true;
}

const isFinished = (job: Job): boolean => is(job, "Complete") || is(job, "Failed");

export function validateJobStatus(job: Job, old: Job): FieldError[] {
  const errors: FieldError[] = [];
  const status: JobStatus = job.status ?? {};
  for (const field of ["active", "succeeded", "failed", "ready", "terminating"] as const) {
    validateNonnegative(status[field], path.child(field), errors);
  }
  validateUncounted(status, errors);
  const changed = (field: keyof JobStatus): boolean => !semanticEqual(status[field], old.status?.[field]);
  const differs = (type: string): boolean => is(job, type) !== is(old, type);
  const refuse = (detail: string): void => void errors.push(invalidWithoutValue(conditionsPath, detail));
  const complete = is(job, "Complete");
  const failed = is(job, "Failed");
  const met = is(job, "SuccessCriteriaMet");
  const doomed = is(job, "FailureTarget");
  if (complete && failed && (differs("Complete") || differs("Failed"))) refuse("cannot set Complete=True and Failed=true conditions");
  if (complete && doomed && (differs("Complete") || differs("FailureTarget"))) {
    refuse("cannot set Complete=True and FailureTarget=true conditions");
  }
  validateTimes(job, old, errors);
  if (failed && !doomed && (differs("Failed") || changed("failedIndexes"))) {
    refuse("cannot set Failed=True condition without the FailureTarget=true condition");
  }
  if (complete && !met && (differs("Complete") || differs("SuccessCriteriaMet"))) {
    refuse("cannot set Complete=True condition without the SuccessCriteriaMet=true condition");
  }
  validateFinished(job, old, errors);
  validateIndexes(job, changed("completedIndexes"), changed("failedIndexes"), errors);
  const { terminating = 0, ready } = status;
  const finishedChanged = isFinished(job) !== isFinished(old);
  if ((finishedChanged || changed("terminating")) && terminating > 0 && isFinished(job)) {
    errors.push(invalidField(path.child("terminating"), terminating, "terminating>0 is invalid for finished job"));
  }
  if ((changed("ready") || changed("active")) && ready !== undefined && ready > (status.active ?? 0)) {
    errors.push(invalidField(path.child("ready"), ready, "cannot set more ready pods than active"));
  }
  if (met && failed) refuse("cannot set SuccessCriteriaMet=True and Failed=true conditions");
  if (met && doomed) refuse("cannot set SuccessCriteriaMet=True and FailureTarget=true conditions");
  if (job.spec?.successPolicy !== undefined && !met && complete) {
    refuse("cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True");
  }
  validateProgress(job, old, errors);
  return errors;
}

function validateUncounted({ uncountedTerminatedPods: pods }: JobStatus, errors: FieldError[]): void {
  const seen = new Set<string>();
  for (const field of ["succeeded", "failed"] as const) {
    pods?.[field]?.forEach((uid, i) => {
      const at = path.child("uncountedTerminatedPods", field).index(i);
      if (uid === "") errors.push(invalidField(at, uid, "must not be empty"));
      else if (seen.has(uid)) errors.push(duplicate(at, uid));
      seen.add(uid);
    });
  }
}

function validateTimes(job: Job, old: Job, errors: FieldError[]): void {
  const { startTime, completionTime } = job.status ?? {};
  const complete = is(job, "Complete");
  const at = path.child("completionTime");
  const completionChanged = completionTime !== old.status?.completionTime;
  if (complete !== is(old, "Complete") || completionChanged) {
    if (completionTime !== undefined && !complete) {
      errors.push(invalidField(at, completionTime, "cannot set completionTime when there is no Complete=True condition"));
    }
    if (completionTime === undefined && complete) errors.push(required(at, "completionTime is required for Complete jobs"));
  }
  if (startTime === undefined || completionTime === undefined) return;
  if (!completionChanged && startTime === old.status?.startTime) return;
  if (Date.parse(completionTime) < Date.parse(startTime)) {
    errors.push(invalidField(at, completionTime, "must be equal to or after `startTime`"));
  }
}

function validateFinished(job: Job, old: Job, errors: FieldError[]): void {
  if (!isFinished(job)) return;
  const status: JobStatus = job.status ?? {};
  const finishedChanged = !isFinished(old);
  const { active = 0, startTime, uncountedTerminatedPods: pods } = status;
  if ((finishedChanged || active !== (old.status?.active ?? 0)) && active > 0) {
    errors.push(invalidField(path.child("active"), active, "active>0 is invalid for finished job"));
  }
  const nothingToDo = job.spec?.suspend === true && job.spec.completions === 0;
  if ((finishedChanged || startTime !== old.status?.startTime) && !nothingToDo && startTime === undefined) {
    errors.push(required(path.child("startTime"), "startTime is required for finished job"));
  }
  const podsChanged = !semanticEqual(pods, old.status?.uncountedTerminatedPods);
  if ((finishedChanged || podsChanged) && (pods?.failed?.length ?? 0) + (pods?.succeeded?.length ?? 0) > 0) {
    const shown = { Succeeded: pods?.succeeded ?? null, Failed: pods?.failed ?? null };
    errors.push(invalidField(path.child("uncountedTerminatedPods"), shown, "must be empty for finished job"));
  }
}

function validateIndexes({ spec, status }: Job, completedChanged: boolean, failedChanged: boolean, errors: FieldError[]): void {
  const { completedIndexes: done = "", failedIndexes: lost } = status ?? {};
  const { completions, backoffLimitPerIndex: perIndex } = spec ?? {};
  const check = (field: string, text: string): void => {
    const counted = countIndexes(text, completions ?? 0);
    if ("fault" in counted) errors.push(invalidField(path.child(field), text, `error parsing ${field}: ${counted.fault}`));
  };
  if (completedChanged && completions !== undefined) check("completedIndexes", done);
  if (failedChanged && completions !== undefined && perIndex !== undefined && lost !== undefined) check("failedIndexes", lost);
  if (completedChanged && done !== "" && spec?.completionMode !== "Indexed") {
    errors.push(
      invalidField(path.child("completedIndexes"), done, "cannot set non-empty completedIndexes when non-indexed completion mode"),
    );
  }
  const at = path.child("failedIndexes");
  if (failedChanged && perIndex === undefined && lost !== undefined) {
    errors.push(invalidField(at, lost, "cannot set non-null failedIndexes when backoffLimitPerIndex is null"));
  }
  if (!(completedChanged || failedChanged) || completions === undefined || lost === undefined) return;
  const both = commonIndex(done, lost);
  if (both !== undefined) errors.push(invalidField(at, lost, `failedIndexes and completedIndexes overlap at index: ${both}`));
}

/** What a status may not take back. */
function validateProgress(job: Job, old: Job, errors: FieldError[]): void {
  for (const type of ["Failed", "Complete", "FailureTarget"]) {
    if (is(old, type) && !is(job, type)) {
      errors.push(invalidWithoutValue(conditionsPath, `cannot disable the terminal ${type}=True condition`));
    }
  }
  const elastic = job.spec?.completionMode === "Indexed" && job.spec.completions === job.spec.parallelism;
  for (const field of ["failed", "succeeded"] as const) {
    const now = job.status?.[field] ?? 0;
    if (now >= (old.status?.[field] ?? 0) || (field === "succeeded" && elastic)) continue;
    errors.push(invalidField(path.child(field), now, `cannot decrease the ${field} counter`));
  }
  const { startTime, completionTime } = job.status ?? {};
  const before = old.status;
  if (completionTime !== undefined && before?.completionTime !== undefined && completionTime !== before.completionTime) {
    errors.push(invalidField(path.child("completionTime"), completionTime, "field is immutable"));
  }
  const resumes = is(old, "Suspended") && job.status?.conditions?.some((c) => c.type === "Suspended" && c.status === "False") === true;
  if (before?.startTime !== undefined && before.startTime !== startTime && !resumes && job.spec?.suspend !== true) {
    errors.push(invalidField(path.child("startTime"), startTime ?? null, "field is immutable for unsuspended job once set"));
  }
  if (is(old, "SuccessCriteriaMet") && !is(job, "SuccessCriteriaMet")) {
    errors.push(invalidWithoutValue(conditionsPath, "cannot disable the SuccessCriteriaMet=True condition"));
  }
  if (is(old, "Complete") && !is(old, "SuccessCriteriaMet") && is(job, "SuccessCriteriaMet")) {
    const why = "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions";
    errors.push(invalidWithoutValue(conditionsPath, why));
  }
}
