/** `/pods`: the node's pods with the statuses it has, told to the API server or not yet. */
import type { Pod } from "../../schema/types/core-v1.ts";
import type { KubeList } from "../../schema/object.ts";
import type { StatusManager } from "../pod/status-manager.ts";
import type { PodWorkers } from "../pod-workers.ts";

export function podsWithStatus(workers: PodWorkers, statuses: StatusManager, running = false): KubeList<Pod> {
  const items = workers
    .list()
    .filter((worker) => !running || worker.runtime.containers.some((c) => c.state === "running"))
    .map((worker): Pod => {
      const status = statuses.get(worker.uid) ?? worker.pod.status;
      return { ...worker.pod, ...(status === undefined ? {} : { status }) };
    });
  return { kind: "PodList", apiVersion: "v1", metadata: {}, items };
}
