import type { RuntimeClass } from "../../schema/types/node-v1.ts";
import { runtimeclasses } from "../../schema/types/node-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { runtimeClassCells } from "./columns.ts";
import { setRuntimeClassDefaults } from "./defaults.ts";
import { validateRuntimeClass, validateRuntimeClassUpdate } from "./validation.ts";

export const runtimeClassKind: Kind = kind<RuntimeClass>({
  ref: runtimeclasses,
  metadataRule: "generic",
  metadataOnUpdate: ["whole", "change"],
  setDefaults: setRuntimeClassDefaults,
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: false,
  validateCreate: validateRuntimeClass,
  validateUpdate: (runtime, old) => [...validateRuntimeClass(runtime), ...validateRuntimeClassUpdate(runtime, old)],
  cells: runtimeClassCells,
});
