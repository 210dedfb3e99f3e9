import type { APIService } from "../../schema/types/apiregistration-v1.ts";
import { apiservices } from "../../schema/types/apiregistration-v1.ts";
import { pathSegment } from "../formats.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { apiServiceCells } from "./columns.ts";
import { setApiServiceDefaults } from "./defaults.ts";
import { validateApiService, validateApiServiceStatus } from "./validation.ts";
import { apiServiceWrites } from "./writes.ts";

export const apiServiceKind: Kind = kind<APIService>({
  ref: apiservices,
  metadataOnUpdate: ["whole", "change"],
  metadataRule: "generic",
  setDefaults: setApiServiceDefaults,
  allowUnconditionalUpdate: false,
  validateName: pathSegment,
  ...apiServiceWrites,
  validateCreate: validateApiService,
  validateUpdate: validateApiService,
  validateStatusUpdate: validateApiServiceStatus,
  cells: apiServiceCells,
});
