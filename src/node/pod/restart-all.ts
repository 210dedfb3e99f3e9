/**
 * A pod whose containers all start anew, because one of them ended with a rule that asks for it (KEP-5532). The condition
 * `AllContainersRestarting` holds from that end until every container has been removed. Pure.
 */
import { allContainersCouldRestart, matchingRestartRule } from "../../kinds/pod/restart.ts";
import type { Container, ContainerStatus, Pod, PodCondition, PodSpec, PodStatus } from "../../schema/types/core-v1.ts";
import { findRuntimeContainer, type PodRuntime, type RuntimeContainer } from "./runtime.ts";

const conditionType = "AllContainersRestarting";
/** Stands in the status of a container that was removed to start anew. */
export const restartingReason = "RestartingAllContainers";
const message = "The container is removed because RestartAllContainers in place";

const restartable = (spec: PodSpec): Container[] => [...(spec.initContainers ?? []), ...spec.containers];

/** This instance ended with a rule that restarts all. */
export function asksForAll(container: Container, instance: RuntimeContainer): boolean {
  return instance.state === "exited" && matchingRestartRule(container, instance.exitCode)?.action === "RestartAllContainers";
}

/** Some container has ended so, or the removal of all is under way. */
export function restartsAll(pod: Pod, runtime: PodRuntime, old: PodStatus): boolean {
  if (old.conditions?.some((c) => c.type === conditionType && c.status === "True") === true) return true;
  return restartable(pod.spec as PodSpec).some((container) => {
    const latest = findRuntimeContainer(runtime, container.name);
    return latest !== undefined && asksForAll(container, latest);
  });
}

/** The condition, in a pod that has such a rule at all. */
export function restartCondition(pod: Pod, runtime: PodRuntime, old: PodStatus, phase: string): PodCondition[] {
  const spec = pod.spec as PodSpec;
  if (!allContainersCouldRestart(spec)) return [];
  if (phase === "Succeeded") return [{ type: conditionType, status: "False", reason: "PodCompleted" }];
  if (phase === "Failed") return [{ type: conditionType, status: "False", reason: "PodFailed" }];
  const removed = restartable(spec).every((container) => findRuntimeContainer(runtime, container.name) === undefined);
  if (removed || !restartsAll(pod, runtime, old)) return [{ type: conditionType, status: "False" }];
  return [
    { type: conditionType, status: "True", reason: "RestartAllContainersStarted", message: "container exited with restart policy rule" },
  ];
}

/** What is told of a container that has been removed to start anew. `fresh`: the status of one that was never made. */
export function removedStatus(fresh: ContainerStatus, old: ContainerStatus): ContainerStatus {
  return {
    ...fresh,
    state: { waiting: { reason: restartingReason, message } },
    lastState: {
      terminated: { exitCode: 137, reason: restartingReason, message, startedAt: undefined, finishedAt: undefined },
    },
    restartCount: old.restartCount + 1,
  };
}
