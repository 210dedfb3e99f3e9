/** What the scheduler writes: bindings, what keeps a pod waiting, and the end of preempted pods. */
import { hasReason } from "../core/api-error.ts";
import { formatTime } from "../core/clock.ts";
import type { ActionRecorder } from "../client/events.ts";
import type { Client } from "../client/client.ts";
import {
  type Binding,
  type PersistentVolumeClaim,
  persistentvolumeclaims,
  type Pod,
  type PodCondition,
  pods,
} from "../schema/types/core-v1.ts";
import type { PodInfo } from "./pod-info.ts";
import { selectedNodeAnnotation } from "./plugins/volume-binding.ts";

/** Assigns the pod; the uid makes sure that it is still the same one. */
export async function bindPod(client: Client, pod: PodInfo, node: string): Promise<void> {
  const binding: Binding = {
    apiVersion: "v1",
    kind: "Binding",
    metadata: { name: pod.name, namespace: pod.namespace, uid: pod.uid },
    target: { kind: "Node", name: node },
  };
  await client.resource(pods, pod.namespace).createSubresource(pod.name, "binding", binding);
}

/** Asks for the volumes of claims that have waited for this decision. */
export async function selectNode(client: Client, claim: PersistentVolumeClaim, node: string): Promise<void> {
  const { name = "", namespace, resourceVersion } = claim.metadata ?? {};
  const patch = { metadata: { resourceVersion, annotations: { [selectedNodeAnnotation]: node } } };
  await client.resource(persistentvolumeclaims, namespace).patch(name, "merge", patch);
}

export interface PodStatusChange {
  readonly condition?: { type: string; status: string; reason: string; message: string };
  /** Empty: the nomination is taken back. Absent: it stays. */
  readonly nominatedNodeName?: string | undefined;
}

/** The patch that makes the change, or undefined when the pod's status says all of it already. */
export function statusPatch(pod: Pod, change: PodStatusChange, now: number): object | undefined {
  const status: Record<string, unknown> = {};
  const { condition, nominatedNodeName } = change;
  if (condition !== undefined) {
    const old = pod.status?.conditions?.find((c) => c.type === condition.type);
    const observedGeneration = pod.metadata?.generation;
    const same =
      old?.status === condition.status &&
      old.reason === condition.reason &&
      old.message === condition.message &&
      old.observedGeneration === observedGeneration;
    const next: PodCondition = {
      ...condition,
      ...(observedGeneration === undefined ? {} : { observedGeneration }),
      lastTransitionTime: old?.status === condition.status ? old.lastTransitionTime : formatTime(now),
    };
    if (!same) status["conditions"] = [next];
  }
  if (nominatedNodeName !== undefined && nominatedNodeName !== (pod.status?.nominatedNodeName ?? "")) {
    status["nominatedNodeName"] = nominatedNodeName === "" ? null : nominatedNodeName;
  }
  return Object.keys(status).length === 0 ? undefined : { metadata: { uid: pod.metadata?.uid }, status };
}

/** Writes the change; a pod that is gone needs none. */
export async function patchPodStatus(client: Client, pod: Pod, change: PodStatusChange, now: number): Promise<void> {
  const patch = statusPatch(pod, change, now);
  if (patch === undefined) return;
  const { namespace, name = "" } = pod.metadata ?? {};
  try {
    await client.resource(pods, namespace).patch(name, "strategic", patch, { subresource: "status" });
  } catch (error) {
    if (!hasReason(error, "NotFound")) throw error;
  }
}

/** Marks the victim as disrupted by the scheduler and deletes it. One that is gone or going is fine. */
export async function evictVictim(
  client: Client,
  victim: PodInfo,
  preemptor: PodInfo,
  node: string,
  events: ActionRecorder,
  now: number,
): Promise<void> {
  if (victim.terminating) return;
  const message = `${preemptor.pod.spec?.schedulerName ?? "default-scheduler"}: preempting to accommodate a higher priority pod`;
  const condition = { type: "DisruptionTarget", status: "True", reason: "PreemptionByScheduler", message };
  await patchPodStatus(client, victim.pod, { condition }, now);
  try {
    await client.resource(pods, victim.namespace).delete(victim.name, { preconditions: { uid: victim.uid } });
  } catch (error) {
    if (!hasReason(error, "NotFound")) throw error;
    return;
  }
  events.event(victim.pod, preemptor.pod, "Normal", "Preempted", "Preempting", `Preempted by pod ${preemptor.uid} on node ${node}`);
}
