import type { Endpoints } from "../../schema/types/core-v1.ts";
import { endpoints } from "../../schema/types/core-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { endpointsCells } from "./columns.ts";
import { setEndpointsDefaults } from "./defaults.ts";
import { validateEndpoints, validateEndpointsUpdate, endpointsWarnings } from "./validation.ts";

export const endpointsKind: Kind = kind<Endpoints>({
  ref: endpoints,
  setDefaults: setEndpointsDefaults,
  allowCreateOnUpdate: true,
  validateCreate: validateEndpoints,
  validateUpdate: validateEndpointsUpdate,
  warnings: endpointsWarnings,
  cells: endpointsCells,
});
