import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { forbiddenField, invalidField, notSupported, required } from "../../schema/field-error.ts";
import { dns1035Label } from "../../core/names.ts";
import type { CustomResourceConversion } from "../../schema/types/apiextensions-v1.ts";
import { caBundleError, validateWebhookService, validateWebhookUrl } from "../webhook-client.ts";
import type { CrdOptions } from "./options.ts";
import { knownReviewVersions } from "./options.ts";

export function validateConversion(
  conversion: CustomResourceConversion | undefined,
  path: FieldPath,
  options: CrdOptions,
  errors: FieldError[],
): void {
  if (conversion === undefined) return;
  const { strategy, webhook } = conversion;
  const at = path.child("strategy");
  if (!strategy) errors.push(required(at));
  else if (strategy !== "None" && strategy !== "Webhook") errors.push(notSupported(at, strategy, ["None", "Webhook"]));
  const client = path.child("webhookClientConfig");
  const versions = webhook?.conversionReviewVersions ?? [];
  if (strategy === "Webhook") {
    validateClient(webhook?.clientConfig, client, options, errors);
    validateReviewVersions(versions, path.child("conversionReviewVersions"), options, errors);
    return;
  }
  const why = "should not be set when strategy is not set to Webhook";
  if (webhook?.clientConfig !== undefined) errors.push(forbiddenField(client, why));
  if (versions.length > 0) errors.push(forbiddenField(path.child("conversionReviewVersions"), why));
}

type ClientConfig = NonNullable<NonNullable<CustomResourceConversion["webhook"]>["clientConfig"]>;

function validateClient(config: ClientConfig | undefined, path: FieldPath, options: CrdOptions, errors: FieldError[]): void {
  if (config === undefined) {
    errors.push(required(path, "required when strategy is set to Webhook"));
    return;
  }
  const { url, service, caBundle = "" } = config;
  if ((url === undefined) === (service === undefined)) errors.push(required(path, "exactly one of url or service is required"));
  else if (url !== undefined) validateWebhookUrl(url, path.child("url"), errors);
  // Upstream swaps the two names, so a missing one is reported as the other.
  else if (service) validateWebhookService({ ...service, name: service.namespace, namespace: service.name }, path.child("service"), errors);
  if (caBundle === "" || options.allowInvalidCaBundle) return;
  const fault = caBundleError(caBundle);
  if (fault !== undefined) errors.push(invalidField(path.child("caBundle"), caBundle, fault));
}

function validateReviewVersions(versions: readonly string[], path: FieldPath, options: CrdOptions, errors: FieldError[]): void {
  if (versions.length === 0) {
    errors.push(required(path));
    return;
  }
  for (const [i, version] of versions.entries()) {
    if (versions.indexOf(version) < i) {
      errors.push(invalidField(path.index(i), version, "duplicate version"));
      continue;
    }
    for (const message of dns1035Label(version)) errors.push(invalidField(path.index(i), version, message));
  }
  if (options.requireRecognizedReviewVersion && !versions.some((v) => knownReviewVersions.includes(v))) {
    errors.push(invalidField(path, versions, `must include at least one of ${knownReviewVersions.join(", ")}`));
  }
}
