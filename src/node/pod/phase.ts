/** A pod's phase from the states of its containers. Pure. */
import { isSidecar } from "../../kinds/pod/containers.ts";
import type { Container, ContainerStateTerminated, ContainerStatus, PodSpec } from "../../schema/types/core-v1.ts";
import { shouldRestart } from "../../kinds/pod/restart.ts";
import { restartingReason } from "./restart-all.ts";

export type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";

/**
 * `ended`: nothing will be started any more, whatever the restart policy says. `initialized`: regular containers have been
 * started, so restarting sidecars do not make the pod pending again.
 */
export function podPhase(spec: PodSpec, statuses: readonly ContainerStatus[], ended: boolean, initialized: boolean): PodPhase {
  const find = (container: Container): ContainerStatus | undefined => statuses.find((s) => s.name === container.name);
  const over = (container: Container, end: ContainerStateTerminated): boolean =>
    end.reason !== restartingReason && !shouldRestart(container, spec, end.exitCode);
  let pendingInit = 0;
  let pendingSidecars = 0;
  let failedForGood = 0;
  let [unknown, running, waiting, stopped, stoppedForGood, succeeded] = [0, 0, 0, 0, 0, 0];

  for (const container of spec.initContainers ?? []) {
    const status = find(container);
    if (isSidecar(container)) {
      if (status?.state?.running !== undefined) {
        if (status.started !== true) pendingSidecars++;
        running++;
      } else if (status === undefined) unknown++;
      else if (status.state?.waiting !== undefined && status.lastState?.terminated === undefined) {
        pendingSidecars++;
        waiting++;
      }
      continue;
    }
    const end = status?.state?.terminated ?? (status?.state?.waiting === undefined ? undefined : status.lastState?.terminated);
    if (end === undefined) pendingInit++;
    else if (end.exitCode !== 0 && over(container, end)) failedForGood++;
  }

  for (const container of spec.containers) {
    const status = find(container);
    if (status?.state?.running !== undefined) {
      running++;
      continue;
    }
    const now = status?.state?.terminated;
    const end = now ?? (status?.state?.waiting === undefined ? undefined : status.lastState?.terminated);
    if (end !== undefined) {
      stopped++;
      if (over(container, end)) stoppedForGood++;
      if (now?.exitCode === 0) succeeded++;
    } else if (status?.state?.waiting !== undefined) waiting++;
    else unknown++;
  }

  if (failedForGood > 0) return "Failed";
  if (pendingInit > 0 || (pendingSidecars > 0 && !initialized) || waiting > 0) return "Pending";
  if (running > 0 && unknown === 0) return "Running";
  if (running === 0 && stopped > 0 && unknown === 0) {
    if (!ended && stopped !== stoppedForGood) return "Running";
    return stopped === succeeded ? "Succeeded" : "Failed";
  }
  return "Pending";
}
