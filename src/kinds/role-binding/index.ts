import type { RoleBinding } from "../../schema/types/rbac-v1.ts";
import { rolebindings } from "../../schema/types/rbac-v1.ts";
import { pathSegment } from "../formats.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { roleBindingCells } from "./columns.ts";
import { setRoleBindingDefaults } from "./defaults.ts";
import { validateRoleBinding, validateRoleBindingUpdate } from "./validation.ts";

export const roleBindingKind: Kind = kind<RoleBinding>({
  ref: rolebindings,
  metadataOnUpdate: [],
  setDefaults: setRoleBindingDefaults,
  allowCreateOnUpdate: true,
  validateName: pathSegment,
  validateCreate: validateRoleBinding,
  validateUpdate: validateRoleBindingUpdate,
  cells: roleBindingCells,
});
