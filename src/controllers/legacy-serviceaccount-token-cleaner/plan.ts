/** Which token secrets nobody has used for long, and what becomes of them. Pure. */
import type { Pod, Secret, ServiceAccount } from "../../schema/types/core-v1.ts";

/** `YYYY-MM-DD`, written by the API server when a token of the Secret is used. */
export const lastUsedLabel = "kubernetes.io/legacy-token-last-used";
/** `YYYY-MM-DD`, written by this controller: the token no longer lets anybody in. */
export const invalidSinceLabel = "kubernetes.io/legacy-token-invalid-since";

const dayPattern = /^\d{4}-\d\d-\d\d$/;

/** `YYYY-MM-DD` in UTC. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function isDay(text: string | undefined): text is string {
  return text !== undefined && dayPattern.test(text) && !Number.isNaN(Date.parse(text));
}

/** The first moment that is known to be tracked: the day after the one that is written down. Undefined when that is no day. */
export function trackedSince(text: string | undefined): number | undefined {
  return isDay(text) ? Date.parse(text) + 24 * 3_600_000 : undefined;
}

/** `invalidate`: the token counts no more from today on; `delete`: it has not counted for long. */
export type Fate = "keep" | "invalidate" | "delete";

/**
 * `keepFrom`: what was made or used at this moment or later stays. `account`: the one that the secret names, if it is there.
 * `mounted`: a pod names the secret.
 */
export function fateOf(secret: Secret, account: ServiceAccount | undefined, mounted: boolean, keepFrom: number): Fate {
  const { metadata } = secret;
  if (secret.type !== "kubernetes.io/service-account-token" || metadata?.deletionTimestamp !== undefined) return "keep";
  if (!(Date.parse(metadata?.creationTimestamp ?? "") < keepFrom)) return "keep";
  const day = dayOf(keepFrom);
  const used = metadata?.labels?.[lastUsedLabel];
  if (used !== undefined && (!isDay(used) || used >= day)) return "keep";
  // Only those that were made for an account by the cluster itself.
  if (account?.secrets?.some((s) => s.name === metadata?.name) !== true || mounted) return "keep";
  const invalid = metadata?.labels?.[invalidSinceLabel];
  if (!isDay(invalid)) return "invalidate";
  return invalid >= day ? "keep" : "delete";
}

/** The secrets that a pod names anywhere. */
export function secretNamesOf({ spec }: Pod): Set<string> {
  const names = new Set<string>();
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) visit(item);
    else if (typeof value === "object" && value !== null) {
      for (const [key, item] of Object.entries(value)) {
        const named = item as { name?: unknown; secretName?: unknown } | null;
        if ((key === "secretRef" || key === "secretKeyRef") && typeof named?.name === "string") names.add(named.name);
        if (key.endsWith("SecretRef") && typeof named?.name === "string") names.add(named.name);
        if (key === "secret" && typeof named === "object") {
          for (const name of [named?.name, named?.secretName]) if (typeof name === "string") names.add(name);
        }
        if (key === "secretName" && typeof item === "string") names.add(item);
        visit(item);
      }
    }
  };
  for (const { name } of spec?.imagePullSecrets ?? []) if (name) names.add(name);
  visit(spec?.containers);
  visit(spec?.initContainers);
  visit(spec?.ephemeralContainers);
  visit(spec?.volumes);
  return names;
}
