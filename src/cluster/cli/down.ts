import { existsSync, rmSync } from "node:fs";
import { removeHostNetwork } from "../machines/host-network.ts";
import { machineOf, removeMachine } from "../machines/machine.ts";
import { isAlive, stopProcess } from "../machines/processes.ts";
import type { ClusterConfig } from "../options.ts";
import { ClusterError, forgetRun, locate, locateExisting, readRun, type RunState } from "../state.ts";
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
    if (purge && locate({ ...where }).config === undefined && existsSync(locate(where).dataDir)) {
      throw new ClusterError(`${locate(where).dataDir} does not hold a cluster; nothing was removed`);
    }
    const config = locateExisting(where);
    const run = readRun(config.dataDir);
    if (run !== undefined && isAlive(run.controlPlane)) {
      output.progress(`stopping ${config.name}`);
      await stopProcess(run.controlPlane, grace);
    } else if (!purge) output.note(`cluster ${JSON.stringify(config.name)} was not running; cleaning up what it left`);
    await removeTraces(config, run);
    if (purge) {
      for (const file of run?.kubeconfigs ?? []) await removeContext(file, contextName(config.name));
      rmSync(config.dataDir, { recursive: true, force: true });
    }
    output.print(`${config.name} is ${purge ? "gone" : "down"}`);
    return 0;
  },
};

/** Whatever a crash may have left: nodes, their processes, links, rules. */
export async function removeTraces(config: ClusterConfig, run: RunState | undefined): Promise<void> {
  if (process.platform === "linux" && process.getuid?.() === 0) {
    const nodes = Math.max(config.nodes, run?.nodes ?? 0);
    await Promise.all(Array.from({ length: nodes }, (_, i) => removeMachine(machineOf(config, i + 1))));
    if (nodes > 0) await removeHostNetwork(config, run?.hostNetwork);
  }
  forgetRun(config.dataDir);
}
