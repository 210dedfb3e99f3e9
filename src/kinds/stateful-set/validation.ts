import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, forbiddenField, invalidField, notSupported, required } from "../../schema/field-error.ts";
import type { StatefulSet, StatefulSetSpec, StatefulSetUpdateStrategy } from "../../schema/types/apps-v1.ts";
import type { PodTemplateSpec, Volume } from "../../schema/types/core-v1.ts";
import { validateDnsLabel, validateNonnegative } from "../formats.ts";
import { internalForm } from "../internal-form.ts";
import { validateAnnotations, validateLabels } from "../object-meta.ts";
import { validateClaimSpec } from "../persistent-volume-claim/validation-spec.ts";
import type { PodValidationOptions } from "../pod/validation-options.ts";
import { podValidationOptions } from "../pod/validation-options.ts";
import { validatePodAnnotations, validatePodTemplateSpec } from "../pod/validation-spec.ts";
import { semanticEqual } from "../semantic-equal.ts";
import {
  isEmptySelector,
  selectorMatches,
  sorted,
  validateAlwaysRestarts,
  validateCollisionCount,
  validateCounts,
  validateRequiredSelector,
} from "../workload-validation.ts";

const path = new FieldPath("spec");

interface Leniency {
  readonly serviceName: boolean;
  readonly template: boolean;
  readonly claims: boolean;
}

/** Errors of a stateful set beyond its metadata. */
export function validateStatefulSet(set: StatefulSet): FieldError[] {
  const errors: FieldError[] = [];
  validateSpec(set.spec, podValidationOptions(false), { serviceName: false, template: false, claims: false }, errors);
  return errors;
}

const mutableFields = [
  "replicas",
  "template",
  "updateStrategy",
  "minReadySeconds",
  "ordinals",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
] as const satisfies readonly (keyof StatefulSetSpec)[];

/** Claim templates may name their kind or not: it means nothing. */
function untyped(spec: StatefulSetSpec | undefined): Partial<StatefulSetSpec> {
  const claims = spec?.volumeClaimTemplates?.map((claim) => ({ ...claim, kind: undefined, apiVersion: undefined }));
  return { ...spec, ...(claims && { volumeClaimTemplates: claims }) };
}

export function validateStatefulSetUpdate(set: StatefulSet, old: StatefulSet): FieldError[] {
  const options = podValidationOptions(false, old.spec?.template);
  const before: FieldError[] = [];
  validateSpec(old.spec, options, { serviceName: true, template: false, claims: true }, before);
  const errors: FieldError[] = [];
  // What is wrong in a stored template may stay wrong.
  validateSpec(set.spec, options, { serviceName: true, template: before.length > 0, claims: true }, errors);
  const immutable = untyped(set.spec);
  const was = untyped(old.spec);
  for (const field of mutableFields) {
    delete immutable[field];
    delete was[field];
  }
  if (!semanticEqual(immutable, was)) {
    const detail =
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
    errors.push(forbiddenField(path, detail));
  }
  return errors;
}

function validateSpec(spec: StatefulSetSpec | undefined, options: PodValidationOptions, lenient: Leniency, errors: FieldError[]): void {
  const management = spec?.podManagementPolicy;
  if (!management) errors.push(required(path.child("podManagementPolicy")));
  else if (management !== "OrderedReady" && management !== "Parallel") {
    errors.push(invalidField(path.child("podManagementPolicy"), management, "must be 'OrderedReady' or 'Parallel'"));
  }
  validateStrategy(spec?.updateStrategy ?? {}, path.child("updateStrategy"), errors);
  const retention = spec?.persistentVolumeClaimRetentionPolicy;
  for (const field of ["whenDeleted", "whenScaled"] as const) {
    const policy = retention?.[field] ?? "";
    if (!retention || policy === "Retain" || policy === "Delete") continue;
    errors.push(notSupported(path.child("persistentVolumeClaimRetentionPolicy", field), policy, ["Retain", "Delete"]));
  }
  if (!lenient.claims) {
    spec?.volumeClaimTemplates?.forEach((claim, i) => {
      validateClaimSpec(claim.spec ?? {}, path.child("volumeClaimTemplates").index(i).child("spec"), {}, errors);
    });
  }
  validateNonnegative(spec?.replicas, path.child("replicas"), errors);
  validateNonnegative(spec?.minReadySeconds, path.child("minReadySeconds"), errors);
  validateNonnegative(spec?.ordinals?.start, path.child("ordinals.start"), errors);
  if (!lenient.serviceName && spec?.serviceName) validateDnsLabel(spec.serviceName, path.child("serviceName"), errors);
  validateRequiredSelector(spec?.selector, "statefulset", path.child("selector"), errors);
  const template = path.child("template");
  if (selectorMatches(spec?.selector, {}) === undefined) {
    errors.push(invalidField(path.child("selector"), internalForm("*json:LabelSelector", spec?.selector), ""));
  } else if (spec) validateTemplate(spec, template, options, lenient, errors);
  validateAlwaysRestarts(spec?.template, "StatefulSet", template, errors);
}

