/** Where a pod may run: affinity, tolerations, topology spread, gates. */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { duplicate, forbiddenField, invalidField, notSupported, required } from "../../schema/field-error.ts";
import { labelValue } from "../../core/names.ts";
import type {
  Affinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
  PodSchedulingGate,
  Toleration,
  TopologySpreadConstraint,
} from "../../schema/types/core-v1.ts";
import { invalidEach, nameIsDnsLabel, nameIsDnsSubdomain, validatePositive, validateQualifiedName } from "../formats.ts";
import { validateLabelName, validateLabelSelector } from "../object-meta.ts";
import { validateLabelKeys, validateLabelKeysLegacy } from "./validation-label-keys.ts";
import type { PodValidationOptions } from "./validation-options.ts";

export function validateAffinity(
  affinity: Affinity | undefined,
  options: PodValidationOptions,
  path: FieldPath,
  errors: FieldError[],
): void {
  if (!affinity) return;
  const node = affinity.nodeAffinity;
  if (node) {
    const at = path.child("nodeAffinity");
    const must = node.requiredDuringSchedulingIgnoredDuringExecution;
    const lax = options.allowInvalidLabelValueInRequiredNodeAffinity;
    if (must) validateNodeSelector(must, lax, at.child("requiredDuringSchedulingIgnoredDuringExecution"), errors);
    node.preferredDuringSchedulingIgnoredDuringExecution?.forEach((term, i) => {
      const here = at.child("preferredDuringSchedulingIgnoredDuringExecution").index(i);
      if (!(term.weight > 0 && term.weight <= 100))
        errors.push(invalidField(here.child("weight"), term.weight, "must be in the range 1-100"));
      validateNodeSelectorTerm(term.preference ?? {}, true, here.child("preference"), errors);
    });
  }
  for (const name of ["podAffinity", "podAntiAffinity"] as const) {
    const pods = affinity[name];
    if (!pods) continue;
    pods.requiredDuringSchedulingIgnoredDuringExecution?.forEach((term, i) => {
      validatePodTerm(term, options, path.child(name, "requiredDuringSchedulingIgnoredDuringExecution").index(i), errors);
    });
    pods.preferredDuringSchedulingIgnoredDuringExecution?.forEach((weighted, i) => {
      const here = path.child(name, "preferredDuringSchedulingIgnoredDuringExecution").index(i);
      if (!(weighted.weight > 0 && weighted.weight <= 100)) {
        errors.push(invalidField(here.child("weight"), weighted.weight, "must be in the range 1-100"));
      }
      validatePodTerm(weighted.podAffinityTerm, options, here.child("podAffinityTerm"), errors);
    });
  }
}

function validatePodTerm(term: PodAffinityTerm, options: PodValidationOptions, path: FieldPath, errors: FieldError[]): void {
  const lax = { allowInvalidLabelValue: options.allowInvalidLabelValueInSelector };
  validateLabelSelector(term.labelSelector, path.child("labelSelector"), errors, lax);
  validateLabelSelector(term.namespaceSelector, path.child("namespaceSelector"), errors, lax);
  for (const name of term.namespaces ?? []) invalidEach(nameIsDnsLabel(name, false), path.child("namespace"), name, errors);
  validateLabelKeys(term, path, errors);
  if (!term.topologyKey) errors.push(required(path.child("topologyKey"), "can not be empty"));
  validateLabelName(term.topologyKey ?? "", path.child("topologyKey"), errors);
}

export function validateNodeSelector(selector: NodeSelector, laxValues: boolean, path: FieldPath, errors: FieldError[]): void {
  const terms = path.child("nodeSelectorTerms");
  if (!selector.nodeSelectorTerms?.length) errors.push(required(terms, "must have at least one node selector term"));
  else selector.nodeSelectorTerms.forEach((term, i) => validateNodeSelectorTerm(term, laxValues, terms.index(i), errors));
}

export function validateNodeSelectorTerm(term: NodeSelectorTerm, laxValues: boolean, path: FieldPath, errors: FieldError[]): void {
  term.matchExpressions?.forEach((r, i) => validateNodeRequirement(r, laxValues, path.child("matchExpressions").index(i), errors));
  term.matchFields?.forEach((r, i) => validateNodeField(r, path.child("matchFields").index(i), errors));
}

