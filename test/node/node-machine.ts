/**
 * A machine for one node under test: network, mount, process, host-name and IPC namespaces whose first process ends when the
 * test does, however it ends, and takes everything along. Only control groups and files can be left over; the next machine
 * clears those of tests that are gone.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, rmdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openCgroups } from "../../src/host/cgroups.ts";
import { isAlive } from "../../src/host/processes.ts";
import type { NodeAgentOptions } from "../../src/node/index.ts";

const prefix = "tsukube-test-node-";

/** Why real containers cannot be run here, for a test's `skip`; false when they can. */
export function cannotRunContainers(containerd: string): string | false {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "needs root on Linux";
  if (!existsSync(containerd)) return `needs ${containerd}`;
  for (const tool of ["runc", "nsenter", "unshare", "ip"]) if (spawnSync("which", [tool]).status !== 0) return `needs ${tool}`;
  if (!existsSync("/usr/lib/cni/ptp")) return "needs containernetworking-plugins";
  if (!existsSync("/bin/busybox") && !existsSync("/usr/bin/busybox")) return "needs busybox-static";
  return false;
}

export function busybox(): Buffer {
  return readFileSync(existsSync("/bin/busybox") ? "/bin/busybox" : "/usr/bin/busybox");
}

export class NodeMachine {
  readonly directory: string;
  readonly cgroup: string;
  readonly hostAddress: string;
  readonly address: string;
  readonly #link: string;
  #first: ChildProcess | undefined;
  #pid = 0;
  #agent: ChildProcess | undefined;

  /** `subnet`: the third byte of the link's 10.213.x.0/24 and of the pods' 10.214.x.0/24. */
  constructor(subnet: number) {
    sweep();
    const name = `${prefix}${process.pid}-${subnet}`;
    this.directory = join(tmpdir(), name);
    this.cgroup = `/${name}`;
    this.#link = `tsk${process.pid}s${subnet}`.slice(0, 15);
    this.hostAddress = `10.213.${subnet}.1`;
    this.address = `10.213.${subnet}.11`;
    mkdirSync(join(this.directory, "cni", "net.d"), { recursive: true });
    const ipam = { type: "host-local", dataDir: join(this.directory, "ipam"), ranges: [[{ subnet: `10.214.${subnet}.0/24` }]] };
    writeFileSync(
      join(this.directory, "cni", "net.d", "10-test.conflist"),
      JSON.stringify({ cniVersion: "0.4.0", name: "test", plugins: [{ type: "ptp", ipam: { ...ipam, routes: [{ dst: "0.0.0.0/0" }] } }] }),
    );
  }

  async start(): Promise<void> {
    const script =
      "hostname node-1; mount --make-rshared /; mount -t tmpfs -o mode=755 tmpfs /run; ip link set lo up; echo made; exec cat >/dev/null";
    const first = spawn(
      "unshare",
      ["--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script],
      {
        stdio: ["pipe", "pipe", "inherit"],
      },
    );
    this.#first = first;
    await new Promise<void>((resolve, reject) => {
      first.stdout.once("data", () => resolve());
      first.once("exit", (code) => reject(new Error(`the machine ended at once: ${code}`)));
    });
    const children = readFileSync(`/proc/${first.pid}/task/${first.pid}/children`, "utf8").trim();
    this.#pid = Number(children.split(" ")[0]);
    ip(["link", "add", this.#link, "type", "veth", "peer", "name", "eth0", "netns", String(this.#pid)]);
    ip(["addr", "add", `${this.hostAddress}/24`, "dev", this.#link]);
    ip(["link", "set", this.#link, "up"]);
    this.inside(["ip", "addr", "add", `${this.address}/24`, "dev", "eth0"]);
    this.inside(["ip", "link", "set", "eth0", "up"]);
    this.inside(["ip", "route", "add", "default", "via", this.hostAddress]);
    this.inside(["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
  }

  #enter(): string[] {
    return ["--target", String(this.#pid), "--net", "--mount", "--uts", "--ipc", "--pid", "--"];
  }

  /** Runs a command in the machine, to its end. */
  inside(command: readonly string[]): string {
    const done = spawnSync("nsenter", [...this.#enter(), ...command], { encoding: "utf8" });
    if (done.status !== 0) throw new Error(`${command.join(" ")}: ${done.stderr}`);
    return done.stdout;
  }

  get log(): string {
    return join(this.directory, "agent.log");
  }

  async startAgent(options: NodeAgentOptions): Promise<void> {
    const file = join(this.directory, "agent.json");
    writeFileSync(file, JSON.stringify(options));
    const script = fileURLToPath(new URL("agent-process.ts", import.meta.url));
    const agent = spawn("nsenter", [...this.#enter(), process.execPath, script, file], {
      stdio: ["ignore", "pipe", openSync(this.log, "a")],
    });
    this.#agent = agent;
    await new Promise<void>((resolve, reject) => {
      const early = (code: number | null, signal: string | null): void =>
        reject(new Error(`the agent ended (${code ?? signal}):\n${readFileSync(this.log, "utf8").slice(-2000)}`));
      agent.once("exit", early);
      agent.stdout?.once("data", () => {
        agent.off("exit", early);
        resolve();
      });
    });
  }

  /** `SIGKILL` is how a crash looks. */
  async stopAgent(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const agent = this.#agent;
    if (agent === undefined) return;
    this.#agent = undefined;
    // nsenter has forked into the process namespace: its child is the agent.
    const children = readFileSync(`/proc/${agent.pid}/task/${agent.pid}/children`, "utf8").trim().split(" ");
    const ended = new Promise((done) => agent.once("exit", done));
    for (const pid of children) if (pid !== "") process.kill(Number(pid), signal);
    await ended;
  }

  async stop(): Promise<void> {
    const first = this.#first;
    if (first !== undefined) {
      const ended = new Promise((done) => first.once("exit", done));
      first.stdin?.end();
      await ended;
    }
    // The kernel takes a moment until the last process of the namespace has left its groups.
    const cgroups = openCgroups();
    for (let i = 0; i < 50 && cgroups.processes(this.cgroup).length > 0; i++) await new Promise((done) => setTimeout(done, 20));
    clear(this.directory.slice(tmpdir().length + 1));
  }
}

function ip(args: readonly string[]): void {
  const done = spawnSync("ip", args, { encoding: "utf8" });
  if (done.status !== 0) throw new Error(`ip ${args.join(" ")}: ${done.stderr}`);
}

/** What tests that are gone have left over. */
function sweep(): void {
  const names = new Set([...readdirSync(tmpdir()), ...openCgroups().children("/")]);
  for (const name of names) {
    const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) clear(name);
  }
}

function clear(name: string): void {
  openCgroups().remove(`/${name}`);
  removeHybrid(`/sys/fs/cgroup/unified/${name}`);
  rmSync(join(tmpdir(), name), { recursive: true, force: true });
}

/** runc makes groups in a hybrid machine's v2 tree too, where no controller lives. */
function removeHybrid(path: string): void {
  if (!existsSync(path)) return;
  for (const entry of readdirSync(path, { withFileTypes: true })) if (entry.isDirectory()) removeHybrid(join(path, entry.name));
  rmdirSync(path);
}
