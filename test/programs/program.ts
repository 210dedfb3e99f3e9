/** Programs of others as processes beside a cluster: built from Go modules by name, run, waited for, ended. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";

export interface Cluster {
  /** Of an administrator. */
  readonly kubeconfig: string;
  /** For files and logs; the caller removes it. */
  readonly work: string;
  /** Where built programs are kept. */
  readonly programs: string;
  readonly kubectl: string;
}

function run(command: string, args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string } = {}): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    timeout: 1_200_000,
    ...options,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: exit status ${status}\n${stderr}${stdout}`);
  return stdout;
}

/** Where the sources of a module lie, which are brought when they are not there. */
export function moduleDirectory(module: string): string {
  const told = JSON.parse(run("go", ["mod", "download", "-json", module])) as { Dir: string };
  return told.Dir;
}

const building: NodeJS.ProcessEnv = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-trimpath -buildvcs=false", GOTOOLCHAIN: "local" };

/** The executable of a package of a module (`sigs.k8s.io/kwok/cmd/kwok@v0.8.0`), built once. */
export function goProgram(cluster: Cluster, packageAtVersion: string): string {
  const [path = "", version = ""] = packageAtVersion.split("@");
  // What go calls the executable of a major version is the path before it.
  const name = path
    .replace(/\/v\d+$/, "")
    .split("/")
    .at(-1) as string;
  const directory = join(cluster.programs, version);
  const executable = join(directory, name);
  if (existsSync(executable)) return executable;
  mkdirSync(directory, { recursive: true });
  run("go", ["install", packageAtVersion], { cwd: cluster.work, env: { ...building, GOBIN: directory } });
  return executable;
}

/** The executable of a Go program of this repository. */
export function ownProgram(cluster: Cluster, directory: string, name: string): string {
  const executable = join(cluster.work, name);
  run("go", ["build", "-o", executable, "."], { cwd: directory, env: building });
  return executable;
}

export function kubectl(cluster: Cluster, args: readonly string[], input?: string): string {
  return run(cluster.kubectl, ["--kubeconfig", cluster.kubeconfig, ...args], input === undefined ? {} : { input });
}

/** What kubectl says when it fails; throws when it does not. */
export function kubectlRefused(cluster: Cluster, args: readonly string[], input: string): string {
  const { status, stdout, stderr } = spawnSync(cluster.kubectl, ["--kubeconfig", cluster.kubeconfig, ...args], { encoding: "utf8", input });
  if (status === 0) throw new Error(`kubectl ${args.join(" ")} was not refused: ${stdout}`);
  return stderr;
}

export interface Running {
  stop(): Promise<void>;
}

/** Starts a program; what it says goes to a file beside the cluster's. Ends with the caller's process too. */
export function start(cluster: Cluster, executable: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const name = executable.split("/").at(-1) as string;
  const log = createWriteStream(join(cluster.work, `${name}.log`));
  const child: ChildProcess = spawn(executable, args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    cwd: cluster.work,
  });
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    stop: async () => {
      child.kill("SIGTERM");
      const late = setTimeout(kill, 10_000);
      await ended;
      clearTimeout(late);
      process.removeListener("exit", kill);
      log.end();
    },
  };
}

/** Asks again and again; throws with the last trouble after `seconds`. */
export async function eventually(what: string, seconds: number, done: () => boolean): Promise<void> {
  const until = Date.now() + seconds * 1000;
  let trouble: unknown;
  while (Date.now() < until) {
    try {
      if (done()) {
        console.log(`  seen: ${what}`);
        return;
      }
      trouble = undefined;
    } catch (error) {
      trouble = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  throw new Error(`not seen within ${seconds} s: ${what}${trouble === undefined ? "" : `\n${String(trouble)}`}`);
}

/** An address of this machine that is not the loopback's: endpoints of Services may not be there. */
export function ownAddress(): string {
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { address, family, internal } of addresses ?? []) if (family === "IPv4" && !internal) return address;
  }
  throw new Error("this machine has no address but the loopback's");
}

/** A certificate for an address, which is its own authority: PEM texts. */
export function selfSigned(cluster: Cluster, address: string): { certificate: string; key: string } {
  const at = (name: string): string => join(cluster.work, name);
  const [certificate, key] = [at("tls.crt"), at("tls.key")];
  run("openssl", [
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "1",
    "-subj",
    "/CN=programs",
    "-addext",
    `subjectAltName=IP:${address}`,
    "-keyout",
    key,
    "-out",
    certificate,
  ]);
  return { certificate, key };
}
