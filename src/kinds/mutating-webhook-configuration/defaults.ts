import type { MutatingWebhookConfiguration } from "../../schema/types/admissionregistration-v1.ts";
import { setWebhookDefaults } from "../admission-webhook-defaults.ts";

/** Fills in the defaults of mutating webhooks, in place. */
export function setMutatingWebhooksDefaults(configuration: MutatingWebhookConfiguration): void {
  for (const webhook of configuration.webhooks ?? []) {
    setWebhookDefaults(webhook);
    webhook.reinvocationPolicy ??= "Never";
  }
}
