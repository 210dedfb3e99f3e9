import type { Role } from "../../schema/types/rbac-v1.ts";
import { roles } from "../../schema/types/rbac-v1.ts";
import { pathSegment } from "../formats.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";

export const roleKind: Kind = kind<Role>({
  ref: roles,
  allowCreateOnUpdate: true,
  validateName: pathSegment,
});
