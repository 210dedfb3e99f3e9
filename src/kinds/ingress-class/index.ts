import type { IngressClass } from "../../schema/types/networking-v1.ts";
import { ingressclasses } from "../../schema/types/networking-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { countsChangesOf } from "../update-rules.ts";
import { ingressClassCells } from "./columns.ts";
import { setIngressClassDefaults } from "./defaults.ts";
import { validateIngressClass, validateIngressClassUpdate } from "./validation.ts";

export const ingressClassKind: Kind = kind<IngressClass>({
  ref: ingressclasses,
  metadataOnUpdate: ["whole", "change"],
  ...countsChangesOf<IngressClass>("spec"),
  setDefaults: setIngressClassDefaults,
  validateCreate: validateIngressClass,
  validateUpdate: validateIngressClassUpdate,
  cells: ingressClassCells,
});
