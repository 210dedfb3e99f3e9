import type { ConfigMap } from "../../schema/types/core-v1.ts";
import { configmaps } from "../../schema/types/core-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { configMapCells } from "./columns.ts";
import { validateConfigMap, validateConfigMapUpdate } from "./validation.ts";

export const configMapKind: Kind = kind<ConfigMap>({
  ref: configmaps,
  validateCreate: validateConfigMap,
  validateUpdate: validateConfigMapUpdate,
  cells: configMapCells,
});
