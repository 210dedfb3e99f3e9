import type { ValidatingWebhookConfiguration } from "../../schema/types/admissionregistration-v1.ts";
import { setWebhookDefaults } from "../admission-webhook-defaults.ts";

/** Fills in the defaults of validating webhooks, in place. */
export function setValidatingWebhooksDefaults(configuration: ValidatingWebhookConfiguration): void {
  for (const webhook of configuration.webhooks ?? []) setWebhookDefaults(webhook);
}
