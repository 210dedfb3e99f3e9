/**
 * Control groups by plain files (the cgroupfs driver), for v1 (also the hybrid layout, where the v2 tree has no controllers)
 * and v2. Paths are relative to the hierarchy: `/tsukube/kubepods`.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface CgroupLimits {
  /** v1 `cpu.shares`, 2…262144; translated to `cpu.weight` on v2. */
  cpuShares?: number | undefined;
  /** Microseconds of a 100 ms period; -1 lifts the limit. */
  cpuQuota?: number | undefined;
  /** Bytes; -1 lifts the limit. */
  memoryLimit?: number | undefined;
  pidsLimit?: number | undefined;
}

export interface Cgroups {
  readonly version: 1 | 2;
  /** Makes the group and its parents, with every controller. */
  ensure(path: string): void;
  apply(path: string, limits: CgroupLimits): void;
  /** Removes the group and what is below it; groups that still hold processes stay. */
  remove(path: string): void;
  /** Names of the groups right below. */
  children(path: string): string[];
  /** Processes in the group and below it. */
  processes(path: string): number[];
  cpuUsageNanos(path: string): number | undefined;
  /** Bytes, and the part of them that the kernel can take back (inactive file pages). */
  memory(path: string): { usage: number; inactiveFile: number; rss: number } | undefined;
  pids(path: string): number | undefined;
}

const period = 100_000;

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
}

