import type { ServiceAccount } from "../../schema/types/core-v1.ts";

/** Only secrets that the account lists may be mounted by its pods. */
export const enforceMountableSecrets = "kubernetes.io/enforce-mountable-secrets";

export function serviceAccountWarnings(account: ServiceAccount, old: ServiceAccount | undefined): string[] {
  const has = (a: ServiceAccount | undefined): boolean =>
    a?.metadata?.annotations !== undefined && enforceMountableSecrets in a.metadata.annotations;
  if (has(old) || !has(account)) return [];
  return [
    `metadata.annotations[${enforceMountableSecrets}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
  ];
}
