/**
 * Reading kubeconfig files as kubectl does: `KUBECONFIG` may name several, the first that says something wins; relative
 * paths are relative to their file. Writing is in `kubeconfig-file.ts`.
 */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, isAbsolute, join, resolve } from "node:path";
import { parseYaml } from "../lang/yaml.ts";
import type { ClientConfig, ExecPlugin } from "./config.ts";

export interface NamedCluster {
  name: string;
  cluster: {
    server?: string;
    "certificate-authority"?: string;
    "certificate-authority-data"?: string;
    "insecure-skip-tls-verify"?: boolean;
    "tls-server-name"?: string;
    [other: string]: unknown;
  };
}

export interface NamedUser {
  name: string;
  user: {
    "client-certificate"?: string;
    "client-certificate-data"?: string;
    "client-key"?: string;
    "client-key-data"?: string;
    token?: string;
    tokenFile?: string;
    username?: string;
    password?: string;
    as?: string;
    "as-uid"?: string;
    "as-groups"?: string[];
    "as-user-extra"?: Record<string, string[]>;
    exec?: ExecPlugin;
    [other: string]: unknown;
  };
}

export interface NamedContext {
  name: string;
  context: { cluster?: string; user?: string; namespace?: string; [other: string]: unknown };
}

/** The file's shape; fields that are not named here are kept. */
export interface Kubeconfig {
  apiVersion?: string;
  kind?: string;
  clusters?: NamedCluster[];
  users?: NamedUser[];
  contexts?: NamedContext[];
  "current-context"?: string;
  [other: string]: unknown;
}

/** A client configuration and the namespace that the context names (`default` when it names none). */
export interface ResolvedConfig {
  readonly config: ClientConfig;
  readonly namespace: string;
  readonly context: string;
}