function field(text: string | undefined, name: string): number {
  const line = text?.split("\n").find((l) => l.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}

function removeTree(directory: string): void {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) if (entry.isDirectory()) removeTree(join(directory, entry.name));
  try {
    rmdirSync(directory);
  } catch (error) {
    // EBUSY: a process still runs there. The next removal takes it.
    if ((error as NodeJS.ErrnoException).code !== "EBUSY" && (error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function processesBelow(directory: string): number[] {
  if (!existsSync(directory)) return [];
  const own = (read(join(directory, "cgroup.procs")) ?? "")
    .split("\n")
    .filter((l) => l !== "")
    .map(Number);
  const below = readdirSync(directory, { withFileTypes: true }).filter((e) => e.isDirectory());
  return [...own, ...below.flatMap((e) => processesBelow(join(directory, e.name)))];
}

function childrenOf(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? [e.name] : []));
}

/** v1 hierarchies: name → mount point, of those that this process sees. */
function hierarchies(root: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of readdirSync(root))
    if (existsSync(join(root, name, "cgroup.procs")) && name !== "unified") found.set(name, join(root, name));
  return found;
}

class CgroupsV1 implements Cgroups {
  readonly version = 1;
  readonly #trees: Map<string, string>;

  constructor(root: string) {
    this.#trees = hierarchies(root);
  }

  #at(controller: string, path: string): string | undefined {
    const tree = this.#trees.get(controller) ?? this.#trees.get("cpu,cpuacct");
    return tree === undefined ? undefined : join(tree, path);
  }

  ensure(path: string): void {
    for (const [name, tree] of this.#trees) {
      const directory = join(tree, path);
      if (existsSync(directory)) continue;
      if (!name.split(",").includes("cpuset")) mkdirSync(directory, { recursive: true });
      else this.#ensureCpuset(tree, path);
    }
  }

  /** A new cpuset is empty, and nothing can run in it until it has processors and memory nodes. */
  #ensureCpuset(tree: string, path: string): void {
    let at = tree;
    for (const part of path.split("/").filter((p) => p !== "")) {
      const parent = at;
      at = join(at, part);
      if (!existsSync(at)) mkdirSync(at);
      for (const file of ["cpuset.cpus", "cpuset.mems"]) {
        if (read(join(at, file)) === "") writeFileSync(join(at, file), read(join(parent, file)) ?? "");
      }
    }
  }

  apply(path: string, limits: CgroupLimits): void {
    const put = (controller: string, file: string, value: number | undefined): void => {
      const at = this.#at(controller, path);
      if (value !== undefined && at !== undefined && existsSync(join(at, file))) writeFileSync(join(at, file), String(value));
    };
    put("cpu", "cpu.shares", limits.cpuShares);
    if (limits.cpuQuota !== undefined) put("cpu", "cpu.cfs_period_us", period);
    put("cpu", "cpu.cfs_quota_us", limits.cpuQuota);
    put("memory", "memory.limit_in_bytes", limits.memoryLimit);
    put("pids", "pids.max", limits.pidsLimit);
  }

  children(path: string): string[] {
    return [...new Set([...this.#trees.values()].flatMap((tree) => childrenOf(join(tree, path))))];
  }

  remove(path: string): void {
    for (const tree of this.#trees.values()) removeTree(join(tree, path));
  }

  processes(path: string): number[] {
    const at = this.#at("pids", path) ?? this.#at("memory", path) ?? this.#at("cpu", path);
    return at === undefined ? [] : processesBelow(at);
  }

  cpuUsageNanos(path: string): number | undefined {
    const at = this.#at("cpuacct", path);
    const text = at === undefined ? undefined : read(join(at, "cpuacct.usage"));
    return text === undefined ? undefined : Number(text);
  }

  memory(path: string): { usage: number; inactiveFile: number; rss: number } | undefined {
    const at = this.#at("memory", path);
    const usage = at === undefined ? undefined : read(join(at, "memory.usage_in_bytes"));
    if (usage === undefined || at === undefined) return undefined;
    const stat = read(join(at, "memory.stat"));
    return { usage: Number(usage), inactiveFile: field(stat, "total_inactive_file"), rss: field(stat, "total_rss") };
  }

  pids(path: string): number | undefined {
    const at = this.#at("pids", path);
    const text = at === undefined ? undefined : read(join(at, "pids.current"));
    return text === undefined ? undefined : Number(text);
  }
}

/** cgroup v1 shares to v2 weight, by the formula of runc ≤ 1.3 (KEP-2254): 2…262144 onto 1…10000. */
export function sharesToWeight(shares: number): number {
  return 1 + Math.trunc(((Math.min(Math.max(shares, 2), 262144) - 2) * 9999) / 262142);
}

class CgroupsV2 implements Cgroups {
  readonly version = 2;
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  ensure(path: string): void {
    let at = this.#root;
    for (const part of path.split("/").filter((p) => p !== "")) {
      const controllers = (read(join(at, "cgroup.controllers")) ?? "").split(" ").filter((c) => c !== "");
      const enabled = new Set((read(join(at, "cgroup.subtree_control")) ?? "").split(" "));
      for (const controller of controllers) if (!enabled.has(controller)) this.#enable(at, controller);
      at = join(at, part);
      if (!existsSync(at)) mkdirSync(at);
    }
  }

  #enable(at: string, controller: string): void {
    try {
      writeFileSync(join(at, "cgroup.subtree_control"), `+${controller}`);
    } catch (error) {
      // EBUSY or EINVAL: the group holds processes itself, or the controller cannot be delegated here. Limits of that
      // controller then do not apply below, which `apply` sees by the missing file.
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== "EBUSY" && code !== "EINVAL" && code !== "ENOTSUP") throw error;
    }
  }

  apply(path: string, limits: CgroupLimits): void {
    const put = (file: string, value: string | undefined): void => {
      const at = join(this.#root, path, file);
      if (value !== undefined && existsSync(at)) writeFileSync(at, value);
    };
    put("cpu.weight", limits.cpuShares === undefined ? undefined : String(sharesToWeight(limits.cpuShares)));
    const { cpuQuota, memoryLimit, pidsLimit } = limits;
    put("cpu.max", cpuQuota === undefined ? undefined : `${cpuQuota < 0 ? "max" : cpuQuota} ${period}`);
    put("memory.max", memoryLimit === undefined ? undefined : memoryLimit < 0 ? "max" : String(memoryLimit));
    put("pids.max", pidsLimit === undefined ? undefined : String(pidsLimit));
  }

  children(path: string): string[] {
    return childrenOf(join(this.#root, path));
  }

  remove(path: string): void {
    removeTree(join(this.#root, path));
  }

  processes(path: string): number[] {
    return processesBelow(join(this.#root, path));
  }

  cpuUsageNanos(path: string): number | undefined {
    const stat = read(join(this.#root, path, "cpu.stat"));
    return stat === undefined ? undefined : field(stat, "usage_usec") * 1000;
  }

  memory(path: string): { usage: number; inactiveFile: number; rss: number } | undefined {
    const usage = read(join(this.#root, path, "memory.current"));
    if (usage === undefined) return undefined;
    const stat = read(join(this.#root, path, "memory.stat"));
    return { usage: Number(usage), inactiveFile: field(stat, "inactive_file"), rss: field(stat, "anon") };
  }

  pids(path: string): number | undefined {
    const text = read(join(this.#root, path, "pids.current"));
    return text === undefined ? undefined : Number(text);
  }
}

/** The machine's layout, seen from `root`. Hybrid counts as v1. */
export function openCgroups(root = "/sys/fs/cgroup"): Cgroups {
  return existsSync(join(root, "cgroup.controllers")) ? new CgroupsV2(root) : new CgroupsV1(root);
}
