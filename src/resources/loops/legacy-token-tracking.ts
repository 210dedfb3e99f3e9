/** Says since when this cluster notes on which day the everlasting tokens of service accounts are used (KEP-2799). */
import { hasReason } from "../../core/api-error.ts";
import { mutable } from "../../schema/object.ts";
import { type ConfigMap, configmaps } from "../../schema/types/core-v1.ts";
import type { ResourceDeps } from "../deps.ts";

const namespace = "kube-system";
const name = "kube-apiserver-legacy-service-account-token-tracking";

/** A day that is written down stays; what is no day is put right. */
export async function trackLegacyTokens(deps: ResourceDeps): Promise<void> {
  const at = deps.client().resource(configmaps, namespace);
  const since = new Date(deps.clock.now()).toISOString().slice(0, 10);
  const present = (await deps.objects("", "configmaps").get(namespace, name)) as ConfigMap | undefined;
  const written = present?.data?.["since"] ?? "";
  if (/^\d{4}-\d\d-\d\d$/.test(written) && !Number.isNaN(Date.parse(written))) return;
  try {
    if (present === undefined) await at.create({ metadata: { name, namespace }, data: { since } });
    else await at.update({ ...mutable(present), data: { ...present.data, since } });
  } catch (error) {
    // Another server was faster.
    if (!hasReason(error, "AlreadyExists", "Conflict", "NotFound")) throw error;
  }
}
