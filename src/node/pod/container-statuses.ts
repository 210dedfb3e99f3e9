/** `status.containerStatuses` and its siblings from what the runtime holds, as the kubelet tells it. Pure. */
import { formatTime } from "../../core/clock.ts";
import { isSidecar } from "../../kinds/pod/containers.ts";
import type {
  Container,
  ContainerState,
  ContainerStateTerminated,
  ContainerStatus,
  EphemeralContainer,
  Pod,
  PodStatus,
  VolumeMountStatus,
} from "../../schema/types/core-v1.ts";
import { removedStatus, restartsAll } from "./restart-all.ts";
import { shouldStart } from "./restart-policy.ts";
import { findRuntimeContainer, type PodRuntime, type RuntimeContainer } from "./runtime.ts";

/** Why a container could not be started: what its `state.waiting` says. */
export interface StartFailure {
  readonly reason: string;
  readonly message: string;
}

export interface StatusInput {
  readonly pod: Pod;
  readonly runtime: PodRuntime;
  /** The status that was told last. */
  readonly old: PodStatus;
  /** By container name: failures of the latest attempt to start it. */
  readonly failures: ReadonlyMap<string, StartFailure>;
}

const lost = "ContainerStatusUnknown";

export function containerStatuses(
  input: StatusInput,
): Pick<PodStatus, "containerStatuses" | "initContainerStatuses" | "ephemeralContainerStatuses"> {
  const { spec } = input.pod;
  const regular = convert(input, spec?.containers ?? [], input.old.containerStatuses ?? [], false);
  const init = convert(input, spec?.initContainers ?? [], input.old.initContainerStatuses ?? [], true);
  const ephemeral = convert(input, spec?.ephemeralContainers ?? [], input.old.ephemeralContainerStatuses ?? [], false).map(withoutStarted);
  const byName = (a: ContainerStatus, b: ContainerStatus): number => (a.name < b.name ? -1 : 1);
  return {
    ...(init.length === 0 ? {} : { initContainerStatuses: init }),
    containerStatuses: regular.sort(byName),
    ...(ephemeral.length === 0 ? {} : { ephemeralContainerStatuses: ephemeral.sort(byName) }),
  };
}

/** Ephemeral containers are never probed: nothing says whether they have started. */
function withoutStarted(status: ContainerStatus): ContainerStatus {
  const copy = { ...status };
  delete copy.started;
  return copy;
}

function convert(
  input: StatusInput,
  containers: readonly (Container | EphemeralContainer)[],
  previous: readonly ContainerStatus[],
  init: boolean,
): ContainerStatus[] {
  return containers.map((container) => {
    const old = previous.find((s) => s.name === container.name);
    const instances = input.runtime.containers.filter((c) => c.name === container.name);
    const status = instances.length === 0 ? absent(input, container, old) : present(container, instances, old);
    return asWaiting(input, container, status, init);
  });
}

function initial(pod: Pod, container: Container | EphemeralContainer): ContainerStatus {
  const reason = pod.spec?.initContainers?.length ? "PodInitializing" : "ContainerCreating";
  const volumeMounts = mountStatuses(container);
  return {
    name: container.name,
    state: { waiting: { reason } },
    lastState: {},
    ready: false,
    restartCount: 0,
    image: container.image ?? "",
    imageID: "",
    started: false,
    ...(volumeMounts === undefined ? {} : { volumeMounts }),
  };
}

function mountStatuses(container: Container | EphemeralContainer): VolumeMountStatus[] | undefined {
  return container.volumeMounts?.map((m) => ({
    name: m.name,
    mountPath: m.mountPath,
    ...(m.readOnly === true ? { readOnly: true, recursiveReadOnly: "Disabled" } : {}),
  }));
}

