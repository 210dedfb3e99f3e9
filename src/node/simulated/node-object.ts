/** The objects by which a simulated node exists: Node and Lease. Pure. */
import { formatMicroTime, formatTime } from "../../core/clock.ts";
import { leases, type Lease } from "../../schema/types/coordination-v1.ts";
import { nodes, type Node, type NodeCondition, type NodeStatus } from "../../schema/types/core-v1.ts";
import { apiVersionOf } from "../../schema/resource-ref.ts";

/** What all simulated nodes of a cluster have in common. */
export interface SimulatedNodeShape {
  readonly capacity: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** The version that the kubelet claims. */
  readonly version: string;
  /** `amd64`. */
  readonly architecture: string;
}

/** Marks a node as simulated, for whoever treats those apart (routes, `status`). */
export const simulatedAnnotation = "tsukube.dev/simulated";
export const leaseNamespace = "kube-node-lease";

/** In a range that is for benchmarks (RFC 2544): it can be nobody's. Unique up to 131,072 nodes. */
export function simulatedAddress(index: number): string {
  const n = index + 1;
  return `198.${18 + ((n >> 16) & 1)}.${(n >> 8) & 255}.${n & 255}`;
}

const healthy: readonly (readonly [type: string, status: string, reason: string, message: string])[] = [
  ["MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"],
  ["DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"],
  ["PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"],
  ["Ready", "True", "KubeletReady", "kubelet is posting ready status"],
];

/** Healthy, as of `now` (milliseconds); conditions that are not the kubelet's are kept. */
export function simulatedNodeStatus(
  name: string,
  index: number,
  shape: SimulatedNodeShape,
  old: NodeStatus | undefined,
  now: number,
): NodeStatus {
  const time = formatTime(now);
  const conditions = healthy.map(([type, status, reason, message]): NodeCondition => {
    const before = old?.conditions?.find((c) => c.type === type);
    const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? time) : time;
    return { type, status, lastHeartbeatTime: time, lastTransitionTime, reason, message };
  });
  const foreign = (old?.conditions ?? []).filter((c) => !healthy.some(([type]) => type === c.type));
  return {
    ...old,
    capacity: shape.capacity,
    allocatable: shape.capacity,
    conditions: [...foreign, ...conditions],
    addresses: [
      { type: "InternalIP", address: simulatedAddress(index) },
      { type: "Hostname", address: name },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    nodeInfo: {
      machineID: `simulated-${index}`,
      systemUUID: `simulated-${index}`,
      bootID: `simulated-${index}`,
      kernelVersion: "simulated",
      osImage: "simulated",
      containerRuntimeVersion: `simulated://${shape.version.replace(/^v/, "")}`,
      kubeletVersion: shape.version,
      kubeProxyVersion: "",
      operatingSystem: "linux",
      architecture: shape.architecture,
    },
  };
}

export function simulatedNode(name: string, index: number, shape: SimulatedNodeShape, podCIDR: string | undefined, now: number): Node {
  return {
    apiVersion: apiVersionOf(nodes),
    kind: nodes.kind,
    metadata: {
      name,
      labels: {
        "beta.kubernetes.io/arch": shape.architecture,
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": shape.architecture,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        ...shape.labels,
      },
      annotations: { [simulatedAnnotation]: "true", "volumes.kubernetes.io/controller-managed-attach-detach": "true" },
    },
    spec: podCIDR === undefined ? {} : { podCIDR, podCIDRs: [podCIDR] },
    status: simulatedNodeStatus(name, index, shape, undefined, now),
  };
}

const leaseSeconds = 40;

/** The lease as it is to be written now: renewed, or new when `old` is undefined. */
export function renewedLease(node: Node, old: Lease | undefined, now: number): Lease {
  const { name = "", uid = "" } = node.metadata ?? {};
  const renewTime = formatMicroTime(now);
  if (old !== undefined) return { ...old, apiVersion: apiVersionOf(leases), kind: leases.kind, spec: { ...old.spec, renewTime } };
  return {
    apiVersion: apiVersionOf(leases),
    kind: leases.kind,
    metadata: { name, namespace: leaseNamespace, ownerReferences: [{ apiVersion: "v1", kind: "Node", name, uid }] },
    spec: { holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime },
  };
}
