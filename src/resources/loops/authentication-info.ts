/**
 * Tells extension servers whom this server's client certificates are signed by: the config map that they and webhooks read
 * through the role `extension-apiserver-authentication-reader`.
 */
import { hasReason } from "../../core/api-error.ts";
import { mutable } from "../../schema/object.ts";
import { type ConfigMap, configmaps } from "../../schema/types/core-v1.ts";
import { splitBundle } from "../../host/pki.ts";
import type { ResourceDeps } from "../deps.ts";
import type { AuthenticationInfo } from "./options.ts";

const namespace = "kube-system";
const name = "extension-apiserver-authentication";

/** Adds the certificates that `known` does not hold yet. */
function withCertificates(known: string, bundle: string): string {
  const bare = (pem: string): string => pem.replace(/\s/g, "");
  const held = bare(known);
  const missing = splitBundle(bundle).filter((pem) => !held.includes(bare(pem)));
  if (missing.length === 0) return known;
  return `${known === "" ? "" : `${known.trimEnd()}\n`}${missing.join("\n")}\n`;
}

/** The list of a key with what this server adds to it, as JSON. */
function withNames(known: string | undefined, names: readonly string[]): string {
  const held = known === undefined || known === "" ? [] : (JSON.parse(known) as string[]);
  return JSON.stringify([...held, ...names.filter((n) => !held.includes(n))]);
}

function wanted(present: Readonly<Record<string, string>>, info: AuthenticationInfo): Record<string, string> {
  const data: Record<string, string> = { ...present };
  data["client-ca-file"] = withCertificates(present["client-ca-file"] ?? "", info.clientAuthorities());
  const { proxy } = info;
  if (proxy === undefined) return data;
  data["requestheader-client-ca-file"] = withCertificates(present["requestheader-client-ca-file"] ?? "", proxy.authorities());
  for (const [key, names] of [
    ["requestheader-allowed-names", proxy.allowedNames],
    ["requestheader-username-headers", proxy.usernameHeaders],
    ["requestheader-uid-headers", proxy.uidHeaders],
    ["requestheader-group-headers", proxy.groupHeaders],
    ["requestheader-extra-headers-prefix", proxy.extraHeaderPrefixes],
  ] as const) {
    data[key] = withNames(present[key], names);
  }
  return data;
}

/** What others have written into the map stays; authorities of other servers do too. */
export async function publishAuthenticationInfo(deps: ResourceDeps, info: AuthenticationInfo): Promise<void> {
  const at = deps.client().resource(configmaps, namespace);
  for (;;) {
    try {
      const present = (await deps.objects("", "configmaps").get(namespace, name)) as ConfigMap | undefined;
      const data = wanted(present?.data ?? {}, info);
      if (present === undefined) await at.create({ metadata: { name, namespace }, data });
      else if (Object.entries(data).some(([key, value]) => present.data?.[key] !== value)) await at.update({ ...mutable(present), data });
      return;
    } catch (error) {
      // Another server was faster: look again.
      if (!hasReason(error, "Conflict", "AlreadyExists")) throw error;
    }
  }
}
