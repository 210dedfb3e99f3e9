import type { ServiceAccount } from "../../schema/types/core-v1.ts";
import { serviceaccounts } from "../../schema/types/core-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { keepSecretNamesOnly } from "./secret-references.ts";

export const serviceAccountKind: Kind = kind<ServiceAccount>({
  ref: serviceaccounts,
  prepareForCreate: keepSecretNamesOnly,
  prepareForUpdate: keepSecretNamesOnly,
});
