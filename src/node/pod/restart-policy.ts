/** Whether a container that has ended is started again: its own policy and rules (KEP-5307) before the pod's. */
import type { Container, Pod, PodSpec } from "../../schema/types/core-v1.ts";
import { findRuntimeContainer, type PodRuntime } from "./runtime.ts";

export function restartsAfter(container: Container, spec: PodSpec, exitCode: number): boolean {
  if (container.restartPolicy !== undefined) {
    const action = matchingRule(container, exitCode);
    if (action === "Restart" || action === "RestartAllContainers") return true;
    if (container.restartPolicy === "Always") return true;
    if (container.restartPolicy === "OnFailure") return exitCode !== 0;
    if (container.restartPolicy === "Never") return false;
  }
  if (spec.restartPolicy === "OnFailure") return exitCode !== 0;
  return spec.restartPolicy !== "Never";
}

/** The action of the first rule that the exit code meets. */
export function matchingRule(container: Container, exitCode: number): string | undefined {
  return container.restartPolicyRules?.find(({ exitCodes }) => {
    if (exitCodes === undefined) return false;
    const listed = exitCodes.values?.includes(exitCode) ?? false;
    return exitCodes.operator === "In" ? listed : exitCodes.operator === "NotIn" && !listed;
  })?.action;
}

/** The container is not running and is to be started (again) at the next opportunity. */
export function shouldStart(container: Container, pod: Pod, runtime: PodRuntime): boolean {
  if (pod.metadata?.deletionTimestamp !== undefined) return false;
  const latest = findRuntimeContainer(runtime, container.name);
  if (latest === undefined) return true;
  if (latest.state === "running") return false;
  if (latest.state === "unknown" || latest.state === "created") return true;
  return restartsAfter(container, pod.spec as PodSpec, latest.exitCode);
}

/** What becomes of a running container that fails its probe. */
export function restartsOnProbeFailure(container: Container, spec: PodSpec): boolean {
  return (container.restartPolicy ?? spec.restartPolicy) !== "Never";
}
