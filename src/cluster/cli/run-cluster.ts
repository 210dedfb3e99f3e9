/** The control plane's process: everything of a cluster but its node agents, and the keeper of those. */
import { writeSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../core/clock.ts";
import { createLogger, type Level, type Logger, type Threshold } from "../../core/log.ts";
import { lockDirectory } from "../../store/directory-lock.ts";
import { type ApiServerFlags, resolveApiServerFlags } from "../api-server-flags/index.ts";
import { levelOf } from "../server-pages.ts";
import type { ControlPlane } from "../control-plane.ts";
import { publishKubeconfig } from "../kubeconfig.ts";
import { hostNetworkBefore } from "../machines/host-network.ts";
import { processId } from "../machines/processes.ts";
import { removeSurplusMachines, startMachines } from "../machines/start.ts";
import type { ClusterConfig } from "../options.ts";
import { type ClusterPki, ensurePki, newSigningKey } from "../pki.ts";
import { ClusterError, forgetRun, readRun, type RunState, writeConfig, writeRun } from "../state.ts";
import { startupProblem } from "../startup-problem.ts";
import { removeTraces } from "./down.ts";
import type { Command, Report } from "./command.ts";
import { seconds } from "./output.ts";
import { version } from "./version.ts";

export interface RunOptions {
  readonly kubeconfig: string | undefined;
  readonly report: (report: Report) => void;
}

/** Used by `up --detach`: takes its configuration and reports line by line on the descriptors that the environment names. */
export const runClusterCommand: Command = {
  spec: {
    name: "run-cluster",
    summary: "Runs a cluster that `tsukube up` has decided on.",
    options: {
      "data-dir": { type: "string", value: "DIR", help: "where it is kept" },
      config: { type: "string", value: "JSON", help: "everything that was decided" },
      kubeconfig: { type: "string", value: "FILE", help: "where to write the kubeconfig" },
    },
  },
  run: async (parsed) => {
    const config = JSON.parse(parsed.values["config"] as string) as ClusterConfig;
    const fd = process.env["TSUKUBE_REPORT_FD"];
    let open = fd !== undefined;
    const report = (r: Report): void => {
      if (!open) return;
      try {
        writeSync(Number(fd), `${JSON.stringify(r)}\n`);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
        open = false; // `up` has returned: the cluster goes on without a listener
      }
    };
    try {
      return await runCluster(config, { kubeconfig: parsed.values["kubeconfig"] as string | undefined, report });
    } catch (error) {
      report({ type: "error", text: (error as Error).message });
      throw error;
    }
  },
};

/**
 * Runs until SIGINT or SIGTERM, then takes everything down in order. Resolves with the exit status: 1 when it was stopped
 * before it was ready. The data directory is
 * this process's from the first write to the last.
 * @throws ClusterError
 */
export async function runCluster(config: ClusterConfig, options: RunOptions): Promise<number> {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  for (const s of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(s, stop);
  const flags = resolveApiServerFlags(config.kubeApiserverArgs);
  const threshold: Threshold = { level: firstLevel(flags) };
  const log = createLogger({ level: threshold, json: flags.string("logging-format") === "json" });
  let unlock: () => void;
  try {
    unlock = lockDirectory(config.dataDir);
  } catch (error) {
    throw startupProblem(error, config);
  }
  try {
    let ready = false;
    const report = (r: Report): void => {
      ready ||= r.type === "ready";
      options.report(r);
    };
    await lockedRun(config, { ...options, report }, log, threshold, stopping.signal);
    return ready ? 0 : 1;
  } catch (error) {
    throw startupProblem(error, config);
  } finally {
    unlock();
  }
}

/** On a terminal only what goes wrong; more where a file takes it, or where somebody asked. */
function firstLevel(flags: ApiServerFlags): Level {
  if (process.env["TSUKUBE_DEBUG"]) return "debug";
  if (flags.given("v")) return levelOf(flags.int("v"));
  return process.env["TSUKUBE_REPORT_FD"] ? "info" : "error";
}

async function lockedRun(
  config: ClusterConfig,
  options: RunOptions,
  log: Logger,
  threshold: Threshold,
  stopping: AbortSignal,
): Promise<void> {
  const started = performance.now();
  const previous = readRun(config.dataDir);
  // The key is found while the code is loaded.
  const [{ startControlPlane }, signingKey] = await Promise.all([import("../control-plane.ts"), newSigningKey(config)]);
  const pki = ensurePki(config, signingKey);
  const state: RunState = {
    name: config.name,
    controlPlane: processId(process.pid),
    startedAt: new Date().toISOString(),
    version,
    url: `https://127.0.0.1:${config.port}`,
    nodes: config.nodes,
    simulatedNodes: config.simulatedNodes,
    hostNetwork: previous?.hostNetwork ?? (config.nodes > 0 ? hostNetworkBefore() : undefined),
  };
  writeConfig(config);
  writeRun(config.dataDir, state);
  await removeSurplusMachines(config);
  let plane: ControlPlane | undefined;
  try {
    plane = await startControlPlane({ config, pki, clock: systemClock, log, threshold });
    options.report({ type: "progress", text: `API ready after ${seconds(performance.now() - started)} at ${plane.url}` });
    await publish(config, pki, plane.url, options.kubeconfig);
    await bringUp(config, pki, plane, log, stopping, options);
  } catch (error) {
    if (!stopping.aborted) {
      await plane?.stop();
      // What an earlier run left, its pods above all, is for the next `up` if the API server never ran.
      if (plane !== undefined) await removeTraces(config, state);
      else forgetRunUnlessCrashed(config, previous);
      const problem = startupProblem(error, config);
      if (problem instanceof ClusterError) throw problem;
      throw new ClusterError(`the cluster did not come up: ${problem.message}; its log is in ${join(config.dataDir, "logs")}`, {
        cause: error,
      });
    }
  }
  options.report({ type: "progress", text: "stopping" });
  await plane?.stop();
  await removeTraces(config, state);
}

/** The run file stays as it was when an earlier run crashed: `down` then still knows what that one changed. */
function forgetRunUnlessCrashed(config: ClusterConfig, previous: RunState | undefined): void {
  if (previous === undefined) forgetRun(config.dataDir);
  else writeRun(config.dataDir, previous);
}

async function publish(config: ClusterConfig, pki: ClusterPki, url: string, explicit: string | undefined): Promise<void> {
  const files = await publishKubeconfig(config, pki, url, explicit);
  const known = config.kubeconfigs ?? [];
  if (files.some((f) => !known.includes(f))) writeConfig({ ...config, kubeconfigs: [...new Set([...known, ...files])] });
}

/** Nodes and the word that they are ready; then until this process is told to stop. */
async function bringUp(
  config: ClusterConfig,
  pki: ClusterPki,
  plane: ControlPlane,
  log: Logger,
  stopping: AbortSignal,
  options: RunOptions,
): Promise<void> {
  if (stopping.aborted) return;
  let adopted: ReadonlySet<string> = new Set();
  if (config.nodes > 0) {
    options.report({ type: "progress", text: `starting ${config.nodes === 1 ? "a node" : `${config.nodes} nodes`}` });
    const machines = await startMachines({ config, pki, plane, clock: systemClock, log, signal: stopping });
    adopted = machines.adopted;
    plane.onStop(() => machines.stop());
  }
  await plane.nodesReady(config.nodes + config.simulatedNodes, adopted, stopping, (ready, all) =>
    options.report({ type: "progress", text: `${ready} of ${all} nodes ready` }),
  );
  if (stopping.aborted) return;
  options.report({ type: "ready", text: describe(config, plane.url) });
  await new Promise<void>((resolve) => stopping.addEventListener("abort", () => resolve(), { once: true }));
}

function describe(config: ClusterConfig, url: string): string {
  const kinds = [
    ...(config.nodes > 0 ? [`${config.nodes} real node${config.nodes === 1 ? "" : "s"}`] : []),
    ...(config.simulatedNodes > 0 ? [`${config.simulatedNodes} simulated node${config.simulatedNodes === 1 ? "" : "s"}`] : []),
  ];
  return `${config.name} at ${url}, ${kinds.length === 0 ? "no nodes" : kinds.join(" and ")}`;
}
