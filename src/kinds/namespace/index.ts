import type { Namespace } from "../../schema/types/core-v1.ts";
import { namespaces } from "../../schema/types/core-v1.ts";
import { nameIsDnsLabel } from "../formats.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { namespaceCells } from "./columns.ts";
import { setNamespaceDefaults } from "./defaults.ts";
import { validateNamespace, validateNamespaceStatus, validateNamespaceUpdate } from "./validation.ts";
import { namespaceWrites } from "./writes.ts";

export const namespaceKind: Kind = kind<Namespace>({
  ref: namespaces,
  setDefaults: setNamespaceDefaults,
  validateName: nameIsDnsLabel,
  ...namespaceWrites,
  validateCreate: validateNamespace,
  validateUpdate: validateNamespaceUpdate,
  validateStatusUpdate: validateNamespaceStatus,
  selectableFieldNames: ["name", "status.phase"],
  selectableFields: (namespace) => ({ name: namespace.metadata?.name ?? "", "status.phase": namespace.status?.phase ?? "" }),
  cells: namespaceCells,
});
