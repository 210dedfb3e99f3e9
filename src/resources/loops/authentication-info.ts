/**
 * Tells extension servers whom this server's client certificates are signed by: the config map that they and webhooks read
 * through the role `extension-apiserver-authentication-reader`.
 */
import { hasReason } from "../../core/api-error.ts";
import { mutable } from "../../schema/object.ts";
import { type ConfigMap, configmaps } from "../../schema/types/core-v1.ts";
import type { ResourceDeps } from "../deps.ts";

const namespace = "kube-system";
const name = "extension-apiserver-authentication";

/** `clientCa`: PEM. What others have written into the map stays; authorities of other servers do too. */
export async function publishAuthenticationInfo(deps: ResourceDeps, clientCa: string): Promise<void> {
  const at = deps.client().resource(configmaps, namespace);
  for (;;) {
    try {
      const present = (await deps.objects("", "configmaps").get(namespace, name)) as ConfigMap | undefined;
      if (present === undefined) {
        await at.create({ metadata: { name, namespace }, data: { "client-ca-file": clientCa } });
        return;
      }
      const known = present.data?.["client-ca-file"] ?? "";
      if (known.includes(clientCa.trim())) return;
      const bundle = known === "" ? clientCa : `${known.trimEnd()}\n${clientCa}`;
      await at.update({ ...mutable(present), data: { ...present.data, "client-ca-file": bundle } });
      return;
    } catch (error) {
      // Another server was faster: look again.
      if (!hasReason(error, "Conflict", "AlreadyExists")) throw error;
    }
  }
}
