/** What a container runtime holds of one pod, in the agent's own words: times in milliseconds, newest first. */
import type { CriClient } from "../cri/cri-client.ts";
import type {
  Container,
  ContainerState,
  ContainerStatus,
  LinuxContainerResources,
  Mount,
  NamespaceMode,
  PodSandbox,
  PodSandboxStatus,
} from "../cri/types.ts";
import { label, type ContainerRecord, readContainerRecord } from "./labels.ts";

export interface RuntimeContainer {
  readonly id: string;
  readonly name: string;
  readonly sandboxId: string;
  readonly state: "created" | "running" | "exited" | "unknown";
  readonly createdAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  readonly image: string;
  /** The digest reference when the runtime knows one: what the API calls `imageID`. */
  readonly imageRef: string;
  readonly logPath: string;
  readonly mounts: readonly Mount[];
  readonly record: ContainerRecord;
  readonly user: { uid: number; gid: number; supplementalGroups?: number[] } | undefined;
  readonly resources: LinuxContainerResources | undefined;
}

export interface RuntimeSandbox {
  readonly id: string;
  readonly attempt: number;
  readonly ready: boolean;
  readonly createdAt: number;
  readonly network: NamespaceMode;
  /** The primary one first; none with host networking. */
  readonly ips: readonly string[];
}

export interface PodRuntime {
  readonly sandboxes: readonly RuntimeSandbox[];
  readonly containers: readonly RuntimeContainer[];
}

export const emptyRuntime: PodRuntime = { sandboxes: [], containers: [] };

/** The newest container of that name. */
export function findRuntimeContainer(runtime: PodRuntime, name: string): RuntimeContainer | undefined {
  return runtime.containers.find((c) => c.name === name);
}

const milliseconds = (nanos: number): number => Math.floor(nanos / 1e6);

const states: Record<ContainerState, RuntimeContainer["state"]> = {
  CONTAINER_CREATED: "created",
  CONTAINER_RUNNING: "running",
  CONTAINER_EXITED: "exited",
  CONTAINER_UNKNOWN: "unknown",
};

/** containerd before 1.7 gives the image's id beside the digest reference in `imageRef` only. */
export function toRuntimeContainer(status: ContainerStatus, sandboxId: string): RuntimeContainer {
  return {
    id: status.id,
    name: status.metadata.name,
    sandboxId,
    state: states[status.state] ?? "unknown",
    createdAt: milliseconds(status.createdAt),
    startedAt: milliseconds(status.startedAt),
    finishedAt: milliseconds(status.finishedAt),
    exitCode: status.exitCode,
    reason: status.reason,
    message: status.message,
    image: status.image?.image ?? "",
    imageRef: status.imageRef,
    logPath: status.logPath,
    mounts: status.mounts,
    record: readContainerRecord(status.labels, status.annotations),
    user: status.user?.linux ?? undefined,
    resources: status.resources?.linux ?? undefined,
  };
}

export function toRuntimeSandbox(status: PodSandboxStatus): RuntimeSandbox {
  const ips = [status.network?.ip ?? "", ...(status.network?.additionalIps ?? []).map((a) => a.ip)].filter((ip) => ip !== "");
  return {
    id: status.id,
    attempt: status.metadata.attempt,
    ready: status.state === "SANDBOX_READY",
    createdAt: milliseconds(status.createdAt),
    network: status.linux?.namespaces?.options?.network ?? "POD",
    ips,
  };
}

const newestFirst = (a: { createdAt: number; id: string }, b: { createdAt: number; id: string }): number =>
  b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1);

/** Reads one pod. What disappears between listing and looking is left out. */
export async function readPodRuntime(cri: CriClient, uid: string): Promise<PodRuntime> {
  const selector = { [label.podUid]: uid };
  const [sandboxes, containers] = await Promise.all([cri.listPodSandboxes(selector), cri.listContainers(selector)]);
  return readStatuses(cri, sandboxes, containers);
}

async function readStatuses(cri: CriClient, sandboxes: PodSandbox[], containers: Container[]): Promise<PodRuntime> {
  const [sandboxStatuses, containerStatuses] = await Promise.all([
    Promise.all(sandboxes.map((s) => cri.podSandboxStatus(s.id))),
    Promise.all(containers.map(async (c) => ({ status: await cri.containerStatus(c.id), sandboxId: c.podSandboxId }))),
  ]);
  return {
    sandboxes: sandboxStatuses
      .filter((s) => s !== undefined)
      .map(toRuntimeSandbox)
      .sort(newestFirst),
    containers: containerStatuses
      .flatMap(({ status, sandboxId }) => (status === undefined ? [] : [toRuntimeContainer(status, sandboxId)]))
      .sort((a, b) => newestFirst(a, b)),
  };
}

/** A cheap picture of everything the runtime has: pod uid → `id state` of each sandbox and container. For relisting. */
export async function listRuntimePods(cri: CriClient): Promise<Map<string, Set<string>>> {
  const [sandboxes, containers] = await Promise.all([cri.listPodSandboxes(), cri.listContainers()]);
  const pods = new Map<string, Set<string>>();
  const note = (uid: string | undefined, what: string): void => {
    if (uid === undefined || uid === "") return;
    const set = pods.get(uid) ?? new Set<string>();
    set.add(what);
    pods.set(uid, set);
  };
  for (const s of sandboxes) note(s.labels[label.podUid] ?? s.metadata.uid, `${s.id} ${s.state}`);
  for (const c of containers) note(c.labels[label.podUid], `${c.id} ${c.state}`);
  return pods;
}
