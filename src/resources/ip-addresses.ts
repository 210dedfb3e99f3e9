/** An IPAddress is named by the address itself, in its canonical form (KEP-1880). */
import { validateIp } from "../kinds/addresses.ts";
import { rootPath, type FieldError } from "../schema/field-error.ts";
import type { Special } from "./special.ts";

function nameMessages(name: string): string[] {
  const errors: FieldError[] = [];
  validateIp(name, rootPath, errors);
  return errors.map((e) => e.body.replace(`Invalid value: ${JSON.stringify(name)}: `, ""));
}

export const ipAddresses: Special = {
  kind: (kind) => (kind === undefined ? undefined : { ...kind, validateName: nameMessages }),
};
