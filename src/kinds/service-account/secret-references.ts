import type { ServiceAccount } from "../../schema/types/core-v1.ts";

/** A service account names secrets of its own namespace only: everything but the name is dropped, in place. */
export function keepSecretNamesOnly(account: ServiceAccount): void {
  if (account.secrets) account.secrets = account.secrets.map(({ name }) => (name ? { name } : {}));
}
