import type { ValidatingWebhookConfiguration } from "../../schema/types/admissionregistration-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function validatingWebhookConfigurationCells(configuration: ValidatingWebhookConfiguration, now: number): unknown[] {
  return [nameOf(configuration), configuration.webhooks?.length ?? 0, age(configuration, now)];
}
