/** What is kept about a cluster beside its data: its configuration, and which processes run it now. */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { directoryOwner } from "../store/directory-lock.ts";
import { isAlive, type ProcessId, processId } from "./machines/processes.ts";
import type { HostNetworkUndo } from "./machines/host-network.ts";
import { configFault, type ClusterConfig, defaultDataDir, resolveConfig } from "./options.ts";

/** Of a running cluster: `run.json`. Written first of all at a start, so that whatever comes after can be found again. */
export interface RunState {
  readonly name: string;
  readonly controlPlane: ProcessId;
  readonly startedAt: string;
  readonly version: string;
  readonly url: string;
  readonly nodes: number;
  readonly simulatedNodes: number;
  readonly hostNetwork?: HostNetworkUndo | undefined;
}

/** What could not be done, in one sentence with the mend. Exit status 1. */
export class ClusterError extends Error {
  override readonly name = "ClusterError";
}

const configFile = (dataDir: string): string => join(dataDir, "cluster.json");
const runFile = (dataDir: string): string => join(dataDir, "run.json");

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

/** Writes beside the file and renames, so that a crash or a power cut leaves the old one or the new one. */
export function writeFileWhole(file: string, text: string, mode = 0o600): void {
  mkdirSync(dirname(file), { recursive: true });
  const next = `${file}.new`;
  try {
    const fd = openSync(next, "w", mode);
    try {
      writeSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(next, file);
  } catch (error) {
    rmSync(next, { force: true });
    throw error;
  }
}

/** @throws ClusterError when it was written by a newer tsukube or is damaged */
export function readConfig(dataDir: string): ClusterConfig | undefined {
  const file = configFile(dataDir);
  const text = textOf(file);
  if (text === undefined) return undefined;
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    throw damagedConfig(file, "it is not JSON");
  }
  const format = (config as { format?: unknown } | null)?.format;
  if (typeof format === "number" && format > 1) {
    throw new ClusterError(
      `${file} was written by a newer tsukube (format ${format}, this one reads 1); use that version, or another --name`,
    );
  }
  const fault = configFault(config);
  if (fault !== undefined) throw damagedConfig(file, fault);
  return { ...(config as ClusterConfig), dataDir };
}

function damagedConfig(file: string, why: string): ClusterError {
  return new ClusterError(
    `${file} is damaged: ${why}; remove this one file and give \`tsukube up\` the options of the first time to go on with the data, or forget the cluster with \`tsukube down --purge\``,
  );
}

export function writeConfig(config: ClusterConfig): void {
  writeFileWhole(configFile(config.dataDir), `${JSON.stringify(config, undefined, 2)}\n`);
}

/** What the last start noted; undefined when there is nothing, or nothing that can be read: the lock tells who is alive. */
export function readRun(dataDir: string): RunState | undefined {
  const text = textOf(runFile(dataDir));
  if (text === undefined) return undefined;
  try {
    const run = JSON.parse(text) as Partial<RunState> | null;
    return typeof run?.controlPlane?.pid === "number" && typeof run.controlPlane.started === "string" ? (run as RunState) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The state of the cluster's processes, if its control plane is alive: the one that holds the data directory's lock. */
export function running(dataDir: string): RunState | undefined {
  const run = readRun(dataDir);
  if (run !== undefined && isAlive(run.controlPlane)) return run;
  const owner = directoryOwner(dataDir);
  if (owner === undefined) return undefined;
  const config = readConfig(dataDir);
  return {
    name: config?.name ?? "dev",
    controlPlane: processId(owner),
    startedAt: "",
    version: "",
    url: `https://127.0.0.1:${config?.port ?? 0}`,
    nodes: config?.nodes ?? 0,
    simulatedNodes: config?.simulatedNodes ?? 0,
    hostNetwork: run?.hostNetwork,
  };
}

export function writeRun(dataDir: string, state: RunState): void {
  writeFileWhole(runFile(dataDir), `${JSON.stringify(state, undefined, 2)}\n`);
}

export function forgetRun(dataDir: string): void {
  rmSync(runFile(dataDir), { force: true });
}

/** The data directory that `--name` and `--data-dir` mean. */
export function dataDirOf(options: { name?: string | undefined; dataDir?: string | undefined }): string {
  return resolve(options.dataDir ?? defaultDataDir(options.name ?? "dev"));
}

/** The data directory that `--name` and `--data-dir` mean, and what it holds. */
export function locate(options: { name?: string | undefined; dataDir?: string | undefined }): {
  dataDir: string;
  config: ClusterConfig | undefined;
} {
  const dataDir = dataDirOf(options);
  return { dataDir, config: readConfig(dataDir) };
}

/** As {@link locate}, for commands that need a cluster to be there. */
export function locateExisting(options: { name?: string | undefined; dataDir?: string | undefined }): ClusterConfig {
  const { dataDir, config } = locate(options);
  if (config !== undefined) return config;
  throw noCluster(options, dataDir);
}

function noCluster(options: { name?: string | undefined; dataDir?: string | undefined }, dataDir: string): ClusterError {
  if (options.dataDir !== undefined)
    return new ClusterError(`there is no cluster in ${dataDir}; make one with \`tsukube up --data-dir ${dataDir}\``);
  const known = knownClusters(dirname(dataDir));
  const flag = options.name === undefined || options.name === "dev" ? "" : ` --name ${options.name}`;
  return new ClusterError(
    `there is no cluster ${JSON.stringify(options.name ?? "dev")} (looked in ${dataDir}); ${known.length > 0 ? `there is ${known.join(", ")}` : `make one with \`tsukube up${flag}\``}`,
  );
}

/**
 * What can be known of a cluster whose `cluster.json` cannot be used, so that it can still be taken down: its name from its
 * last run, from `--name`, or from where it lies.
 */
export function locateDamaged(options: { name?: string | undefined; dataDir?: string | undefined }): ClusterConfig {
  const dataDir = dataDirOf(options);
  const own = basename(dataDir);
  const name = readRun(dataDir)?.name ?? options.name ?? (dataDir === defaultDataDir(own) ? own : "dev");
  return resolveConfig({ name, dataDir, nodes: nodesOnDisk(dataDir) }, undefined);
}

/** The highest number of a node that ever was in this data directory. */
export function nodesOnDisk(dataDir: string): number {
  const dir = join(dataDir, "nodes");
  if (!existsSync(dir)) return 0;
  return Math.max(0, ...readdirSync(dir).map((d) => Number(/^node-(\d{1,3})$/.exec(d)?.[1] ?? 0)));
}

function knownClusters(base: string): string[] {
  if (!existsSync(base)) return [];
  return readdirSync(base).filter((d) => existsSync(configFile(join(base, d))));
}
