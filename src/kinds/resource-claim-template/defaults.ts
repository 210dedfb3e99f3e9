import type { ResourceClaimTemplate } from "../../schema/types/resource-v1.ts";
import { setResourceClaimSpecDefaults } from "../resource-claim/defaults.ts";

/** Fills in a claim template's defaults, in place. */
export function setResourceClaimTemplateDefaults(template: ResourceClaimTemplate): void {
  setResourceClaimSpecDefaults(template.spec?.spec);
}
