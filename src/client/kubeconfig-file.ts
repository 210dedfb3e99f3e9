/**
 * Changing a kubeconfig file: under the lock file that kubectl uses too, written beside it, synced, and renamed into place,
 * so that no reader ever sees half of it.
 */
import { open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { makeDirectories } from "../host/directories.ts";
import { stringifyYaml } from "../lang/yaml.ts";
import { sleep, systemClock } from "../core/clock.ts";
import { type Kubeconfig, type NamedCluster, type NamedContext, type NamedUser, parseKubeconfig } from "./kubeconfig.ts";

/** A context with what it refers to. */
export interface ContextEntry {
  readonly context: NamedContext;
  readonly cluster: NamedCluster;
  readonly user: NamedUser;
}

/** Puts a context, its cluster and its user in, replacing entries of the same names. Pure. */
export function withContext(file: Kubeconfig, entry: ContextEntry, makeCurrent: boolean): Kubeconfig {
  const { preferences, ...rest } = file;
  return {
    apiVersion: "v1",
    kind: "Config",
    ...rest,
    ...(preferences === undefined ? {} : { preferences }),
    clusters: replaced(file.clusters, entry.cluster),
    users: replaced(file.users, entry.user),
    contexts: replaced(file.contexts, entry.context),
    "current-context": makeCurrent ? entry.context.name : (file["current-context"] ?? ""),
  };
}

/** Takes a context out, and its cluster and user unless another context uses them. Pure. */
export function withoutContext(file: Kubeconfig, name: string): Kubeconfig {
  const gone = file.contexts?.find((c) => c.name === name)?.context;
  if (gone === undefined) return file;
  const contexts = (file.contexts ?? []).filter((c) => c.name !== name);
  const clusterUsed = contexts.some((c) => c.context.cluster === gone.cluster);
  const userUsed = contexts.some((c) => c.context.user === gone.user);
  return {
    ...file,
    clusters: (file.clusters ?? []).filter((c) => clusterUsed || c.name !== gone.cluster),
    users: (file.users ?? []).filter((u) => userUsed || u.name !== gone.user),
    contexts,
    "current-context": file["current-context"] === name ? "" : (file["current-context"] ?? ""),
  };
}

function replaced<E extends { name: string }>(entries: E[] | null | undefined, entry: E): E[] {
  const present = entries ?? [];
  return present.some((e) => e.name === entry.name) ? present.map((e) => (e.name === entry.name ? entry : e)) : [...present, entry];
}

/** Merges a context into `path`, which is made (mode 0600) when it is missing. */
export function mergeContext(path: string, entry: ContextEntry, options: { makeCurrent?: boolean } = {}): Promise<void> {
  return changeKubeconfig(path, (file) => withContext(file, entry, options.makeCurrent ?? true));
}

/** Removes a context from `path`; a file or context that is missing is fine. */
export function removeContext(path: string, name: string): Promise<void> {
  return changeKubeconfig(path, (file) => withoutContext(file, name), { create: false });
}

/** Reads, changes and writes the file under its lock. */
export async function changeKubeconfig(
  path: string,
  change: (file: Kubeconfig) => Kubeconfig,
  options: { create?: boolean } = {},
): Promise<void> {
  if (options.create === false && (await textOf(path)) === undefined) return;
  makeDirectories(dirname(path), 0o755);
  const unlock = await lock(`${path}.lock`);
  try {
    const text = await textOf(path);
    const before = text === undefined ? {} : parseKubeconfig(text, path);
    const after = change(before);
    if (after !== before) await replaceFile(path, stringifyYaml(after));
  } finally {
    await unlock();
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** kubectl's lock: whoever makes the file holds it. Waits five seconds for another holder. */
async function lock(path: string): Promise<() => Promise<void>> {
  for (let attempt = 0; ; attempt++) {
    try {
      const file = await open(path, "wx", 0o600);
      await file.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      if (attempt >= 50) throw new Error(`${path} is held by another program; remove it if no kubectl runs`);
    }
    await sleep(systemClock, 100);
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  let target = path;
  let mode = 0o600;
  try {
    // A link is kept, and what it points to is replaced.
    target = await realpath(path);
    mode = (await stat(target)).mode & 0o777;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const next = `${target}.${process.pid}.next`;
  try {
    const file = await open(next, "w", mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, target);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
}
