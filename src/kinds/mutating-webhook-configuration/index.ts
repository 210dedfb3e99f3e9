import type { MutatingWebhookConfiguration } from "../../schema/types/admissionregistration-v1.ts";
import { mutatingwebhookconfigurations } from "../../schema/types/admissionregistration-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { countsChangesOf } from "../update-rules.ts";
import { mutatingWebhookConfigurationCells } from "./columns.ts";
import { setMutatingWebhooksDefaults } from "./defaults.ts";
import { validateWebhooks } from "../admission-rules.ts";

export const mutatingWebhookConfigurationKind: Kind = kind<MutatingWebhookConfiguration>({
  ref: mutatingwebhookconfigurations,
  metadataOnUpdate: ["whole"],
  metadataRule: "generic",
  ...countsChangesOf<MutatingWebhookConfiguration>("webhooks"),
  setDefaults: setMutatingWebhooksDefaults,
  allowUnconditionalUpdate: false,
  validateCreate: (configuration) => validateWebhooks(configuration),
  validateUpdate: validateWebhooks,
  cells: mutatingWebhookConfigurationCells,
});
