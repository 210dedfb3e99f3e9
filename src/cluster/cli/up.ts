import { spawn, spawnSync } from "node:child_process";
import { accessSync, closeSync, constants, existsSync, openSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { makeDirectories } from "../../host/directories.ts";
import { describeMissing, missing } from "../capabilities.ts";
import { occupiedRange } from "../machines/host-network.ts";
import { type ClusterConfig, clusterFlags, rangeTurns, resolveConfig, type UpOptions, UsageError } from "../options.ts";
import { fileProblem } from "../startup-problem.ts";
import { ClusterError, locate, running } from "../state.ts";
import { fix } from "./doctor.ts";
import type { Command, Report } from "./command.ts";
import { type Output, seconds } from "./output.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export const up: Command = {
  spec: {
    name: "up",
    summary: 'Starts a cluster, or goes on with the one of that name. Ready when a line begins with "Ready".',
    options: {
      name: { type: "string", value: "NAME", help: "the cluster's name (dev)" },
      nodes: { type: "number", value: "N", help: "real nodes (1 where root and containerd allow it)" },
      "simulated-nodes": { type: "number", value: "N", help: "simulated nodes (1 where there is no real one)" },
      "data-dir": { type: "string", value: "DIR", help: "where everything is kept ($XDG_DATA_HOME/tsukube/NAME)" },
      port: { type: "number", value: "PORT", help: "the API server's port on 127.0.0.1 (6443)" },
      "pod-cidr": { type: "string", value: "CIDR", help: "addresses for pods, a /24 a node (drawn from the name)" },
      "service-cidr": { type: "string", value: "CIDR", help: "addresses for services (drawn from the name)" },
      kubeconfig: { type: "string", value: "FILE", help: "write the kubeconfig here instead of into your own" },
      store: { type: "string", value: "KIND", help: "embedded (durable, the default), memory or etcd=URL,URL" },
      containerd: { type: "string", value: "PATH", help: "the containerd that the nodes run (the one on PATH)" },
      "kube-apiserver-arg": {
        type: "string",
        value: "NAME=VALUE",
        repeated: true,
        help: "a flag of kube-apiserver v1.36, kept for later starts; NAME- takes it back",
      },
      detach: { type: "boolean", short: "d", help: "return when the cluster is ready" },
      yes: { type: "boolean", help: "install missing system packages without asking" },
    },
    notes: "Without --detach the cluster runs until this command is interrupted.",
  },
  run: async (parsed, output) => {
    const v = parsed.values as Record<string, never>;
    const started = performance.now();
    const { dataDir, config: stored } = locate({ name: v["name"], dataDir: v["data-dir"] });
    const alive = running(dataDir);
    if (alive !== undefined) {
      throw new ClusterError(
        `cluster ${JSON.stringify(alive.name)} is up already (process ${alive.controlPlane.pid}, ${alive.url}); stop it with \`tsukube down${clusterFlags({ name: alive.name, dataDir })}\``,
      );
    }
    const options: UpOptions = {
      name: v["name"],
      nodes: v["nodes"],
      simulatedNodes: v["simulated-nodes"],
      dataDir,
      port: v["port"],
      podCidr: v["pod-cidr"],
      serviceCidr: v["service-cidr"],
      store: v["store"],
      containerd: v["containerd"],
      kubeApiserverArgs: parsed.lists["kube-apiserver-arg"],
    };
    const asked = resolveConfig(options, stored);
    if (v["containerd"] !== undefined) checkContainerd(v["containerd"]);
    const decided = await decideNodes(asked, v["yes"] === true, output);
    await checkPort(decided.port);
    const config = decided.nodes === 0 ? decided : await onFreeRanges(decided, options, stored);
    makeDataDir(config);
    return start(config, { kubeconfig: v["kubeconfig"], detach: v["detach"] === true }, started, output);
  },
};

/**
 * The configuration on ranges that the host does not route yet: those that were given or are remembered, else the first free
 * ones of the defaults. Throws UsageError with what is taken.
 */
async function onFreeRanges(config: ClusterConfig, options: UpOptions, stored: ClusterConfig | undefined): Promise<ClusterConfig> {
  const first = await occupiedRange(config);
  if (first === undefined) return config;
  if (stored === undefined) {
    for (let rangeTurn = 1; rangeTurn < rangeTurns; rangeTurn++) {
      const { podCidr, serviceCidr, nodeCidr } = resolveConfig({ ...options, rangeTurn }, undefined);
      const moved = { ...config, podCidr, serviceCidr, nodeCidr };
      if ((await occupiedRange(moved)) === undefined) return moved;
    }
  }
  throw new UsageError(first);
}

