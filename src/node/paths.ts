/** Where a node keeps its things, all below its data directory unless said otherwise. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";

export interface NodePaths {
  /** The kubelet's root: pods, volumes, profiles. */
  readonly root: string;
  readonly podLogs: string;
  /** Links to the logs of containers, by the names that log shippers expect. */
  readonly containerLogs: string;
  readonly containerd: string;
  readonly seccomp: string;
}

export function nodePaths(dataDir: string): NodePaths {
  const root = join(dataDir, "kubelet");
  return {
    root,
    podLogs: join(dataDir, "log", "pods"),
    containerLogs: join(dataDir, "log", "containers"),
    containerd: join(dataDir, "containerd"),
    seccomp: join(root, "seccomp"),
  };
}

export function makeNodePaths(paths: NodePaths): void {
  for (const directory of Object.values(paths)) mkdirSync(directory as string, { recursive: true });
}
