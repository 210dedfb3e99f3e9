import type { ComponentStatus } from "../../schema/types/core-v1.ts";
import { componentstatuses } from "../../schema/types/core-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";

export const componentStatusKind: Kind = kind<ComponentStatus>({
  ref: componentstatuses,
});
