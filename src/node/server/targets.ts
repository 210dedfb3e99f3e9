/** Which pod and container a request to the kubelet is about. */
import type { Pod } from "../../schema/types/core-v1.ts";
import { findRuntimeContainer, type RuntimeContainer } from "../pod/runtime.ts";
import type { PodWorker } from "../pod/pod-worker.ts";
import type { PodWorkers } from "../pod-workers.ts";

/** An answer that is not 200, in plain text. */
export class HttpProblem extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface StreamTarget {
  readonly what: "exec" | "attach" | "portForward";
  readonly worker: PodWorker;
  readonly container: RuntimeContainer | undefined;
}

/** `/exec/NAMESPACE/POD/[UID/]CONTAINER`, `/attach/…`, `/portForward/NAMESPACE/POD[/UID]`. */
export function targetOf({ workers }: { workers: PodWorkers }, url: URL): StreamTarget {
  const [, what, namespace = "", name = "", ...rest] = url.pathname.split("/").map(decodeURIComponent);
  if (what !== "exec" && what !== "attach" && what !== "portForward") throw new HttpProblem(404, "404 page not found");
  const worker = workers.find(namespace, name);
  if (worker === undefined) throw new HttpProblem(404, "pod does not exist");
  if (what === "portForward") return { what, worker, container: undefined };
  const containerName = rest.at(-1) ?? "";
  const container = findRuntimeContainer(worker.runtime, containerName);
  if (container === undefined) throw new HttpProblem(500, `container not found ("${containerName}")`);
  return { what, worker, container };
}

export function podName(pod: Pod): string {
  return pod.metadata?.name ?? "";
}
