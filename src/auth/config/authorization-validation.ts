/** What is wrong with an AuthorizationConfiguration (`k8s.io/apiserver/pkg/apis/apiserver/validation`), and its conditions made ready. */
import { statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { formatGoDuration } from "../../core/go-duration.ts";
import { duplicate, type FieldError, FieldPath, invalidField, notSupported, required, tooMany } from "../../schema/field-error.ts";
import { dns1123Subdomain } from "../../core/names.ts";
import type { AuthorizationConfiguration, AuthorizationWebhookConfiguration } from "./authorization-configuration.ts";
import { accessReviewScope, type CompiledExpression, compileExpression, ExpressionFault } from "./expressions.ts";

/** Every authorizer there is, sorted. */
export const authorizationModes: readonly string[] = ["ABAC", "AlwaysAllow", "AlwaysDeny", "Node", "RBAC", "Webhook"];

const maxConditions = 64;

/** Every fault. Files that are named are looked for. */
export function validateAuthorization(config: AuthorizationConfiguration): FieldError[] {
  const root = new FieldPath("authorizers");
  const errors: FieldError[] = [];
  if (config.authorizers.length === 0) errors.push(required(root, "at least one authorization mode must be defined"));
  const types = new Set<string>();
  const names = new Set<string>();
  config.authorizers.forEach(({ type, name, webhook }, i) => {
    const path = root.index(i);
    if (type === "") return void errors.push(required(path.child("type")));
    if (!authorizationModes.includes(type)) return void errors.push(notSupported(path.child("type"), type, authorizationModes));
    if (types.has(type) && type !== "Webhook") return void errors.push(duplicate(path.child("type"), type));
    types.add(type);
    if (name === "") errors.push(required(path.child("name")));
    else if (names.has(name)) errors.push(duplicate(path.child("name"), name));
    else {
      const messages = dns1123Subdomain(name);
      if (messages.length > 0) {
        errors.push(invalidField(path.child("name"), name, `authorizer name is invalid: ${messages.join(", ")}`));
      }
    }
    names.add(name);
    if (type !== "Webhook") {
      const detail = "may only be specified when type=Webhook";
      if (webhook !== undefined) errors.push(invalidField(path.child("webhook"), "non-null", detail));
    } else if (webhook === undefined) errors.push(required(path.child("webhook"), "required when type=Webhook"));
    else errors.push(...validateWebhook(webhook, path));
  });
  return errors;
}

/** `path`: the authorizer's; upstream leaves `webhook` out of it. */
function validateWebhook(webhook: AuthorizationWebhookConfiguration, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { timeout, authorizedTTL, unauthorizedTTL } = webhook;
  if (timeout === 0) errors.push(required(path.child("timeout")));
  else if (timeout > 30_000 || timeout < 0) {
    errors.push(invalidField(path.child("timeout"), formatGoDuration(timeout), "must be > 0s and <= 30s"));
  }
  for (const [name, ttl] of [
    ["authorizedTTL", authorizedTTL],
    ["unauthorizedTTL", unauthorizedTTL],
  ] as const) {
    if (ttl < 0) errors.push(invalidField(path.child(name), formatGoDuration(ttl), "must be > 0s"));
  }
  errors.push(...oneOf(webhook.subjectAccessReviewVersion, ["v1", "v1beta1"], path.child("subjectAccessReviewVersion")));
  const versionPath = path.child("matchConditionSubjectAccessReviewVersion");
  const version = webhook.matchConditionSubjectAccessReviewVersion;
  if (version !== "") errors.push(...oneOf(version, ["v1"], versionPath));
  else if (webhook.matchConditions.length > 0) errors.push(required(versionPath, "required if match conditions are specified"));
  errors.push(...oneOf(webhook.failurePolicy, ["NoOpinion", "Deny"], path.child("failurePolicy")));
  errors.push(...validateConnection(webhook.connectionInfo, path.child("connectionInfo")));
  errors.push(...compileMatchConditions(webhook.matchConditions, path).errors);
  return errors;
}

function oneOf(value: string, known: readonly string[], path: FieldPath): FieldError[] {
  if (value === "") return [required(path)];
  return known.includes(value) ? [] : [notSupported(path, value, known)];
}

function validateConnection(info: AuthorizationWebhookConfiguration["connectionInfo"], path: FieldPath): FieldError[] {
  const { type, kubeConfigFile } = info;
  const file = path.child("kubeConfigFile");
  switch (type) {
    case "":
      return [required(path.child("type"))];
    case "InClusterConfig":
      return kubeConfigFile === undefined ? [] : [invalidField(file, kubeConfigFile, "can only be set when type=KubeConfigFile")];
    case "KubeConfigFile": {
      if (kubeConfigFile === undefined || kubeConfigFile === "") return [required(file)];
      if (!isAbsolute(kubeConfigFile)) return [invalidField(file, kubeConfigFile, "must be an absolute path")];
      const fault = fileFault(kubeConfigFile);
      return fault === undefined ? [] : [invalidField(file, kubeConfigFile, fault)];
    }
    default: {
      const shown = { Type: type, KubeConfigFile: kubeConfigFile ?? null };
      return [notSupported(path.child("type"), shown, ["InClusterConfig", "KubeConfigFile"])];
    }
  }
}

const fileProblems: Readonly<Record<string, string>> = { ENOENT: "no such file or directory", EACCES: "permission denied" };

function fileFault(path: string): string | undefined {
  try {
    return statSync(path).isFile() ? undefined : "must be a regular file";
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    return `error loading file: stat ${path}: ${fileProblems[code] ?? message}`;
  }
}

/** The conditions of a webhook, ready; `path`: the authorizer's. */
export function compileMatchConditions(
  conditions: AuthorizationWebhookConfiguration["matchConditions"],
  path: FieldPath,
): { readonly errors: readonly FieldError[]; readonly compiled: readonly CompiledExpression[] } {
  const errors: FieldError[] = [];
  const compiled: CompiledExpression[] = [];
  const root = path.child("matchConditions");
  if (conditions.length > maxConditions) return { errors: [tooMany(root, conditions.length, maxConditions)], compiled };
  const seen = new Set<string>();
  conditions.forEach(({ expression }, i) => {
    const at = root.index(i).child("expression");
    if (expression.trim() === "") return void errors.push(required(at));
    if (seen.has(expression)) return void errors.push(duplicate(at, expression));
    seen.add(expression);
    try {
      compiled.push(compileExpression(accessReviewScope, expression, "bool"));
    } catch (error) {
      if (!(error instanceof ExpressionFault)) throw error;
      errors.push(invalidField(at, expression, error.message));
    }
  });
  return { errors, compiled };
}

/**
 * What the API server asks of a configuration beside its own rules: each authorizer but the webhooks has the name of its type,
 * and those that must stay are there.
 */
export function authorizerNameFaults(config: AuthorizationConfiguration, mustStay: readonly string[]): string[] {
  const own = config.authorizers.filter((a) => a.type !== "Webhook");
  const faults = own
    .filter((a) => a.name !== a.type.toLowerCase())
    .map((a) => `expected name ${a.type.toLowerCase()} for authorizer ${a.type} instead of ${a.name}`);
  const missing = mustStay.filter((type) => !own.some((a) => a.type === type)).sort();
  return missing.length === 0 ? faults : [...faults, `missing required types: [${missing.join(" ")}]`];
}
