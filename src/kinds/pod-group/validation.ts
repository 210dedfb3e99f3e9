/** Groups of pods that are scheduled together, and the templates that workloads have of them (KEP-4671). */
import type { FieldError } from "../../schema/field-error.ts";
import { duplicate, FieldPath, invalidField, notSupported, required, tooMany } from "../../schema/field-error.ts";
import type {
  PodGroup,
  PodGroupResourceClaim,
  PodGroupSchedulingPolicy,
  PodGroupSpec,
  PodGroupTemplate,
} from "../../schema/types/scheduling-v1alpha2.ts";
import { validateConditions } from "../conditions.ts";
import { validateDnsLabel, validateDnsSubdomain } from "../formats.ts";
import { validateImmutable, validateLabelName } from "../object-meta.ts";
import { highestUserPriority } from "../priority-class/validation.ts";

const path = new FieldPath("spec");
const statusPath = new FieldPath("status");
const claimLimit = 4;
const topologyLimit = 1;

export function validatePodGroup({ spec }: PodGroup): FieldError[] {
  const errors: FieldError[] = [];
  const reference = spec.podGroupTemplateRef;
  if (reference) {
    const at = path.child("podGroupTemplateRef");
    validateUnion(reference, ["workload"], at, errors);
    const { workload } = reference;
    if (workload) {
      validateName(workload.workloadName, at.child("workload").child("workloadName"), errors, validateDnsSubdomain);
      validateName(workload.podGroupTemplateName, at.child("workload").child("podGroupTemplateName"), errors, validateDnsLabel);
    }
  }
  validateGroup(spec, path, errors);
  return errors;
}

/** All but metadata and status is for good. */
export function validatePodGroupUpdate({ spec }: PodGroup, { spec: old }: PodGroup): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of immutable) validateImmutable(spec[field] ?? undefined, old[field] ?? undefined, path.child(field), errors, null);
  return errors;
}

const immutable = [
  "podGroupTemplateRef",
  "schedulingPolicy",
  "schedulingConstraints",
  "resourceClaims",
  "disruptionMode",
  "priorityClassName",
  "priority",
] as const;

export function validatePodGroupStatusUpdate({ status, spec }: PodGroup): FieldError[] {
  const errors: FieldError[] = [];
  validateConditions(status?.conditions ?? [], statusPath.child("conditions"), errors);
  const at = statusPath.child("resourceClaimStatuses");
  const statuses = status?.resourceClaimStatuses ?? [];
  statuses.forEach(({ name }, i) => {
    if (spec.resourceClaims?.some((c) => c.name === name) === true) return;
    errors.push(invalidField(at.index(i).child("name"), name, "must match the name of an entry in `spec.resourceClaims`"));
  });
  validateNamed(statuses, claimLimit, at, errors, ({ resourceClaimName }, here) => {
    if (resourceClaimName !== undefined) validateDnsSubdomain(resourceClaimName, here.child("resourceClaimName"), errors);
  });
  return errors;
}

/** What groups and templates of groups have in common. */
export function validateGroup(group: PodGroupSpec | PodGroupTemplate, at: FieldPath, errors: FieldError[]): void {
  validatePolicy(group.schedulingPolicy, at.child("schedulingPolicy"), errors);
  const topology = group.schedulingConstraints?.topology ?? [];
  const topologyPath = at.child("schedulingConstraints").child("topology");
  if (topology.length > topologyLimit) errors.push(tooMany(topologyPath, topology.length, topologyLimit));
  else topology.forEach(({ key }, i) => validateName(key, topologyPath.index(i).child("key"), errors, validateLabelName));
  validateNamed(group.resourceClaims ?? [], claimLimit, at.child("resourceClaims"), errors, (claim, here) =>
    validateClaim(claim, here, errors),
  );
  const { disruptionMode: mode, priorityClassName, priority } = group;
  const modes = ["Pod", "PodGroup"];
  if (mode !== undefined && !modes.includes(mode)) errors.push(notSupported(at.child("disruptionMode"), mode, modes));
  if (priorityClassName) validateDnsSubdomain(priorityClassName, at.child("priorityClassName"), errors);
  if (priority !== undefined && priority > highestUserPriority)
    errors.push(invalidField(at.child("priority"), priority, `must be less than or equal to ${highestUserPriority}`));
}

function validatePolicy(policy: PodGroupSchedulingPolicy | undefined, at: FieldPath, errors: FieldError[]): void {
  validateUnion(policy ?? {}, ["basic", "gang"], at, errors);
  const count = policy?.gang?.minCount;
  const here = at.child("gang").child("minCount");
  if (policy?.gang && !count) errors.push(required(here));
  else if (count !== undefined && count < 1) errors.push(invalidField(here, count, "must be greater than or equal to 1"));
}

function validateClaim(claim: PodGroupResourceClaim, at: FieldPath, errors: FieldError[]): void {
  validateUnion(claim, ["resourceClaimName", "resourceClaimTemplateName"], at, errors);
  validateName(claim.name, at.child("name"), errors, validateDnsLabel);
  for (const field of ["resourceClaimName", "resourceClaimTemplateName"] as const) {
    const name = claim[field];
    if (name !== undefined) validateDnsSubdomain(name, at.child(field), errors);
  }
}

/** One of `members`, and one only. */
function validateUnion(value: object, members: readonly string[], at: FieldPath, errors: FieldError[]): void {
  const given = members.filter((member) => ((value as Record<string, unknown>)[member] ?? undefined) !== undefined);
  const choice = members.map((member) => `\`${member}\``).join(", ");
  if (given.length === 0) errors.push(invalidField(at, "", `must specify one of: ${choice}`));
  else if (given.length > 1) errors.push(invalidField(at, `{${given.join(", ")}}`, `must specify exactly one of: ${choice}`));
}

type Check = (value: string, at: FieldPath, errors: FieldError[]) => void;

/** A text that has to be there. */
export function validateName(name: string | undefined, at: FieldPath, errors: FieldError[], check: Check): void {
  if (!name) errors.push(required(at));
  else check(name, at, errors);
}

/** Items that are told apart by their names, no more than `limit`. */
export function validateNamed<T extends { name: string }>(
  items: readonly T[],
  limit: number,
  at: FieldPath,
  errors: FieldError[],
  check: (item: T, at: FieldPath) => void,
): void {
  if (items.length > limit) {
    errors.push(tooMany(at, items.length, limit));
    return;
  }
  items.forEach((item, i) => {
    if (items.findIndex((other) => other.name === item.name) < i) errors.push(duplicate(at.index(i), item));
  });
  items.forEach((item, i) => check(item, at.index(i)));
}
