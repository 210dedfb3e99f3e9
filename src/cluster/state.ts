/** What is kept about a cluster beside its data: its configuration, and which processes run it now. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isAlive, type ProcessId } from "./machines/processes.ts";
import type { HostNetworkUndo } from "./machines/host-network.ts";
import { type ClusterConfig, defaultDataDir } from "./options.ts";

/** Of a running cluster: `run.json`. */
export interface RunState {
  readonly controlPlane: ProcessId;
  readonly startedAt: string;
  readonly version: string;
  readonly url: string;
  readonly nodes: number;
  readonly simulatedNodes: number;
  /** Kubeconfig files that hold a context of this cluster. */
  readonly kubeconfigs: readonly string[];
  readonly hostNetwork?: HostNetworkUndo | undefined;
}

/** Data that cannot be used, in one sentence with the mend. Exit status 1. */
export class ClusterError extends Error {
  override readonly name = "ClusterError";
}

const configFile = (dataDir: string): string => join(dataDir, "cluster.json");
const runFile = (dataDir: string): string => join(dataDir, "run.json");

function readJson<T>(file: string): T | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, "utf8")) as T;
  } catch (error) {
    throw new ClusterError(
      `${file} is damaged (${(error as Error).message}); restore it, or forget this cluster with \`tsukube down --purge\``,
    );
  }
}

export function writeFileWhole(file: string, text: string, mode = 0o600): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, text, { mode });
  renameSync(`${file}.new`, file);
}

/** @throws ClusterError when it was written by a newer tsukube or is damaged */
export function readConfig(dataDir: string): ClusterConfig | undefined {
  const config = readJson<ClusterConfig>(configFile(dataDir));
  if (config !== undefined && config.format !== 1) {
    throw new ClusterError(
      `${configFile(dataDir)} was written by a newer tsukube (format ${String(config.format)}, this one reads 1); use that version, or another --name`,
    );
  }
  return config === undefined ? undefined : { ...config, dataDir };
}

export function writeConfig(config: ClusterConfig): void {
  writeFileWhole(configFile(config.dataDir), `${JSON.stringify(config, undefined, 2)}\n`);
}

export function readRun(dataDir: string): RunState | undefined {
  return readJson<RunState>(runFile(dataDir));
}

/** The state of the cluster's processes, if they are alive. */
export function running(dataDir: string): RunState | undefined {
  const run = readRun(dataDir);
  return run !== undefined && isAlive(run.controlPlane) ? run : undefined;
}

export function writeRun(dataDir: string, state: RunState): void {
  writeFileWhole(runFile(dataDir), `${JSON.stringify(state, undefined, 2)}\n`);
}

export function forgetRun(dataDir: string): void {
  rmSync(runFile(dataDir), { force: true });
}

/** The data directory that `--name` and `--data-dir` mean, and what it holds. */
export function locate(options: { name?: string | undefined; dataDir?: string | undefined }): {
  dataDir: string;
  config: ClusterConfig | undefined;
} {
  const dataDir = options.dataDir ?? defaultDataDir(options.name ?? "dev");
  return { dataDir, config: readConfig(dataDir) };
}

/** As {@link locate}, for commands that need a cluster to be there. */
export function locateExisting(options: { name?: string | undefined; dataDir?: string | undefined }): ClusterConfig {
  const { dataDir, config } = locate(options);
  if (config !== undefined) return config;
  const known = knownClusters(dirname(dataDir));
  throw new ClusterError(
    `there is no cluster ${JSON.stringify(options.name ?? "dev")} (looked in ${dataDir})${known.length > 0 ? `; there is ${known.join(", ")}` : "; make one with `tsukube up`"}`,
  );
}

function knownClusters(base: string): string[] {
  if (!existsSync(base)) return [];
  return readdirSync(base).filter((d) => existsSync(configFile(join(base, d))));
}
