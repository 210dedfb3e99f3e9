import type { ResourceClaimTemplate } from "../../schema/types/resource-v1.ts";
import { resourceclaimtemplates } from "../../schema/types/resource-v1.ts";
import { nameAndAgeCells } from "../cell-text.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { setResourceClaimTemplateDefaults } from "./defaults.ts";
import { validateResourceClaimTemplate, validateResourceClaimTemplateUpdate } from "./validation.ts";

export const resourceClaimTemplateKind: Kind = kind<ResourceClaimTemplate>({
  ref: resourceclaimtemplates,
  metadataOnUpdate: ["whole", "change"],
  setDefaults: setResourceClaimTemplateDefaults,
  validateCreate: validateResourceClaimTemplate,
  validateUpdate: validateResourceClaimTemplateUpdate,
  cells: nameAndAgeCells,
});