/** The files that are read, in order of precedence: `explicit`, else `KUBECONFIG`, else `~/.kube/config`. */
export function kubeconfigPaths(explicit?: string, env: NodeJS.ProcessEnv = process.env): string[] {
  if (explicit !== undefined && explicit !== "") return [explicit];
  const listed = (env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  return listed.length > 0 ? [...new Set(listed)] : [join(homedir(), ".kube", "config")];
}

/** Parses one file's text. Throws an Error that names `path`. */
export function parseKubeconfig(text: string, path: string): Kubeconfig {
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (error) {
    throw new Error(`error loading config file ${JSON.stringify(path)}: ${(error as Error).message}`);
  }
  if (value === null || value === undefined) return {};
  if (typeof value !== "object" || Array.isArray(value))
    throw new Error(`error loading config file ${JSON.stringify(path)}: not a kubeconfig`);
  return value as Kubeconfig;
}

/** Merges files: of entries with one name, and of `current-context`, the first counts. */
export function mergeKubeconfigs(files: readonly Kubeconfig[]): Kubeconfig {
  const merged: Kubeconfig = { apiVersion: "v1", kind: "Config", clusters: [], users: [], contexts: [] };
  for (const file of files) {
    merged.clusters = union(merged.clusters, file.clusters);
    merged.users = union(merged.users, file.users);
    merged.contexts = union(merged.contexts, file.contexts);
    merged["current-context"] ||= file["current-context"] ?? "";
  }
  return merged;
}

function union<E extends { name: string }>(first: E[] | undefined, second: E[] | null | undefined): E[] {
  const names = new Set((first ?? []).map((entry) => entry.name));
  return [...(first ?? []), ...(second ?? []).filter((entry) => !names.has(entry.name))];
}

/** Reads and merges. Missing files are passed over unless the one file that was asked for is missing. */
export async function loadKubeconfig(explicit?: string, env: NodeJS.ProcessEnv = process.env): Promise<Kubeconfig> {
  const files: Kubeconfig[] = [];
  for (const path of kubeconfigPaths(explicit, env)) {
    let text: string;
    try {
      text = await readFile(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT" && explicit === undefined) continue;
      throw error;
    }
    files.push(withAbsolutePaths(parseKubeconfig(text, path), dirname(resolve(path))));
  }
  return mergeKubeconfigs(files);
}

const clusterPaths = ["certificate-authority"] as const;
const userPaths = ["client-certificate", "client-key", "tokenFile"] as const;

/** Makes paths that are relative to the file's folder absolute, in place. */
export function withAbsolutePaths(file: Kubeconfig, directory: string): Kubeconfig {
  const absolute = <E extends object>(entry: E, fields: readonly (keyof E)[]): void => {
    for (const field of fields) {
      const value = entry[field];
      if (typeof value === "string" && value !== "" && !isAbsolute(value)) entry[field] = join(directory, value) as E[keyof E];
    }
  };
  for (const { cluster } of file.clusters ?? []) absolute(cluster ?? {}, clusterPaths);
  for (const { user } of file.users ?? []) {
    absolute(user ?? {}, userPaths);
    // A command with a slash in it is a path, as in a shell.
    const command = user?.exec?.command;
    if (command?.includes("/") === true && !isAbsolute(command))
      user.exec = { ...user.exec, command: join(directory, command) } as ExecPlugin;
  }
  return file;
}

/** What `context` (the current one when absent) means. Throws an Error with kubectl's words when something is missing. */
export async function resolveContext(kubeconfig: Kubeconfig, context?: string): Promise<ResolvedConfig> {
  const name = context ?? kubeconfig["current-context"] ?? "";
  const entry = kubeconfig.contexts?.find((c) => c.name === name)?.context;
  if (entry === undefined) {
    throw new Error(name === "" ? "no current context is set, and none was named" : `context ${JSON.stringify(name)} does not exist`);
  }
  const cluster = kubeconfig.clusters?.find((c) => c.name === entry.cluster)?.cluster;
  if (cluster === undefined) throw new Error(`cluster ${JSON.stringify(entry.cluster ?? "")} does not exist`);
  const user = kubeconfig.users?.find((u) => u.name === entry.user)?.user;
  if (user === undefined && entry.user) throw new Error(`auth info ${JSON.stringify(entry.user)} does not exist`);
  if (!cluster.server) throw new Error(`cluster ${JSON.stringify(entry.cluster)} has no server`);
  const config: ClientConfig = {
    server: cluster.server,
    tlsServerName: cluster["tls-server-name"],
    insecureSkipTlsVerify: cluster["insecure-skip-tls-verify"],
    certificateAuthority: await pem(cluster["certificate-authority-data"], cluster["certificate-authority"]),
    ...(user === undefined ? {} : await userConfig(user)),
  };
  return { config, namespace: entry.namespace || "default", context: name };
}

/** The credentials of a user entry; files are read. */
export async function userConfig(user: NamedUser["user"]): Promise<Omit<ClientConfig, "server">> {
  return {
    clientCertificate: await pem(user["client-certificate-data"], user["client-certificate"]),
    clientKey: await pem(user["client-key-data"], user["client-key"]),
    token: user.token,
    tokenFile: user.tokenFile,
    username: user.username,
    password: user.password,
    exec: user.exec,
    ...(user.as ? { impersonate: { user: user.as, uid: user["as-uid"], groups: user["as-groups"], extra: user["as-user-extra"] } } : {}),
  };
}

/** Inline data goes before the file. */
async function pem(data: string | undefined, path: string | undefined): Promise<string | undefined> {
  if (data) return Buffer.from(data, "base64").toString("utf8");
  return path ? await readFile(path, "utf8") : undefined;
}

const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

/** What a pod has: the service's address from the environment, and the token, CA and namespace that are mounted. */
export async function inClusterConfig(env: NodeJS.ProcessEnv = process.env, directory: string = serviceAccount): Promise<ResolvedConfig> {
  const host = env["KUBERNETES_SERVICE_HOST"];
  const port = env["KUBERNETES_SERVICE_PORT"];
  if (!host || !port) {
    throw new Error("unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined");
  }
  const config: ClientConfig = {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    certificateAuthority: await readFile(join(directory, "ca.crt"), "utf8"),
    tokenFile: join(directory, "token"),
  };
  return { config, namespace: (await readFile(join(directory, "namespace"), "utf8")).trim(), context: "in-cluster" };
}
