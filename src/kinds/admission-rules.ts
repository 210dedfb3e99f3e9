/** Webhook configurations, and the rules that policies have too (`admissionregistration/validation`). */
import type { FieldError } from "../schema/field-error.ts";
import { duplicate, FieldPath, invalidField, notSupported, required } from "../schema/field-error.ts";
import { dns1035Label } from "../core/names.ts";
import type { MutatingWebhook, RuleWithOperations, ValidatingWebhook } from "../schema/types/admissionregistration-v1.ts";
import { validateFullyQualifiedName } from "./formats.ts";
import { validateMatchConditions } from "./match-conditions.ts";
import { semanticEqual } from "./semantic-equal.ts";
import { selectorHasInvalidLabelValue, validateLabelSelector } from "./object-meta.ts";
import { validateWebhookService, validateWebhookUrl } from "./webhook-client.ts";

type Webhook = ValidatingWebhook | MutatingWebhook;

interface Configuration {
  readonly webhooks?: readonly Webhook[] | undefined;
}

const reviewVersions = ["v1", "v1beta1"];
const quietSideEffects = ["None", "NoneOnDryRun"];
const sideEffects = ["None", "NoneOnDryRun", "Some", "Unknown"];

export function validateWebhooks({ webhooks = [] }: Configuration, old?: Configuration): FieldError[] {
  const errors: FieldError[] = [];
  const before = old?.webhooks ?? [];
  const names = new Set<string>();
  const uniqueBefore = new Set(before.map((w) => w.name)).size === before.length;
  const knownBefore = before.every(
    (w) => !w.admissionReviewVersions?.length || w.admissionReviewVersions.some((v) => reviewVersions.includes(v)),
  );
  const quietBefore = before.every((w) => w.sideEffects !== undefined && quietSideEffects.includes(w.sideEffects));
  const looseLabels = before.some(
    (w) => selectorHasInvalidLabelValue(w.namespaceSelector) || selectorHasInvalidLabelValue(w.objectSelector),
  );
  const conditions = (of: readonly Webhook[]): unknown[] => of.map((w) => w.matchConditions);
  const sameConditions = old !== undefined && semanticEqual(conditions(webhooks), conditions(before));
  webhooks.forEach((webhook, i) => {
    const at = new FieldPath("webhooks").index(i);
    validateWebhook(webhook, at, quietBefore ? quietSideEffects : sideEffects, looseLabels, errors);
    // Conditions that are as they were have been looked at when they came.
    if (!sameConditions) errors.push(...validateMatchConditions(webhook.matchConditions ?? [], false, at.child("matchConditions")));
    validateReviewVersions(webhook.admissionReviewVersions ?? [], knownBefore, at.child("admissionReviewVersions"), errors);
    if (!uniqueBefore || !webhook.name) return;
    if (names.has(webhook.name)) errors.push(duplicate(at.child("name"), webhook.name));
    names.add(webhook.name);
  });
  return errors;
}

function validateWebhook(webhook: Webhook, at: FieldPath, effects: readonly string[], looseLabels: boolean, errors: FieldError[]): void {
  const oneOf = (value: string | undefined, field: string, values: readonly string[]): void => {
    if (value !== undefined && !values.includes(value)) errors.push(notSupported(at.child(field), value, values));
  };
  validateFullyQualifiedName(webhook.name ?? "", at.child("name"), errors);
  webhook.rules?.forEach((rule, i) => validateRule(rule, at.child("rules").index(i), errors));
  oneOf(webhook.failurePolicy, "failurePolicy", ["Fail", "Ignore"]);
  oneOf(webhook.matchPolicy, "matchPolicy", ["Equivalent", "Exact"]);
  const { sideEffects: effect, timeoutSeconds: seconds, clientConfig } = webhook;
  if ((effect ?? undefined) === undefined) errors.push(required(at.child("sideEffects"), `must specify one of ${effects.join(", ")}`));
  else oneOf(effect, "sideEffects", effects);
  if (seconds !== undefined && (seconds > 30 || seconds < 1)) {
    errors.push(invalidField(at.child("timeoutSeconds"), seconds, "the timeout value must be between 1 and 30 seconds"));
  }
  const options = { allowInvalidLabelValue: looseLabels };
  validateLabelSelector(webhook.namespaceSelector, at.child("namespaceSelector"), errors, options);
  validateLabelSelector(webhook.objectSelector, at.child("objectSelector"), errors, options);
  if ("reinvocationPolicy" in webhook) oneOf(webhook.reinvocationPolicy, "reinvocationPolicy", ["IfNeeded", "Never"]);
  const client = at.child("clientConfig");
  const { url, service } = clientConfig ?? {};
  if ((url === undefined) === (service === undefined)) errors.push(required(client, "exactly one of url or service is required"));
  else if (url !== undefined) validateWebhookUrl(url, client.child("url"), errors);
  // Upstream swaps the two names, so a missing one is reported as the other.
  else if (service)
    validateWebhookService({ ...service, name: service.namespace, namespace: service.name }, client.child("service"), errors);
}

