import type { Service } from "../../schema/types/core-v1.ts";
import { services } from "../../schema/types/core-v1.ts";
import { nameIsDnsLabel } from "../formats.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { serviceCells } from "./columns.ts";
import { setServiceDefaults } from "./defaults.ts";
import { validateServiceUpdate, validateServiceStatusUpdate } from "./validation-update.ts";
import { validateService } from "./validation.ts";
import { serviceWarnings } from "./warnings.ts";
import { serviceWrites } from "./writes.ts";

export const serviceKind: Kind = kind<Service>({
  ref: services,
  setDefaults: setServiceDefaults,
  allowCreateOnUpdate: true,
  validateName: nameIsDnsLabel,
  ...serviceWrites,
  selectableFieldNames: ["spec.clusterIP", "spec.type"],
  selectableFields: (service) => ({ "spec.clusterIP": service.spec?.clusterIP ?? "", "spec.type": service.spec?.type ?? "" }),
  validateCreate: (service) => validateService(service),
  validateUpdate: validateServiceUpdate,
  validateStatusUpdate: validateServiceStatusUpdate,
  warnings: serviceWarnings,
  cells: serviceCells,
});
