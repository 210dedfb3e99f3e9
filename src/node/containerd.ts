/**
 * A containerd of the node's own: its configuration, its start, and finding it again. It is started as a daemon, so that
 * containers and their runtime go on when the agent ends; the next agent finds it by its pid file and socket.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { capability, hasCapability } from "../host/capabilities.ts";
import { attempt, run } from "../host/commands.ts";
import { commandLine, isAlive, signalProcess, spawnDaemon } from "../host/processes.ts";

export interface ContainerdOptions {
  /** The executable; its shim is looked for beside it first. */
  binary: string;
  /** Holds `containerd.toml`, `root`, `containerd.sock`, `containerd.pid`, `containerd.log`. */
  directory: string;
  /** Short-lived state, mounts included. Default: `DIRECTORY/state`. */
  stateDirectory?: string;
  sandboxImage: string;
  /** Of the loopback mirror that is asked first for every image; none when absent. */
  mirrorPort?: number;
  cniBinDir: string;
  cniConfDir: string;
}

export interface Containerd {
  readonly socket: string;
  readonly pid: number;
  readonly version: string;
}

const startTimeout = 15_000;

/** `containerd github.com/containerd/containerd 1.6.20~ds1 …` → `1.6.20~ds1`. */
export function parseVersion(output: string): string {
  return output.trim().split(/\s+/)[2]?.replace(/^v/, "") ?? "";
}

/** The configuration file for a containerd of `version` (`1.6.20`, `2.2.9`). */
export function containerdConfig(
  options: ContainerdOptions,
  version: string,
  facts: { restrictOom: boolean; snapshotter: string },
): string {
  const modern = Number(version.split(".")[0]) >= 2;
  const cri = (part: "runtime" | "images"): string => (modern ? `io.containerd.cri.v1.${part}` : "io.containerd.grpc.v1.cri");
  const registries = options.mirrorPort === undefined ? undefined : join(options.directory, "registries");
  const common = `version = ${modern ? 3 : 2}
root = ${toml(join(options.directory, "root"))}
state = ${toml(stateOf(options))}
disabled_plugins = ${toml(unusedPlugins)}
[grpc]
  address = ${toml(socketOf(options))}
`;
  const runtime = `  restrict_oom_score_adj = ${facts.restrictOom}
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true
`;
  const cni = `    ${modern ? "bin_dirs" : "bin_dir"} = ${toml(modern ? [options.cniBinDir] : options.cniBinDir)}
    conf_dir = ${toml(options.cniConfDir)}
${modern ? "    use_internal_loopback = true\n" : ""}`;
  const runc = (plugin: string): string => `  [plugins."${plugin}".containerd]
    default_runtime_name = "runc"
${modern ? "" : `    snapshotter = ${toml(facts.snapshotter)}\n`}    [plugins."${plugin}".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."${plugin}".containerd.runtimes.runc.options]
        SystemdCgroup = false
`;
  const registry = (plugin: string): string =>
    registries === undefined ? "" : `  [plugins."${plugin}".registry]\n    config_path = ${toml(registries)}\n`;
  if (!modern) {
    const plugin = cri("runtime");
    return `${common}[plugins."${plugin}"]
  sandbox_image = ${toml(options.sandboxImage)}
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
${runtime}  [plugins."${plugin}".cni]
${cni}${runc(plugin)}${registry(plugin)}`;
  }
  return `${common}[plugins."${cri("images")}"]
  snapshotter = ${toml(facts.snapshotter)}
  [plugins."${cri("images")}".pinned_images]
    sandbox = ${toml(options.sandboxImage)}
${registry(cri("images"))}[plugins."${cri("runtime")}"]
${runtime}  [plugins."${cri("runtime")}".cni]
${cni}${runc(cri("runtime"))}[plugins."io.containerd.grpc.v1.cri"]
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
[plugins."io.containerd.internal.v1.opt"]
  path = ${toml(join(options.directory, "opt"))}
[plugins."io.containerd.nri.v1.nri"]
  disable = true
`;
}

/** What a node never asks for; some of them are slow to find out that the machine lacks them. */
const unusedPlugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.blockfile",
  "io.containerd.snapshotter.v1.erofs",
  "io.containerd.tracing.processor.v1.otlp",
  "io.containerd.internal.v1.tracing",
];

/** A TOML basic string or array of them: JSON's escapes are a subset of TOML's. */
function toml(value: string | string[]): string {
  return JSON.stringify(value);
}

function socketOf(options: ContainerdOptions): string {
  return join(options.directory, "containerd.sock");
}

function stateOf(options: ContainerdOptions): string {
  return options.stateDirectory ?? join(options.directory, "state");
}

/** The running containerd of this directory, if there is one. */
export function runningContainerd(directory: string): number | undefined {
  const file = join(directory, "containerd.pid");
  if (!existsSync(file)) return undefined;
  const pid = Number(readFileSync(file, "utf8"));
  // A process id may have gone to somebody else since: only one that was started with our configuration is ours.
  return isAlive(pid) && commandLine(pid)?.includes(join(directory, "containerd.toml")) === true ? pid : undefined;
}