/** The runtime knows no such container: it was never made, or is gone. */
function absent(input: StatusInput, container: Container | EphemeralContainer, old: ContainerStatus | undefined): ContainerStatus {
  const status = initial(input.pod, container);
  if (old === undefined) return status;
  if (old.state?.waiting === undefined && restartsAll(input.pod, input.runtime, input.old)) return removedStatus(status, old);
  if (old.state?.terminated !== undefined) return old;
  status.restartCount = old.restartCount;
  if (old.lastState !== undefined) status.lastState = old.lastState;
  if (old.state?.running === undefined || status.lastState?.terminated !== undefined) return status;
  // It ran and nobody saw it end. Were it told as waiting alone, the pod would seem never to have run.
  status.lastState = {
    terminated: {
      exitCode: 137,
      reason: lost,
      message: "The container could not be located when the pod was deleted.  The container used to be Running",
      startedAt: undefined,
      finishedAt: undefined,
    },
  };
  if (input.pod.metadata?.deletionTimestamp === undefined) status.restartCount++;
  return status;
}

/** `instances`: newest first. */
function present(
  container: Container | EphemeralContainer,
  instances: RuntimeContainer[],
  old: ContainerStatus | undefined,
): ContainerStatus {
  const [latest, before] = instances as [RuntimeContainer, RuntimeContainer?];
  const volumeMounts = old?.volumeMounts ?? mountStatuses(container);
  const containerID = `containerd://${latest.id}`;
  let lastState: ContainerState = {};
  if (before !== undefined) lastState = stateOf(before);
  else if (old !== undefined && old.containerID !== containerID && old.state?.terminated !== undefined)
    lastState = { terminated: old.state.terminated };
  else if (old?.lastState?.terminated !== undefined) lastState = { terminated: old.lastState.terminated };
  const requests = container.resources?.requests;
  return {
    name: container.name,
    state: stateOf(latest),
    lastState,
    ready: false,
    restartCount: Math.max(latest.record.restartCount, old?.restartCount ?? 0),
    image: latest.image,
    imageID: latest.imageRef,
    containerID,
    started: false,
    ...(requests === undefined || Object.keys(requests).length === 0 ? {} : { allocatedResources: requests }),
    resources: container.resources ?? {},
    ...(volumeMounts === undefined ? {} : { volumeMounts }),
    ...(latest.user === undefined ? {} : { user: { linux: latest.user } }),
  };
}

function stateOf(container: RuntimeContainer): ContainerState {
  switch (container.state) {
    case "running":
      return { running: { startedAt: formatTime(container.startedAt) } };
    case "exited":
      return { terminated: terminated(container) };
    default:
      return { waiting: {} };
  }
}

function terminated(c: RuntimeContainer): ContainerStateTerminated {
  return {
    exitCode: c.exitCode,
    ...(c.reason === "" ? {} : { reason: c.reason }),
    ...(c.message === "" ? {} : { message: c.message }),
    // One that never started has the epoch here, as everywhere.
    startedAt: formatTime(c.startedAt),
    finishedAt: formatTime(c.finishedAt),
    containerID: `containerd://${c.id}`,
  };
}

/** One that is to be started and could not be is waiting, with the reason of the failure. */
function asWaiting(input: StatusInput, container: Container | EphemeralContainer, status: ContainerStatus, init: boolean): ContainerStatus {
  const latest = findRuntimeContainer(input.runtime, container.name);
  if (init) {
    if (latest?.state === "exited" && latest.exitCode === 0 && !isSidecar(container)) return status;
    const initialized = input.pod.spec?.containers.some((c) => {
      const state = findRuntimeContainer(input.runtime, c.name)?.state;
      return state !== undefined && state !== "unknown";
    });
    if (latest === undefined && initialized === true && !isSidecar(container) && status.state?.waiting !== undefined) {
      const message =
        "Unable to get init container status from container runtime and pod has been initialized, treat it as exited normally";
      return {
        ...status,
        state: { terminated: { exitCode: 0, reason: "Completed", message, startedAt: undefined, finishedAt: undefined } },
      };
    }
  }
  const failure = input.failures.get(container.name);
  if (failure === undefined || !shouldStart(container, input.pod, input.runtime)) return status;
  const message = failure.message === "" ? {} : { message: failure.message };
  return {
    ...status,
    ...(status.state?.terminated === undefined ? {} : { lastState: status.state }),
    state: { waiting: { reason: failure.reason, ...message } },
  };
}
