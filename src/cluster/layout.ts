/** Where things lie below a cluster's data directory. */
import { join } from "node:path";
import type { Machine } from "./machines/machine.ts";
import type { ClusterConfig } from "./options.ts";

export function imageDir(config: ClusterConfig): string {
  return join(config.dataDir, "images");
}

export function containerdDir(machine: Machine): string {
  return join(machine.dir, "containerd");
}

export function runtimeSocket(machine: Machine): string {
  return join(containerdDir(machine), "containerd.sock");
}
