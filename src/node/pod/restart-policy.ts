/** Whether a container is to be started (again), from what the runtime holds of it. */
import { shouldRestart } from "../../kinds/pod/restart.ts";
import type { Container, Pod, PodSpec } from "../../schema/types/core-v1.ts";
import { findRuntimeContainer, type PodRuntime } from "./runtime.ts";

/** The container is not running and is to be started (again) at the next opportunity. */
export function shouldStart(container: Container, pod: Pod, runtime: PodRuntime): boolean {
  if (pod.metadata?.deletionTimestamp !== undefined) return false;
  const latest = findRuntimeContainer(runtime, container.name);
  if (latest === undefined) return true;
  if (latest.state === "running") return false;
  if (latest.state === "unknown" || latest.state === "created") return true;
  return shouldRestart(container, pod.spec as PodSpec, latest.exitCode);
}

/** What becomes of a running container that fails its probe. */
export function restartsOnProbeFailure(container: Container, spec: PodSpec): boolean {
  return (container.restartPolicy ?? spec.restartPolicy) !== "Never";
}
