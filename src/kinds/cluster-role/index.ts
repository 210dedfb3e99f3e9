import type { ClusterRole } from "../../schema/types/rbac-v1.ts";
import { clusterroles } from "../../schema/types/rbac-v1.ts";
import { pathSegment } from "../formats.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { validateClusterRole, validateClusterRoleUpdate } from "./validation.ts";

export const clusterRoleKind: Kind = kind<ClusterRole>({
  ref: clusterroles,
  allowCreateOnUpdate: true,
  validateName: pathSegment,
  validateCreate: (role) => validateClusterRole(role),
  validateUpdate: validateClusterRoleUpdate,
});
