import type { Role } from "../../schema/types/rbac-v1.ts";
import { roles } from "../../schema/types/rbac-v1.ts";
import { pathSegment } from "../formats.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { validateRole, validateRoleUpdate } from "./validation.ts";

export const roleKind: Kind = kind<Role>({
  ref: roles,
  allowCreateOnUpdate: true,
  validateName: pathSegment,
  validateCreate: validateRole,
  validateUpdate: validateRoleUpdate,
});
