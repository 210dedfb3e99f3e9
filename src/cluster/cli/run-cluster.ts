/** The control plane's process: everything of a cluster but its node agents, and the keeper of those. */
import { writeSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../core/clock.ts";
import { createLogger } from "../../core/log.ts";
import { startControlPlane } from "../control-plane.ts";
import { publishKubeconfig } from "../kubeconfig.ts";
import { processId } from "../machines/processes.ts";
import { startMachines } from "../machines/start.ts";
import type { ClusterConfig } from "../options.ts";
import { ensurePki } from "../pki.ts";
import { ClusterError, forgetRun, locateExisting, readRun, type RunState, writeRun } from "../state.ts";
import { startupProblem } from "../startup-problem.ts";
import { removeTraces } from "./down.ts";
import type { Command, Report } from "./command.ts";
import { seconds } from "./output.ts";
import { version } from "./version.ts";

export interface RunOptions {
  readonly kubeconfig: string | undefined;
  readonly report: (report: Report) => void;
}

/** Used by `up --detach`: reports line by line on the descriptor in TSUKUBE_REPORT_FD. */
export const runClusterCommand: Command = {
  spec: {
    name: "run-cluster",
    summary: "Runs a cluster that `tsukube up` has prepared.",
    options: {
      "data-dir": { type: "string", value: "DIR", help: "where it is kept" },
      kubeconfig: { type: "string", value: "FILE", help: "where to write the kubeconfig" },
    },
  },
  run: async (parsed) => {
    const config = locateExisting({ dataDir: parsed.values["data-dir"] as string });
    const fd = process.env["TSUKUBE_REPORT_FD"];
    let open = fd !== undefined;
    const report = (r: Report): void => {
      if (!open) return;
      try {
        writeSync(Number(fd), `${JSON.stringify(r)}\n`);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
        open = false; // `up` has returned, or was interrupted: the cluster goes on without a listener
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

/** Runs until SIGINT or SIGTERM, then takes everything down in order. Resolves with the exit status. */
export async function runCluster(config: ClusterConfig, options: RunOptions): Promise<number> {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  for (const s of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(s, stop);
  const log = createLogger({
    level: process.env["TSUKUBE_DEBUG"] ? "debug" : "info",
    ...(process.env["TSUKUBE_REPORT_FD"] || process.env["TSUKUBE_DEBUG"] ? {} : { level: "error" }),
  });
  const started = performance.now();
  const previous = readRun(config.dataDir);
  const pki = ensurePki(config);
  const plane = await startControlPlane({ config, pki, clock: systemClock, log }).catch((error: unknown) => {
    throw startupProblem(error, config);
  });
  options.report({ type: "progress", text: `API ready after ${seconds(performance.now() - started)} at ${plane.url}` });
  const kubeconfigs = await publishKubeconfig(config, pki, plane.url, options.kubeconfig);
  let state: RunState = {
    controlPlane: processId(process.pid),
    startedAt: new Date().toISOString(),
    version,
    url: plane.url,
    nodes: config.nodes,
    simulatedNodes: config.simulatedNodes,
    kubeconfigs: [...new Set([...(previous?.kubeconfigs ?? []), ...kubeconfigs])],
    hostNetwork: previous?.hostNetwork,
  };
  writeRun(config.dataDir, state);
  try {
    let adopted: ReadonlySet<string> = new Set();
    if (config.nodes > 0) {
      options.report({ type: "progress", text: `starting ${config.nodes === 1 ? "a node" : `${config.nodes} nodes`}` });
      const machines = await startMachines({
        config,
        pki,
        plane,
        clock: systemClock,
        log,
        signal: stopping.signal,
        undo: previous?.hostNetwork,
      });
      state = { ...state, hostNetwork: machines.undo };
      writeRun(config.dataDir, state);
      adopted = machines.adopted;
      plane.onStop(() => machines.stop());
    }
    await plane.nodesReady(config.nodes + config.simulatedNodes, adopted, stopping.signal, (ready, all) =>
      options.report({ type: "progress", text: `${ready} of ${all} nodes ready` }),
    );
    if (!stopping.signal.aborted) options.report({ type: "ready", text: describe(config, plane.url) });
    await new Promise<void>((resolve) => {
      if (stopping.signal.aborted) resolve();
      else stopping.signal.addEventListener("abort", () => resolve(), { once: true });
    });
  } catch (error) {
    if (!stopping.signal.aborted) {
      await plane.stop();
      await removeTraces(config, state);
      throw error instanceof ClusterError
        ? error
        : new ClusterError(`the cluster did not come up: ${(error as Error).message}; its log is ${join(config.dataDir, "logs")}`);
    }
  }
  options.report({ type: "progress", text: "stopping" });
  await plane.stop();
  await removeTraces(config, state);
  forgetRun(config.dataDir);
  return 0;
}

function describe(config: ClusterConfig, url: string): string {
  const kinds = [
    ...(config.nodes > 0 ? [`${config.nodes} real node${config.nodes === 1 ? "" : "s"}`] : []),
    ...(config.simulatedNodes > 0 ? [`${config.simulatedNodes} simulated node${config.simulatedNodes === 1 ? "" : "s"}`] : []),
  ];
  return `${config.name} at ${url}, ${kinds.length === 0 ? "no nodes" : kinds.join(" and ")}`;
}
