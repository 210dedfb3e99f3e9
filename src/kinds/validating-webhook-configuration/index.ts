import type { ValidatingWebhookConfiguration } from "../../schema/types/admissionregistration-v1.ts";
import { validatingwebhookconfigurations } from "../../schema/types/admissionregistration-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { countsChangesOf } from "../update-rules.ts";
import { validatingWebhookConfigurationCells } from "./columns.ts";
import { setValidatingWebhooksDefaults } from "./defaults.ts";
import { validateWebhooks } from "../admission-rules.ts";

export const validatingWebhookConfigurationKind: Kind = kind<ValidatingWebhookConfiguration>({
  ref: validatingwebhookconfigurations,
  metadataOnUpdate: ["whole"],
  metadataRule: "generic",
  ...countsChangesOf<ValidatingWebhookConfiguration>("webhooks"),
  setDefaults: setValidatingWebhooksDefaults,
  allowUnconditionalUpdate: false,
  validateCreate: (configuration) => validateWebhooks(configuration),
  validateUpdate: validateWebhooks,
  cells: validatingWebhookConfigurationCells,
});
