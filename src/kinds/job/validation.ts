import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, invalidField, required } from "../../schema/field-error.ts";
import { dns1123Label } from "../../core/names.ts";
import type { Job, JobSpec } from "../../schema/types/batch-v1.ts";
import { internalForm } from "../internal-form.ts";
import { selectorHasInvalidLabelValue, validateImmutable, validateLabelSelector } from "../object-meta.ts";
import type { PodValidationOptions } from "../pod/validation-options.ts";
import { podValidationOptions } from "../pod/validation-options.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { selectorMatches, sorted } from "../workload-validation.ts";
import { validateJobSettings } from "./validation-spec.ts";
import { controllerUidLabel, jobNameLabel, legacyControllerUidLabel, legacyJobNameLabel } from "./writes.ts";

const path = new FieldPath("spec");

export function validateJob(job: Job): FieldError[] {
  const errors: FieldError[] = [];
  validateWhole(job, podValidationOptions(false), true, errors);
  return errors;
}

export function validateJobUpdate(job: Job, old: Job): FieldError[] {
  const errors: FieldError[] = [];
  const before = old.spec;
  const options = podValidationOptions(false, before?.template);
  const lenient = options.allowInvalidLabelValueInSelector || selectorHasInvalidLabelValue(before?.selector);
  const given = lenient ? { ...options, allowInvalidLabelValueInSelector: true } : options;
  const labels = before?.template?.metadata?.labels ?? {};
  validateWhole(job, given, jobNameLabel in labels && controllerUidLabel in labels, errors);
  validateSpec(job.spec, given, errors);
  validateChanges(job, old, errors);
  return errors;
}

function validateWhole(job: Job, options: PodValidationOptions, prefixed: boolean, errors: FieldError[]): void {
  validateGeneratedSelector(job, prefixed, errors);
  validateSpec(job.spec, options, errors);
  const { completionMode, completions = 0 } = job.spec ?? {};
  const name = job.metadata?.name ?? "";
  if (completionMode !== "Indexed" || completions <= 0) return;
  const host = `${name}-${completions - 1}`;
  if (dns1123Label(host).length > 0) {
    errors.push(invalidField(new FieldPath("metadata.name"), name, `will not able to create pod with invalid DNS label: ${host}`));
  }
}

/** The selector that the server makes is the job's own. */
function validateGeneratedSelector({ metadata, spec }: Job, prefixed: boolean, errors: FieldError[]): void {
  if (spec === undefined || spec.manualSelector === true || spec.selector === undefined) return;
  const uid = metadata?.uid ?? "";
  const name = metadata?.name ?? "";
  if (uid === "") errors.push(required(new FieldPath("metadata.uid")));
  const wanted: Record<string, string> = { [legacyControllerUidLabel]: uid, [legacyJobNameLabel]: name };
  if (prefixed) Object.assign(wanted, { [controllerUidLabel]: uid, [jobNameLabel]: name });
  const labels = spec.template?.metadata?.labels ?? {};
  const at = path.child("template", "metadata", "labels");
  for (const [key, value] of Object.entries(wanted)) {
    const found = labels[key];
    if (found === undefined) errors.push(required(at.key(key), `must be '${value}'`));
    else if (found !== value) errors.push(invalidField(at.key(key), sorted(labels), `must be '${value}'`));
  }
  if (selectorMatches(spec.selector, wanted) === false) {
    const shown = internalForm("*json:LabelSelector", spec.selector);
    errors.push(invalidField(path.child("selector"), shown, "`selector` not auto-generated"));
  }
}

function validateSpec(spec: JobSpec | undefined, options: PodValidationOptions, errors: FieldError[]): void {
  validateJobSettings(spec, path, options, errors);
  const at = path.child("selector");
  if (spec?.selector === undefined) errors.push(required(at));
  else validateLabelSelector(spec.selector, at, errors, { allowInvalidLabelValue: options.allowInvalidLabelValueInSelector });
  const labels = spec?.template?.metadata?.labels;
  if (selectorMatches(spec?.selector, labels) === false) {
    errors.push(invalidField(path.child("template", "metadata", "labels"), sorted(labels), "`selector` does not match template `labels`"));
  }
}

