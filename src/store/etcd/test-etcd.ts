/** Real etcd processes for tests, on ports of their own with data that goes with them. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";

export interface EtcdBinary {
  readonly path: string;
  /** `3.6.13` */
  readonly version: string;
}

/** Every etcd on this machine, one for each minor version: Kubernetes' build tools' and those on PATH. */
export function findEtcds(): EtcdBinary[] {
  const directories = [join(homedir(), ".cache/k8s-tools/bin"), ...(process.env["PATH"] ?? "").split(delimiter)];
  const found = new Map<string, EtcdBinary>();
  for (const directory of directories) {
    const path = join(directory, "etcd");
    try {
      accessSync(path, constants.X_OK);
    } catch {
      continue;
    }
    const version = /etcd Version: ((\d+\.\d+)\.\d+)/.exec(spawnSync(path, ["--version"], { encoding: "utf8" }).stdout);
    if (version !== null && !found.has(version[2] as string)) found.set(version[2] as string, { path, version: version[1] as string });
  }
  return [...found.values()];
}

/** Why there is nothing to test with; undefined when there is. */
export function etcdMissing(): string | undefined {
  return findEtcds().length > 0 ? undefined : "no etcd on this machine: apt-get install etcd-server";
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

export interface EtcdMember {
  readonly endpoint: string;
  readonly directory: string;
  readonly process: ChildProcess;
  /** As by kill -9; resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again on what it had. */
  restart(): Promise<void>;
  /** Ends it and forgets its data. */
  remove(): Promise<void>;
}

export interface EtcdClusterOptions {
  readonly members?: number | undefined;
  readonly flags?: readonly string[] | undefined;
  /** Scheme of the client addresses: `http` by default. */
  readonly scheme?: "http" | "https" | undefined;
}

/** Starts a cluster; resolves when every member listens and a leader is there. */
export async function startEtcd(binary: EtcdBinary, options: EtcdClusterOptions = {}): Promise<EtcdMember[]> {
  const { members = 1, flags = [], scheme = "http" } = options;
  const ports = await Promise.all(Array.from({ length: members * 2 }, () => freePort()));
  const peer = (i: number): string => `http://127.0.0.1:${ports[members + i]}`;
  const cluster = Array.from({ length: members }, (_, i) => `m${i}=${peer(i)}`).join(",");
  return Promise.all(
    Array.from({ length: members }, (_, i) => {
      const endpoint = `${scheme}://127.0.0.1:${ports[i]}`;
      const directory = mkdtempSync(join(tmpdir(), "tsukube-etcd-"));
      const args = ["--name", `m${i}`, "--data-dir", directory, "--listen-client-urls", endpoint, "--advertise-client-urls", endpoint];
      args.push("--listen-peer-urls", peer(i), "--initial-advertise-peer-urls", peer(i), "--initial-cluster", cluster);
      return startMember(binary, [...args, "--unsafe-no-fsync", "--log-level", "info", ...flags], endpoint, directory);
    }),
  );
}

async function startMember(binary: EtcdBinary, args: readonly string[], endpoint: string, directory: string): Promise<EtcdMember> {
  let child = await run(binary.path, args);
  const kill = (): Promise<void> =>
    new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once("exit", () => resolve());
      child.kill("SIGKILL");
    });
  return {
    endpoint,
    directory,
    get process() {
      return child;
    },
    kill,
    restart: async () => {
      child = await run(binary.path, args);
    },
    remove: async () => {
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function run(path: string, args: readonly string[]): Promise<ChildProcess> {
  const env = { ...process.env };
  for (const name of Object.keys(env)) if (name.startsWith("ETCD_")) delete env[name];
  const child = spawn(path, args, { stdio: ["ignore", "ignore", "pipe"], env });
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-20_000);
      if (/ready to serve client requests/.test(said)) resolve(child);
    });
    child.once("exit", (code) => reject(new Error(`etcd ended with ${code}: ${said.slice(-2000)}`)));
  });
}
