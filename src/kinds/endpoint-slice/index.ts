import type { EndpointSlice } from "../../schema/types/discovery-v1.ts";
import { endpointslices } from "../../schema/types/discovery-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { endpointSliceCells } from "./columns.ts";
import { setEndpointSliceDefaults } from "./defaults.ts";
import { validateEndpointSlice, validateEndpointSliceUpdate, endpointSliceWarnings } from "./validation.ts";
import { endpointSliceWrites } from "./writes.ts";

export const endpointSliceKind: Kind = kind<EndpointSlice>({
  ref: endpointslices,
  metadataOnUpdate: ["whole"],
  setDefaults: setEndpointSliceDefaults,
  generation: true,
  ...endpointSliceWrites,
  validateCreate: (slice) => validateEndpointSlice(slice),
  validateUpdate: validateEndpointSliceUpdate,
  warnings: endpointSliceWarnings,
  cells: endpointSliceCells,
});