/**
 * Starts containerd, or finds it running. Throws an Error that says why when it does not come up within 15 s, with the end
 * of its log.
 */
export async function ensureContainerd(options: ContainerdOptions): Promise<Containerd> {
  const { binary, directory } = options;
  mkdirSync(join(directory, "root"), { recursive: true });
  mkdirSync(options.cniConfDir, { recursive: true });
  mkdirSync(options.cniBinDir, { recursive: true });
  ensureLoopbackPlugin(options.cniBinDir);
  const version = parseVersion(await run(binary, ["--version"]));
  const config = containerdConfig(options, version, {
    restrictOom: !hasCapability(capability.sysResource),
    snapshotter: await chooseSnapshotter(directory),
  });
  if (options.mirrorPort !== undefined) writeMirror(join(directory, "registries"), options.mirrorPort);
  const configFile = join(directory, "containerd.toml");
  const running = runningContainerd(directory);
  const socket = socketOf(options);
  if (running !== undefined && readFileSync(configFile, "utf8") === config) {
    await answers(socket, running, directory);
    return { socket, pid: running, version };
  }
  if (running !== undefined) await stopContainerd(directory);
  writeFileSync(configFile, config);
  rmSync(socket, { force: true });
  const pid = await spawnDaemon(binary, ["--config", configFile], {
    log: join(directory, "containerd.log"),
    env: { ...process.env, PATH: [dirname(binary), process.env["PATH"] ?? "", "/usr/sbin", "/sbin", "/usr/bin", "/bin"].join(delimiter) },
  });
  writeFileSync(join(directory, "containerd.pid"), String(pid));
  await answers(socket, pid, directory);
  return { socket, pid, version };
}

/** Ends the daemon; its containers go on. */
export async function stopContainerd(directory: string): Promise<void> {
  const pid = runningContainerd(directory);
  if (pid === undefined) return;
  signalProcess(pid, "SIGTERM");
  for (let waited = 0; isAlive(pid); waited += 20) {
    if (waited === 5000) signalProcess(pid, "SIGKILL");
    await new Promise((done) => setTimeout(done, 20));
  }
  rmSync(join(directory, "containerd.pid"), { force: true });
}

/** Waits until the socket takes connections. */
async function answers(socket: string, pid: number, directory: string): Promise<void> {
  const end = performance.now() + startTimeout;
  for (;;) {
    const connected = await new Promise<boolean>((resolve) => {
      const connection = createConnection(socket, () => {
        connection.destroy();
        resolve(true);
      });
      connection.once("error", () => resolve(false));
    });
    if (connected) return;
    if (!isAlive(pid) || performance.now() > end) {
      const log = join(directory, "containerd.log");
      const tail = existsSync(log) ? readFileSync(log, "utf8").trim().split("\n").slice(-5).join("\n") : "";
      throw new Error(`containerd ${isAlive(pid) ? "does not answer" : "ended at once"} (${log}):\n${tail}`);
    }
    await new Promise((done) => setTimeout(done, 10));
  }
}

/** `_default` stands for every registry that has no directory of its own. */
function writeMirror(directory: string, port: number): void {
  mkdirSync(join(directory, "_default"), { recursive: true });
  writeFileSync(join(directory, "_default", "hosts.toml"), `[host."http://127.0.0.1:${port}"]\n  capabilities = ["pull", "resolve"]\n`);
}

/** A containerd before 2.0 runs the `loopback` plugin in every sandbox: a link to the system's when the node's directory has none. */
function ensureLoopbackPlugin(binDir: string): void {
  const own = join(binDir, "loopback");
  if (existsSync(own)) return;
  const found = ["/usr/lib/cni/loopback", "/opt/cni/bin/loopback", "/usr/libexec/cni/loopback"].find((path) => existsSync(path));
  if (found === undefined) return;
  rmSync(own, { force: true });
  symlinkSync(found, own);
}

/** overlayfs where the directory's file system can be its upper layer, else plain copies. */
async function chooseSnapshotter(directory: string): Promise<"overlayfs" | "native"> {
  // What was chosen once stays: images are unpacked for one snapshotter.
  const root = join(directory, "root");
  const used = existsSync(root) ? readdirSync(root) : [];
  if (used.includes("io.containerd.snapshotter.v1.overlayfs") && hasSnapshots(root, "overlayfs")) return "overlayfs";
  const probe = join(directory, "overlay-probe");
  for (const part of ["lower", "upper", "work", "merged"]) mkdirSync(join(probe, part), { recursive: true });
  const layers = `lowerdir=${join(probe, "lower")},upperdir=${join(probe, "upper")},workdir=${join(probe, "work")}`;
  const mounted = await attempt("mount", ["-t", "overlay", "-o", layers, "overlay", join(probe, "merged")]);
  if (mounted) await run("umount", [join(probe, "merged")]);
  rmSync(probe, { recursive: true, force: true });
  return mounted ? "overlayfs" : "native";
}

function hasSnapshots(root: string, snapshotter: string): boolean {
  const directory = join(root, `io.containerd.snapshotter.v1.${snapshotter}`, "snapshots");
  return existsSync(directory) && readdirSync(directory).length > 0;
}