function checkContainerd(path: string): void {
  const refuse = (why: string): UsageError =>
    new UsageError(`--containerd: ${path} ${why}; give the path of a containerd, or leave the option out to use the one on PATH`);
  if (!existsSync(path)) throw refuse("does not exist");
  try {
    accessSync(path, constants.X_OK);
  } catch {
    throw refuse("may not be executed");
  }
  const told = spawnSync(path, ["--version"], { encoding: "utf8", timeout: 10_000 });
  if (told.error !== undefined || !told.stdout.startsWith("containerd")) throw refuse("is not a containerd");
}

/** How many nodes of which kind; -1 stands for "not said". */
async function decideNodes(config: ClusterConfig, yes: boolean, output: Output): Promise<ClusterConfig> {
  if (config.nodes === 0) return { ...config, simulatedNodes: Math.max(0, config.simulatedNodes) };
  let lacking = missing(config.containerd);
  if (lacking.length > 0 && yes) {
    await fix(config.containerd, true, output);
    lacking = missing(config.containerd);
  }
  if (lacking.length === 0)
    return { ...config, nodes: config.nodes === -1 ? 1 : config.nodes, simulatedNodes: Math.max(0, config.simulatedNodes) };
  if (config.nodes > 0)
    throw new ClusterError(
      `--nodes ${config.nodes}: real nodes cannot run here: ${describeMissing(lacking)}; ${lacking.some((n) => n.package !== undefined) ? "`tsukube doctor --fix` installs packages" : "run it as root on Linux"}, or use --simulated-nodes ${config.nodes}`,
    );
  output.note(`no real node: ${describeMissing(lacking)}; pods run on a simulated node (\`tsukube doctor\` tells more)`);
  return { ...config, nodes: 0, simulatedNodes: config.simulatedNodes === -1 ? 1 : config.simulatedNodes };
}

function checkPort(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") reject(new ClusterError(`port ${port} is taken by another program; give a free one with --port`));
      else if (error.code === "EACCES")
        reject(new ClusterError(`port ${port} may not be opened by this user; give one above 1023 with --port`));
      else reject(error);
    });
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve()));
  });
}

function makeDataDir(config: ClusterConfig): void {
  try {
    makeDirectories(join(config.dataDir, "logs"), 0o700);
    accessSync(config.dataDir, constants.W_OK);
  } catch (error) {
    const problem = fileProblem(error, config.dataDir);
    if (problem !== undefined) throw problem;
    const e = error as NodeJS.ErrnoException;
    throw new ClusterError(`the data directory ${config.dataDir} cannot be made (${e.code ?? e.message}); give another with --data-dir`);
  }
}

interface StartOptions {
  kubeconfig: string | undefined;
  detach: boolean;
}

async function start(config: ClusterConfig, options: StartOptions, started: number, output: Output): Promise<number> {
  const say = (r: Report): void => {
    if (r.type === "ready") output.print(`Ready in ${seconds(performance.now() - started)}: ${r.text}`);
    else output.progress(r.text);
  };
  if (!options.detach) {
    const { runCluster } = await import("./run-cluster.ts");
    return runCluster(config, { kubeconfig: options.kubeconfig, report: say });
  }
  return detached(config, options.kubeconfig, say);
}

/** A process of its own for the cluster. Resolves when that says it is ready; an interrupt until then is passed on to it. */
function detached(config: ClusterConfig, kubeconfig: string | undefined, say: (report: Report) => void): Promise<number> {
  const args = ["--data-dir", config.dataDir, "--config", JSON.stringify(config)];
  if (kubeconfig !== undefined) args.push("--kubeconfig", kubeconfig);
  const logFile = join(config.dataDir, "logs", "control-plane.log");
  const log = openSync(logFile, "a", 0o600);
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] as string, "run-cluster", ...args], {
    detached: true,
    stdio: ["ignore", log, log, "pipe"],
    env: { ...process.env, TSUKUBE_REPORT_FD: "3" },
  });
  closeSync(log);
  const pipe = child.stdio[3] as Socket;
  let interrupted: number | undefined;
  const interrupt = (): void => {
    const now = performance.now();
    interrupted ??= now;
    // Asked once it stops in order; asked again, at once, and `tsukube down` cleans up. A terminal and a launcher may both
    // pass the same Ctrl-C on.
    child.kill(now - interrupted > 1000 ? "SIGKILL" : "SIGTERM");
  };
  for (const s of signals) process.on(s, interrupt);
  let failure: string | undefined;
  const done = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (interrupted !== undefined) reject(new ClusterError(`interrupted: ${config.name} is down again`));
      else
        reject(new ClusterError(failure ?? `the control plane ended at its start (${signal ?? `status ${code}`}); its log is ${logFile}`));
    });
    createInterface({ input: pipe }).on("line", (line) => {
      const report = JSON.parse(line) as Report;
      if (report.type === "error") {
        failure = report.text;
        return;
      }
      say(report);
      if (report.type === "ready") resolve(0);
    });
  });
  return done.finally(() => {
    for (const s of signals) process.off(s, interrupt);
    child.removeAllListeners("close");
    pipe.destroy();
    child.unref();
  });
}
