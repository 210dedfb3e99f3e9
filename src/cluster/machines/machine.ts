/**
 * A node of its own on this machine: a network namespace on the cluster's bridge, a mount and a host-name namespace,
 * and a parent cgroup in every hierarchy. A process that only sleeps (the holder) keeps the namespaces while agents and
 * runtimes come and go.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseCidr } from "../cidr.ts";
import type { ClusterConfig } from "../options.ts";
import { attempt, run } from "../../host/commands.ts";
import { writeFileWhole } from "../state.ts";
import { bridgeName, hostAddress, nodeAddress } from "./host-network.ts";
import { commandOf, liveProcess, namespaceOf, processId, processesInNamespace, signal, type ProcessId } from "./processes.ts";

export interface Machine {
  readonly name: string;
  readonly index: number;
  readonly address: string;
  /** Everything the node keeps. */
  readonly dir: string;
  readonly netns: string;
  /** Below each hierarchy's root: `/tsukube-dev-node-1`. */
  readonly cgroup: string;
}

export function machineOf(config: ClusterConfig, index: number): Machine {
  const name = `node-${index}`;
  const label = `${bridgeName(config)}-${index}`;
  return {
    name,
    index,
    address: nodeAddress(config, index),
    dir: join(config.dataDir, "nodes", name),
    netns: label,
    cgroup: `/tsukube-${label}`,
  };
}

const holderFile = (m: Machine): string => join(m.dir, "holder.json");

function readHolder(machine: Machine): ProcessId | undefined {
  return liveProcess(holderFile(machine));
}

/** Below the node's directory → where everybody expects it. */
const cniPaths = [
  ["cni/net.d", "/etc/cni/net.d"],
  ["cni/lib", "/var/lib/cni"],
] as const;

/** Makes the machine, or finds it as it was left. Resolves with the process whose namespaces are the machine's. */
export async function ensureMachine(config: ClusterConfig, machine: Machine): Promise<ProcessId> {
  mkdirSync(machine.dir, { recursive: true });
  await ensureNetwork(config, machine);
  ensureCgroups(machine);
  const held = readHolder(machine);
  if (held !== undefined) return held;
  const [command = "", ...args] = holderCommand(machine);
  const holder = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    env: { ...process.env, DIR: machine.dir },
  });
  await new Promise<void>((resolve, reject) => {
    let err = "";
    holder.stderr.on("data", (d: Buffer) => (err += d.toString()));
    holder.stdout.once("data", () => resolve());
    holder.once("error", reject);
    holder.once("exit", (code) =>
      reject(new Error(`${machine.name}: its namespaces could not be made: ${err.trim() || `exit status ${code}`}`)),
    );
  });
  holder.stdout.destroy();
  holder.stderr.destroy();
  holder.unref();
  const id = processId(holder.pid as number);
  writeFileWhole(holderFile(machine), JSON.stringify(id));
  return id;
}

/** A new holder joins the namespaces that the node's runtime is still in, if its predecessor was killed; else it makes them. */
function holderCommand(machine: Machine): string[] {
  const present = survivor(machine);
  if (present !== undefined) return [...inside(processId(present)), "sh", "-c", "echo ready && exec sleep infinity"];
  return [
    "nsenter",
    `--net=/run/netns/${machine.netns}`,
    "unshare",
    "--mount",
    "--uts",
    "--ipc",
    "sh",
    "-c",
    [
      `hostname ${machine.name}`,
      "mount --make-rshared /",
      "mount -t tmpfs -o mode=755 tmpfs /run",
      // What containerd and people look for at these paths is the node's own.
      ...cniPaths.map(([own, path]) => `mkdir -p "$DIR/${own}" ${path} && mount --bind "$DIR/${own}" ${path}`),
      "echo ready",
      "exec sleep infinity",
    ].join(" && "),
  ];
}

/** A process of the machine that no container holds: it has the machine's mounts, and the host's root directory. */
function survivor(machine: Machine): number | undefined {
  const net = networkOf(machine);
  if (net === undefined) return undefined;
  const [own, root] = [namespaceOf("self", "mnt"), statSync("/")];
  const found = processesInNamespace("net", net).filter((pid) => {
    const mnt = namespaceOf(pid, "mnt");
    const there = mnt === undefined || mnt === own ? undefined : statSync(`/proc/${pid}/root/`, { throwIfNoEntry: false });
    return there?.dev === root.dev && there.ino === root.ino;
  });
  // The runtime's own mounts are the ones that its containers hang on.
  return found.find((pid) => commandOf(pid).startsWith("containerd")) ?? found[0];
}

/** As a link in /proc/PID/ns/net names it. */
function networkOf(machine: Machine): string | undefined {
  const file = statSync(`/run/netns/${machine.netns}`, { throwIfNoEntry: false });
  return file === undefined ? undefined : `net:[${file.ino}]`;
}

