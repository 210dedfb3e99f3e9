import type { Ingress } from "../../schema/types/networking-v1.ts";
import { ingresses } from "../../schema/types/networking-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { specAndStatus } from "../update-rules.ts";
import { ingressCells } from "./columns.ts";
import { validateIngress, validateIngressUpdate, validateIngressStatus, ingressWarnings } from "./validation.ts";

export const ingressKind: Kind = kind<Ingress>({
  ref: ingresses,
  metadataOnUpdate: ["whole", "change"],
  ...specAndStatus<Ingress>({ generation: true, emptyStatus: () => ({ loadBalancer: {} }) }),
  validateCreate: validateIngress,
  validateUpdate: validateIngressUpdate,
  validateStatusUpdate: validateIngressStatus,
  warnings: ingressWarnings,
  cells: ingressCells,
});
