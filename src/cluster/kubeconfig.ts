/** The cluster's context in kubeconfig files. */
import { join, resolve } from "node:path";
import { stringifyYaml } from "../lang/yaml.ts";
import { kubeconfigPaths } from "../client/kubeconfig.ts";
import { type ContextEntry, mergeContext } from "../client/kubeconfig-file.ts";
import type { CertificateAndKey } from "../host/pki.ts";
import type { ClusterConfig } from "./options.ts";
import type { ClusterPki } from "./pki.ts";
import { ClusterError, writeFileWhole } from "./state.ts";

export function contextName(cluster: string): string {
  return `tsukube-${cluster}`;
}

function entryFor(options: { name: string; server: string; ca: string; user: string; credentials: CertificateAndKey }): ContextEntry {
  const base64 = (pem: string): string => Buffer.from(pem).toString("base64");
  return {
    context: { name: options.name, context: { cluster: options.name, user: options.user } },
    cluster: { name: options.name, cluster: { server: options.server, "certificate-authority-data": base64(options.ca) } },
    user: {
      name: options.user,
      user: { "client-certificate-data": base64(options.credentials.certificate), "client-key-data": base64(options.credentials.key) },
    },
  };
}

/** A file of its own with this one context. */
export function writeOwnKubeconfig(
  file: string,
  options: { name: string; server: string; ca: string; user: string; credentials: CertificateAndKey },
): void {
  const e = entryFor(options);
  writeFileWhole(
    file,
    stringifyYaml({
      apiVersion: "v1",
      kind: "Config",
      clusters: [e.cluster],
      users: [e.user],
      contexts: [e.context],
      "current-context": e.context.name,
    }),
  );
}

/** The system's word without the path that the sentence names already. */
function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === "EACCES" || code === "EPERM"
    ? "permission denied"
    : code === "EROFS"
      ? "its file system is read-only"
      : code === "ENOSPC"
        ? "its disk is full"
        : code === "EISDIR"
          ? "it is a directory"
          : code === "ENOTDIR" || code === "EEXIST"
            ? "a file is where its directory must be"
            : code === "ENOENT"
              ? "its directory cannot be made"
              : message;
}

/**
 * The cluster's own file, and the context in the user's kubeconfig (or in `explicit`). Resolves with the files that hold
 * the context now.
 */
export async function publishKubeconfig(
  config: ClusterConfig,
  pki: ClusterPki,
  url: string,
  explicit: string | undefined,
): Promise<string[]> {
  const options = {
    name: contextName(config.name),
    server: url,
    ca: pki.ca.certificate,
    user: contextName(config.name),
    credentials: pki.admin,
  };
  writeOwnKubeconfig(join(config.dataDir, "kubeconfig"), options);
  const target = explicit ?? kubeconfigPaths()[0];
  if (target === undefined) return [];
  try {
    await mergeContext(target, entryFor(options));
  } catch (error) {
    throw new ClusterError(
      `${explicit === undefined ? "the kubeconfig" : "--kubeconfig:"} ${target} cannot be changed (${reason(error)}); mend it, or give another file with --kubeconfig`,
    );
  }
  return [resolve(target)];
}