function validateChanges(job: Job, old: Job, errors: FieldError[]): void {
  const spec = job.spec ?? ({} as JobSpec);
  const before = old.spec ?? ({} as JobSpec);
  validateCompletions(spec, before, errors);
  const same = (field: keyof JobSpec, shown: unknown = spec[field] ?? null): void =>
    validateImmutable(spec[field], before[field], path.child(field), errors, shown);
  same("selector", internalForm("*json:LabelSelector", spec.selector));
  validateTemplateUpdate(spec, before, old, errors);
  same("completionMode");
  same("podFailurePolicy", internalForm("*PodFailurePolicy", spec.podFailurePolicy));
  same("backoffLimitPerIndex");
  same("managedBy");
  same("successPolicy", internalForm("*SuccessPolicy", spec.successPolicy));
}

function validateCompletions(spec: JobSpec, before: JobSpec, errors: FieldError[]): void {
  const at = path.child("completions");
  const { completions } = spec;
  if (spec.completionMode !== "Indexed") validateImmutable(completions, before.completions, at, errors, completions ?? null);
  else if (completions !== undefined && completions !== before.completions && completions !== spec.parallelism) {
    errors.push(invalidField(at, completions, "can only be modified in tandem with spec.parallelism"));
  }
}

/** While a job waits, where its pods go and what they ask for may still change. */
function validateTemplateUpdate(spec: JobSpec, before: JobSpec, old: Job, errors: FieldError[]): void {
  const suspended = before.suspend === true;
  const { status } = old;
  const waits = status?.startTime === undefined || status.conditions?.some((c) => c.type === "Suspended" && c.status === "True") === true;
  const mutable = suspended && waits && (status?.active ?? 0) === 0;
  const kept = mutable ? withSchedulingOf(before.template, spec.template) : before.template;
  const shown = (): object => ({ ...spec.template.metadata, ...(internalForm("PodTemplateSpec", spec.template) as object) });
  if (semanticEqual(spec.template, kept)) return;
  if (!mutable) {
    errors.push(invalidField(path.child("template"), shown(), "field is immutable", "immutable"));
    return;
  }
  const now = spec.template.spec;
  if (semanticEqual(now, withResourcesOf(kept.spec, now))) return;
  errors.push(invalidField(path.child("template.spec"), internalForm("PodSpec", now), "field is immutable", "immutable"));
}

type Template = JobSpec["template"];

function withSchedulingOf(template: Template, from: Template): Template {
  const { metadata, spec } = from;
  const affinity = { ...template.spec?.affinity, nodeAffinity: spec?.affinity?.nodeAffinity };
  const isEmpty = Object.values(affinity).every((v) => v === undefined);
  return {
    ...template,
    metadata: { ...template.metadata, annotations: metadata?.annotations, labels: metadata?.labels },
    spec: {
      ...(template.spec as NonNullable<Template["spec"]>),
      affinity: isEmpty && spec?.affinity === undefined ? undefined : affinity,
      nodeSelector: spec?.nodeSelector,
      tolerations: spec?.tolerations,
      schedulingGates: spec?.schedulingGates,
    },
  };
}

function withResourcesOf(spec: Template["spec"], from: Template["spec"]): Template["spec"] {
  if (spec === undefined) return spec;
  const copy = { ...spec };
  for (const field of ["containers", "initContainers"] as const) {
    const now = from?.[field];
    if (now?.length !== copy[field]?.length) continue;
    copy[field] = (copy[field] ?? []).map((c, i) => (now?.[i]?.name === c.name ? { ...c, resources: now[i].resources } : c));
  }
  return copy;
}