function validateNodeRequirement(requirement: NodeSelectorRequirement, laxValues: boolean, path: FieldPath, errors: FieldError[]): void {
  const { operator, values } = requirement;
  const count = values?.length ?? 0;
  if (operator === "In" || operator === "NotIn") {
    if (count === 0) errors.push(required(path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (count > 0) {
      errors.push(forbiddenField(path.child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
    }
  } else if (operator === "Gt" || operator === "Lt") {
    if (count !== 1) errors.push(required(path.child("values"), "must be specified single value when `operator` is 'Lt' or 'Gt'"));
  } else errors.push(invalidField(path.child("operator"), operator ?? "", "not a valid selector operator"));
  validateLabelName(requirement.key ?? "", path.child("key"), errors);
  if (laxValues) return;
  values?.forEach((value, i) => invalidEach(labelValue(value), path.child("values").index(i), value, errors, "format=k8s-label-value"));
}

function validateNodeField(requirement: NodeSelectorRequirement, path: FieldPath, errors: FieldError[]): void {
  const { key, operator, values } = requirement;
  if (operator === "In" || operator === "NotIn") {
    if (values?.length !== 1) {
      errors.push(required(path.child("values"), "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"));
    }
  } else errors.push(invalidField(path.child("operator"), operator ?? "", "not a valid selector operator"));
  if (key !== "metadata.name") errors.push(invalidField(path.child("key"), key ?? "", "not a valid field selector key"));
  else values?.forEach((value, i) => invalidEach(nameIsDnsSubdomain(value, false), path.child("values").index(i), value, errors));
}

const taintEffects: readonly string[] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

export function validateTaintEffect(effect: string | undefined, path: FieldPath, errors: FieldError[]): void {
  if (!effect) errors.push(required(path));
  else if (!taintEffects.includes(effect)) errors.push(notSupported(path, effect, taintEffects));
}

const decimalRegex = /^(0|-?[1-9][0-9]*)$/;

export function validateTolerations(
  tolerations: readonly Toleration[],
  options: Pick<PodValidationOptions, "allowComparingTolerations">,
  path: FieldPath,
  errors: FieldError[],
): void {
  for (let i = 0; i < tolerations.length; i++) {
    const toleration = tolerations[i] as Toleration;
    const at = path.index(i);
    const { key = "", operator = "", value = "", effect = "" } = toleration;
    if (key !== "") validateLabelName(key, at.child("key"), errors);
    else if (operator !== "Exists") {
      const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      errors.push(invalidField(at.child("operator"), operator, detail));
    }
    if (toleration.tolerationSeconds !== undefined && effect !== "NoExecute") {
      errors.push(invalidField(at.child("effect"), effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    }
    validateTolerationValue(operator, value, options, at, errors);
    if (effect !== "") validateTaintEffect(effect, at.child("effect"), errors);
  }
}

function validateTolerationValue(
  operator: string,
  value: string,
  options: Pick<PodValidationOptions, "allowComparingTolerations">,
  path: FieldPath,
  errors: FieldError[],
): void {
  const at = path.child("operator");
  if (operator === "Equal" || operator === "") {
    const messages = labelValue(value);
    if (messages.length > 0) errors.push(invalidField(at, value, messages.join(";")));
  } else if (operator === "Exists") {
    if (value !== "") errors.push(invalidField(at, value, "value must be empty when `operator` is 'Exists'"));
  } else if (operator === "Lt" || operator === "Gt") {
    if (!options.allowComparingTolerations) errors.push(notSupported(at, operator, ["Equal", "Exists", "Lt", "Gt"]));
    else if (!decimalRegex.test(value)) {
      errors.push(invalidField(path.child("value"), value, "must be a valid decimal integer in canonical form"));
    }
  } else errors.push(notSupported(at, operator, ["Equal", "Exists"]));
}

export function validateSchedulingGates(gates: readonly PodSchedulingGate[] | undefined, path: FieldPath, errors: FieldError[]): void {
  const seen = new Set<string>();
  gates?.forEach(({ name }, i) => {
    validateQualifiedName(name, path.index(i), errors);
    if (seen.has(name)) errors.push(duplicate(path.index(i), name));
    seen.add(name);
  });
}

export function validateTopologySpread(
  constraints: readonly TopologySpreadConstraint[] | undefined,
  options: PodValidationOptions,
  path: FieldPath,
  errors: FieldError[],
): void {
  constraints?.forEach((constraint, i) => {
    const at = path.index(i);
    const { topologyKey, whenUnsatisfiable, minDomains } = constraint;
    validatePositive(constraint.maxSkew ?? 0, at.child("maxSkew"), errors);
    if (!topologyKey) errors.push(required(at.child("topologyKey"), "can not be empty"));
    if (whenUnsatisfiable !== "DoNotSchedule" && whenUnsatisfiable !== "ScheduleAnyway") {
      errors.push(notSupported(at.child("whenUnsatisfiable"), whenUnsatisfiable ?? "", ["DoNotSchedule", "ScheduleAnyway"]));
    }
    if (constraints.slice(i + 1).some((c) => c.topologyKey === topologyKey && c.whenUnsatisfiable === whenUnsatisfiable)) {
      errors.push(duplicate(at.child("{topologyKey, whenUnsatisfiable}"), `{${topologyKey}, ${whenUnsatisfiable}}`));
    }
    if (minDomains !== undefined) {
      validatePositive(minDomains, at.child("minDomains"), errors);
      if (whenUnsatisfiable !== "DoNotSchedule") {
        const detail = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`;
        errors.push(invalidField(at.child("minDomains"), minDomains, detail, "dependsOn"));
      }
    }
    for (const field of ["nodeAffinityPolicy", "nodeTaintsPolicy"] as const) {
      const policy = constraint[field];
      if (policy !== undefined && policy !== "Honor" && policy !== "Ignore") {
        errors.push(notSupported(at.child(field), policy, ["Honor", "Ignore"]));
      }
    }
    if (options.legacyMatchLabelKeys) validateLabelKeysLegacy(constraint, at.child("matchLabelKeys"), errors);
    else validateLabelKeys(constraint, at, errors);
    if (!options.allowInvalidTopologySpreadSelector) validateLabelSelector(constraint.labelSelector, at.child("labelSelector"), errors);
  });
}