function validateTemplate(
  spec: StatefulSetSpec,
  at: FieldPath,
  options: PodValidationOptions,
  lenient: Leniency,
  errors: FieldError[],
): void {
  const template = withClaims(spec);
  const labels = template.metadata?.labels;
  if (!(spec.selector && isEmptySelector(spec.selector)) && selectorMatches(spec.selector, labels) === false) {
    errors.push(invalidField(at.child("metadata", "labels"), sorted(labels), "`selector` does not match template `labels`"));
  }
  if (!lenient.template) validatePodTemplateSpec(template, at, options, errors);
  // Upstream checks these a second time.
  validateLabels(labels, at.child("labels"), errors);
  validateAnnotations(template.metadata?.annotations, at.child("annotations"), errors);
  validatePodAnnotations(template.metadata?.annotations, template.spec ?? { containers: [] }, at.child("annotations"), options, errors);
}

/** The template as its pods will be: with a volume for each claim, and names that the controller gives. */
function withClaims(spec: StatefulSetSpec): PodTemplateSpec {
  const claims = spec.volumeClaimTemplates ?? [];
  const pod = spec.template?.spec;
  if (!pod || (claims.length === 0 && !pod.subdomain && !pod.hostname)) return spec.template ?? {};
  const { subdomain: _, hostname: __, ...rest } = pod;
  const names = claims.map((c) => c.metadata?.name ?? "");
  const volumes: Volume[] = [
    ...names.map((name) => ({ name, persistentVolumeClaim: { claimName: name } })),
    ...(pod.volumes ?? []).filter((v) => !names.includes(v.name)),
  ];
  return { ...spec.template, spec: volumes.length > 0 ? { ...rest, volumes } : rest };
}

function validateStrategy(strategy: StatefulSetUpdateStrategy, at: FieldPath, errors: FieldError[]): void {
  const rolling = strategy.rollingUpdate;
  const here = at.child("rollingUpdate");
  if (!strategy.type) errors.push(required(at));
  else if (strategy.type === "OnDelete") {
    if (!rolling) return;
    const shown = internalForm("RollingUpdateStatefulSetStrategy", rolling);
    errors.push(invalidField(here, shown, "only allowed for updateStrategy 'RollingUpdate'"));
  } else if (strategy.type === "RollingUpdate") validateNonnegative(rolling?.partition, here.child("partition"), errors);
  else {
    const shown = internalForm("StatefulSetUpdateStrategy", strategy);
    errors.push(invalidField(at, shown, "must be 'RollingUpdate' or 'OnDelete'"));
  }
}

const counts = [
  "replicas",
  "readyReplicas",
  "currentReplicas",
  "updatedReplicas",
  "availableReplicas",
  "observedGeneration",
  "collisionCount",
];
const total = "cannot be greater than status.replicas";

export function validateStatefulSetStatus(set: StatefulSet, old: StatefulSet): FieldError[] {
  const errors: FieldError[] = [];
  validateCounts(
    set.status,
    counts,
    [
      ["readyReplicas", "replicas", total],
      ["currentReplicas", "replicas", total],
      ["updatedReplicas", "replicas", total],
      ["availableReplicas", "replicas", total],
      ["availableReplicas", "readyReplicas", "cannot be greater than status.readyReplicas"],
    ],
    errors,
  );
  validateCollisionCount(set.status, old.status, errors);
  return errors;
}
