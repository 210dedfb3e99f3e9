import type { Secret } from "../../schema/types/core-v1.ts";
import { secrets } from "../../schema/types/core-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { secretCells } from "./columns.ts";
import { setSecretDefaults } from "./defaults.ts";
import { validateSecret, validateSecretUpdate } from "./validation.ts";
import { secretWarnings } from "./warnings.ts";

export const secretKind: Kind = kind<Secret>({
  ref: secrets,
  setDefaults: setSecretDefaults,
  prepareForUpdate(secret, old) {
    if (!secret.type && old.type) secret.type = old.type;
  },
  selectableFieldNames: ["type"],
  selectableFields: (secret) => ({ type: secret.type ?? "" }),
  validateCreate: validateSecret,
  validateUpdate: validateSecretUpdate,
  warnings: secretWarnings,
  cells: secretCells,
});
