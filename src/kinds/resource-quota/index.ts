import type { ResourceQuota } from "../../schema/types/core-v1.ts";
import { resourcequotas } from "../../schema/types/core-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { specAndStatus } from "../update-rules.ts";
import { resourceQuotaCells } from "./columns.ts";
import { setResourceQuotaDefaults } from "./defaults.ts";
import { validateResourceQuota, validateResourceQuotaUpdate, validateResourceQuotaStatus, resourceQuotaWarnings } from "./validation.ts";

export const resourceQuotaKind: Kind = kind<ResourceQuota>({
  ref: resourcequotas,
  ...specAndStatus<ResourceQuota>(),
  setDefaults: setResourceQuotaDefaults,
  validateCreate: validateResourceQuota,
  validateUpdate: validateResourceQuotaUpdate,
  validateStatusUpdate: validateResourceQuotaStatus,
  warnings: resourceQuotaWarnings,
  cells: resourceQuotaCells,
});
