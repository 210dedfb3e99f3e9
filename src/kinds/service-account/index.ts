import type { ServiceAccount } from "../../schema/types/core-v1.ts";
import { serviceaccounts } from "../../schema/types/core-v1.ts";
import { nameAndAgeCells } from "../cell-text.ts";
import { nameIsDnsSubdomain } from "../formats.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { validateObjectMeta } from "../object-meta.ts";
import { keepSecretNamesOnly } from "./secret-references.ts";
import { serviceAccountWarnings } from "./warnings.ts";

export const serviceAccountKind: Kind = kind<ServiceAccount>({
  ref: serviceaccounts,
  prepareForCreate: keepSecretNamesOnly,
  prepareForUpdate: keepSecretNamesOnly,
  validateUpdate: (account) => validateObjectMeta(account.metadata, true, nameIsDnsSubdomain),
  warnings: serviceAccountWarnings,
  cells: nameAndAgeCells,
});