function validateReviewVersions(versions: readonly string[], known: boolean, at: FieldPath, errors: FieldError[]): void {
  if (versions.length === 0) {
    errors.push(required(at, `must specify one of ${reviewVersions.join(", ")}`));
    return;
  }
  versions.forEach((version, i) => {
    if (versions.indexOf(version) < i) errors.push(invalidField(at.index(i), version, "duplicate version"));
    else for (const message of dns1035Label(version)) errors.push(invalidField(at.index(i), version, message));
  });
  if (known && !versions.some((v) => reviewVersions.includes(v))) {
    errors.push(invalidField(at, versions, `must include at least one of ${reviewVersions.join(", ")}`));
  }
}

const operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];

export function validateRule(rule: RuleWithOperations, at: FieldPath, errors: FieldError[]): void {
  const list = (values: readonly string[] | undefined, field: string, what: string): readonly string[] => {
    const given = values ?? [];
    if (given.length === 0) errors.push(required(at.child(field)));
    if (given.length > 1 && given.includes("*")) {
      errors.push(invalidField(at.child(field), given, `if '*' is present, must not specify other ${what}`));
    }
    return given;
  };
  list(rule.operations, "operations", "operations").forEach((operation, i) => {
    if (!operations.includes(operation)) errors.push(notSupported(at.child("operations").index(i), operation, operations));
  });
  list(rule.apiGroups, "apiGroups", "API groups");
  list(rule.apiVersions, "apiVersions", "API versions").forEach((version, i) => {
    if (version === "") errors.push(required(at.child("apiVersions").index(i)));
  });
  validateResources(rule.resources ?? [], at.child("resources"), errors);
  const scopes = ["*", "Cluster", "Namespaced"];
  if (rule.scope !== undefined && !scopes.includes(rule.scope)) errors.push(notSupported(at.child("scope"), rule.scope, scopes));
}

function validateResources(resources: readonly string[], at: FieldPath, errors: FieldError[]): void {
  if (resources.length === 0) errors.push(required(at));
  const whole = new Set<string>();
  const everywhere = new Set<string>();
  let plain = false;
  for (const [i, text] of resources.entries()) {
    const slash = text.indexOf("/");
    if (text === "") errors.push(required(at.index(i)));
    else if (slash < 0) plain = text !== "*";
    else {
      const resource = text.slice(0, slash);
      const sub = text.slice(slash + 1);
      if (whole.has(resource)) errors.push(invalidField(at.index(i), text, `if '${resource}/*' is present, must not specify ${text}`));
      if (everywhere.has(sub)) errors.push(invalidField(at.index(i), text, `if '*/${sub}' is present, must not specify ${text}`));
      if (sub === "*") whole.add(resource);
      if (resource === "*") everywhere.add(sub);
    }
  }
  if (resources.length > 1 && resources.includes("*/*")) {
    errors.push(invalidField(at, resources, "if '*/*' is present, must not specify other resources"));
  }
  if (resources.includes("*") && plain) {
    errors.push(invalidField(at, resources, "if '*' is present, must not specify other resources without subresources"));
  }
}
