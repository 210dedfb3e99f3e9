/** The node's own object: its status, worked out from facts. Pure. */
import type { Node, NodeCondition, NodeStatus, NodeSystemInfo } from "../../schema/types/core-v1.ts";
import type { Image, RuntimeCondition } from "../cri/types.ts";
import type { MachineFacts } from "./machine.ts";

export interface NodeStatusInput {
  readonly nodeName: string;
  readonly nodeIPs: readonly string[];
  readonly kubeletPort: number;
  readonly maxPods: number;
  readonly machine: MachineFacts;
  readonly info: NodeSystemInfo;
  readonly images: readonly Image[];
  /** Undefined: the runtime does not answer. */
  readonly runtime: readonly RuntimeCondition[] | undefined;
  readonly runtimeError: string;
  /** Bytes free. */
  readonly memoryAvailable: number;
  readonly diskAvailable: number;
  readonly pidsAvailable: number;
  readonly old: NodeStatus;
  /** RFC 3339. */
  readonly now: string;
}

/** Held back from pods: the kubelet's default eviction thresholds. */
const reservedMemory = 100 * 1024 * 1024;
const reservedDiskShare = 0.1;
const maxImages = 50;

const kibibytes = (bytes: number): string => `${Math.floor(bytes / 1024)}Ki`;

export function nodeCapacity({ machine, maxPods }: Pick<NodeStatusInput, "machine" | "maxPods">): Record<string, string> {
  return {
    cpu: String(machine.cpus),
    "ephemeral-storage": kibibytes(machine.diskCapacity),
    ...machine.hugepages,
    memory: kibibytes(machine.memory),
    pods: String(maxPods),
  };
}

export function nodeAllocatable({ machine, maxPods }: Pick<NodeStatusInput, "machine" | "maxPods">): Record<string, string> {
  return {
    cpu: String(machine.cpus),
    "ephemeral-storage": String(Math.floor(machine.diskCapacity * (1 - reservedDiskShare))),
    ...machine.hugepages,
    memory: kibibytes(machine.memory - reservedMemory),
    pods: String(maxPods),
  };
}

export function nodeStatus(input: NodeStatusInput): NodeStatus {
  const { nodeName, nodeIPs, kubeletPort, info, images, old } = input;
  return {
    addresses: [...nodeIPs.map((address) => ({ type: "InternalIP", address })), { type: "Hostname", address: nodeName }],
    allocatable: nodeAllocatable(input),
    capacity: nodeCapacity(input),
    conditions: [...(old.conditions ?? []).filter((c) => !ownConditions.has(c.type)), ...conditions(input)],
    daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
    images: [...images]
      .sort((a, b) => b.size - a.size)
      .slice(0, maxImages)
      .map((image) => ({ names: [...image.repoDigests, ...image.repoTags], sizeBytes: image.size })),
    nodeInfo: info,
  };
}

const ownConditions = new Set(["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"]);

function conditions(input: NodeStatusInput): NodeCondition[] {
  const { machine, old, now } = input;
  const make = (type: string, status: string, reason: string, message: string): NodeCondition => {
    const before = old.conditions?.find((c) => c.type === type);
    const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? now) : now;
    return { type, status, lastHeartbeatTime: now, lastTransitionTime, reason, message };
  };
  const memory = input.memoryAvailable < reservedMemory;
  const disk = input.diskAvailable < machine.diskCapacity * 0.01;
  const pids = input.pidsAvailable < 100;
  const problem = readinessProblem(input);
  return [
    memory
      ? make("MemoryPressure", "True", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available")
      : make("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    disk
      ? make("DiskPressure", "True", "KubeletHasDiskPressure", "kubelet has disk pressure")
      : make("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    pids
      ? make("PIDPressure", "True", "KubeletHasInsufficientPID", "kubelet has insufficient PID available")
      : make("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    problem === undefined
      ? make("Ready", "True", "KubeletReady", "kubelet is posting ready status")
      : make("Ready", "False", "KubeletNotReady", problem),
  ];
}

function readinessProblem({ runtime, runtimeError }: NodeStatusInput): string | undefined {
  if (runtime === undefined) return `container runtime is down: ${runtimeError}`;
  const say = (c: RuntimeCondition): string => `${c.type}=false reason:${c.reason} message:${c.message}`;
  const ready = runtime.find((c) => c.type === "RuntimeReady");
  const network = runtime.find((c) => c.type === "NetworkReady");
  const problems: string[] = [];
  if (ready?.status !== true) problems.push(`container runtime not ready: ${ready === undefined ? "RuntimeReady=unknown" : say(ready)}`);
  if (network?.status !== true)
    problems.push(`container runtime network not ready: ${network === undefined ? "NetworkReady=unknown" : say(network)}`);
  if (problems.length === 0) return undefined;
  return problems.length === 1 ? problems[0] : `[${problems.join(", ")}]`;
}

/** The object a node registers itself with. */
export function newNode(nodeName: string, hostname: string, status: NodeStatus, labels: Readonly<Record<string, string>>): Node {
  const architecture = status.nodeInfo?.architecture ?? "";
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: nodeName,
      labels: standardLabels(architecture, hostname, labels),
      annotations: { "volumes.kubernetes.io/controller-managed-attach-detach": "true" },
    },
    spec: {},
    status,
  };
}

export function standardLabels(architecture: string, hostname: string, labels: Readonly<Record<string, string>>): Record<string, string> {
  return {
    "beta.kubernetes.io/arch": architecture,
    "beta.kubernetes.io/os": "linux",
    "kubernetes.io/arch": architecture,
    "kubernetes.io/hostname": hostname,
    "kubernetes.io/os": "linux",
    ...labels,
  };
}

/** The event that a changed condition is told with, if any. */
export function conditionEvents(before: NodeStatus, after: NodeStatus): string[] {
  const names: Record<string, [string, string]> = {
    MemoryPressure: ["NodeHasInsufficientMemory", "NodeHasSufficientMemory"],
    DiskPressure: ["NodeHasDiskPressure", "NodeHasNoDiskPressure"],
    PIDPressure: ["NodeHasInsufficientPID", "NodeHasSufficientPID"],
    Ready: ["NodeReady", "NodeNotReady"],
  };
  return (after.conditions ?? []).flatMap((condition) => {
    const name = names[condition.type];
    const old = before.conditions?.find((c) => c.type === condition.type);
    if (name === undefined || old?.status === condition.status) return [];
    return [condition.status === "True" ? name[0] : name[1]];
  });
}
