import type { CustomResourceDefinition } from "../../schema/types/apiextensions-v1.ts";
import { customresourcedefinitions } from "../../schema/types/apiextensions-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { setCrdDefaults } from "./defaults.ts";
import { validateCrd, validateCrdUpdate, validateCrdStatus, crdWarnings } from "./validation.ts";
import { crdWrites } from "./writes.ts";

export const customResourceDefinitionKind: Kind = kind<CustomResourceDefinition>({
  ref: customresourcedefinitions,
  // The cleanup finalizer has no path.
  metadataRule: "generic",
  setDefaults: setCrdDefaults,
  generation: true,
  allowUnconditionalUpdate: false,
  ...crdWrites,
  validateCreate: validateCrd,
  validateUpdate: validateCrdUpdate,
  validateStatusUpdate: validateCrdStatus,
  warnings: crdWarnings,
});
