import type { ClusterRoleBinding } from "../../schema/types/rbac-v1.ts";
import { clusterrolebindings } from "../../schema/types/rbac-v1.ts";
import { pathSegment } from "../formats.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { setRoleBindingDefaults } from "../role-binding/defaults.ts";
import { validateClusterRoleBinding, validateClusterRoleBindingUpdate } from "../role-binding/validation.ts";
import { clusterRoleBindingCells } from "./columns.ts";

export const clusterRoleBindingKind: Kind = kind<ClusterRoleBinding>({
  ref: clusterrolebindings,
  metadataOnUpdate: [],
  setDefaults: setRoleBindingDefaults,
  allowCreateOnUpdate: true,
  validateName: pathSegment,
  validateCreate: validateClusterRoleBinding,
  validateUpdate: validateClusterRoleBindingUpdate,
  cells: clusterRoleBindingCells,
});
