import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { removeHostNetwork } from "../machines/host-network.ts";
import { machineOf, removeMachine } from "../machines/machine.ts";
import { stopProcess } from "../machines/processes.ts";
import type { ClusterConfig } from "../options.ts";
import {
  ClusterError,
  dataDirOf,
  forgetRun,
  locate,
  locateDamaged,
  locateExisting,
  nodesOnDisk,
  readRun,
  running,
  type RunState,
} from "../state.ts";
import { contextName } from "../kubeconfig.ts";
import { removeContext } from "../../client/kubeconfig-file.ts";
import type { Command } from "./command.ts";

/** How long the control plane may take to end its pods, nodes and itself. */
const grace = 60_000;

export const down: Command = {
  spec: {
    name: "down",
    summary: "Stops a cluster: its pods, nodes, networks and processes. What it keeps stays, unless --purge.",
    options: {
      name: { type: "string", value: "NAME", help: "the cluster's name (dev)" },
      "data-dir": { type: "string", value: "DIR", help: "where it is kept, if not in the default place" },
      purge: { type: "boolean", help: "also forget its data and its kubeconfig context" },
    },
  },
  run: async (parsed, output) => {
    const where = { name: parsed.values["name"] as string | undefined, dataDir: parsed.values["data-dir"] as string | undefined };
    const purge = parsed.values["purge"] === true;
    const config = purge ? anyConfig(where) : locateExisting(where);
    const run = running(config.dataDir);
    if (run !== undefined) {
      output.progress(`stopping ${config.name}`);
      await stopProcess(run.controlPlane, grace);
    } else if (!purge) output.note(`cluster ${JSON.stringify(config.name)} was not running; cleaning up what it left`);
    await removeTraces(config, run ?? readRun(config.dataDir));
    if (purge) {
      for (const file of config.kubeconfigs ?? []) await removeContext(file, contextName(config.name));
      rmSync(config.dataDir, { recursive: true, force: true });
    }
    output.print(`${config.name} is ${purge ? "gone" : "down"}`);
    return 0;
  },
};

/** What is to be forgotten may be damaged, but it must be a cluster. */
function anyConfig(where: { name: string | undefined; dataDir: string | undefined }): ClusterConfig {
  const dataDir = dataDirOf(where);
  if (existsSync(dataDir) && !existsSync(join(dataDir, "cluster.json")) && !existsSync(join(dataDir, "pki", "ca.crt")))
    throw new ClusterError(`${dataDir} does not hold a cluster; nothing was removed`);
  try {
    return locate(where).config ?? (existsSync(dataDir) ? locateDamaged(where) : locateExisting(where));
  } catch (error) {
    if (error instanceof ClusterError && existsSync(dataDir)) return locateDamaged(where);
    throw error;
  }
}

/** Whatever a crash may have left: nodes, their processes, links, rules. */
export async function removeTraces(config: ClusterConfig, run: RunState | undefined): Promise<void> {
  if (process.platform === "linux" && process.getuid?.() === 0) {
    const nodes = Math.max(config.nodes, run?.nodes ?? 0, nodesOnDisk(config.dataDir));
    await Promise.all(Array.from({ length: nodes }, (_, i) => removeMachine(machineOf(config, i + 1))));
    if (nodes > 0) await removeHostNetwork(config, run?.hostNetwork);
  }
  forgetRun(config.dataDir);
}