/** The words that put a command inside the machine: `nsenter --target PID … --`. */
export function inside(holder: ProcessId): string[] {
  return ["nsenter", "--target", String(holder.pid), "--net", "--mount", "--uts", "--ipc", "--"];
}

async function ensureNetwork(config: ClusterConfig, machine: Machine): Promise<void> {
  if (existsSync(`/run/netns/${machine.netns}`)) return;
  const bridge = bridgeName(config);
  const outer = `${bridge}n${machine.index}`.slice(0, 15);
  const bits = parseCidr(config.nodeCidr).bits;
  await attempt("ip", ["link", "del", outer]);
  await run("ip", ["netns", "add", machine.netns]);
  await run(
    "ip",
    ["-batch", "-"],
    `link add ${outer} type veth peer name eth0 netns ${machine.netns}\nlink set ${outer} master ${bridge}\nlink set ${outer} up\n`,
  );
  await run(
    "ip",
    ["-n", machine.netns, "-batch", "-"],
    `link set lo up\naddr add ${machine.address}/${bits} dev eth0\nlink set eth0 up\nroute add default via ${hostAddress(config)}\n`,
  );
  await run("nsenter", [
    `--net=/run/netns/${machine.netns}`,
    "sh",
    "-c",
    "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet; [ ! -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables",
  ]);
}

/** The mounted hierarchies' roots: one a controller under cgroup v1, one under v2; both on a hybrid. */
function hierarchies(): string[] {
  const root = "/sys/fs/cgroup";
  if (existsSync(join(root, "cgroup.controllers"))) return [root];
  return readdirSync(root)
    .map((d) => join(root, d))
    .filter((d) => existsSync(join(d, "cgroup.procs")));
}

function ensureCgroups(machine: Machine): void {
  for (const h of hierarchies()) {
    const dir = join(h, machine.cgroup);
    mkdirSync(dir, { recursive: true });
    // A v1 cpuset takes no process before it is told its processors and memory.
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      if (existsSync(join(h, file)) && existsSync(join(dir, file)) && readFileSync(join(dir, file), "utf8").trim() === "")
        writeFileSync(join(dir, file), readFileSync(join(h, file), "utf8").trim());
    }
  }
}

/**
 * Every process of the machine: those in its mount or network namespace, and those in its cgroups (containers have
 * namespaces of their own, and whoever killed the holder took its word for the mounts away).
 */
function processesOf(machine: Machine, holder: ProcessId | undefined): Set<number> {
  const all = new Set<number>();
  const mnt = holder === undefined ? undefined : namespaceOf(holder.pid, "mnt");
  if (mnt !== undefined && mnt !== namespaceOf("self", "mnt")) for (const pid of processesInNamespace("mnt", mnt)) all.add(pid);
  const net = networkOf(machine);
  if (net !== undefined && net !== namespaceOf("self", "net")) for (const pid of processesInNamespace("net", net)) all.add(pid);
  const visit = (dir: string): void => {
    for (const entry of readdirSync(dir, { withFileTypes: true })) if (entry.isDirectory()) visit(join(dir, entry.name));
    for (const pid of readFileSync(join(dir, "cgroup.procs"), "utf8").split("\n")) if (pid !== "" && pid !== "0") all.add(Number(pid));
  };
  for (const h of hierarchies()) if (existsSync(join(h, machine.cgroup))) visit(join(h, machine.cgroup));
  all.delete(process.pid);
  return all;
}

function removeCgroups(machine: Machine): void {
  const remove = (dir: string): void => {
    for (const entry of readdirSync(dir, { withFileTypes: true })) if (entry.isDirectory()) remove(join(dir, entry.name));
    try {
      rmdirSync(dir);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EBUSY") throw error; // its last process is still being reaped
    }
  };
  for (const h of hierarchies()) if (existsSync(join(h, machine.cgroup))) remove(join(h, machine.cgroup));
}

/** Ends everything that runs in the machine and takes its namespaces, links and cgroups away. What the node keeps on disk stays. */
export async function removeMachine(machine: Machine): Promise<void> {
  const holder = readHolder(machine);
  for (let round = 0; round < 50; round++) {
    const pids = processesOf(machine, holder);
    if (pids.size === 0) break;
    for (const pid of pids) signal(pid, "SIGKILL");
    await new Promise((r) => setTimeout(r, 20));
  }
  if (existsSync(`/run/netns/${machine.netns}`)) await attempt("ip", ["netns", "del", machine.netns]);
  removeCgroups(machine);
  // Mount points that were made for the node: gone unless something else uses them.
  for (const [, path] of cniPaths) await attempt("rmdir", ["-p", "--ignore-fail-on-non-empty", path]);
}
