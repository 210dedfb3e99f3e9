/** What the parts of one node agent share. Nothing of it is global. */
import { join } from "node:path";
import type { Client } from "../client/client.ts";
import type { EventRecorder } from "../client/events.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { MetricsRegistry } from "../core/metrics.ts";
import type { Cgroups } from "../host/cgroups.ts";
import type { Container, EphemeralContainer, Node, Pod, Service } from "../schema/types/core-v1.ts";
import type { CgroupPaths } from "./container/resources.ts";
import type { DnsConfig } from "./container/hostname.ts";
import type { CriClient } from "./cri/cri-client.ts";
import type { ImagePuller } from "./images/image-puller.ts";
import type { ObjectCache } from "./object-cache.ts";
import type { NodePaths } from "./paths.ts";
import type { PodVolumes } from "./volumes/pod-volumes.ts";

export interface NodeContext {
  readonly nodeName: string;
  readonly nodeIPs: readonly string[];
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  readonly events: EventRecorder;
  readonly cri: CriClient;
  readonly cgroups: Cgroups;
  readonly cgroupPaths: CgroupPaths;
  readonly paths: NodePaths;
  readonly images: ImagePuller;
  readonly volumes: PodVolumes;
  readonly objects: ObjectCache;
  /** Bytes. */
  readonly memoryCapacity: number;
  readonly clusterDomain: string;
  readonly clusterDns: readonly string[];
  nodeDns(): DnsConfig;
  /** Undefined until they have been listed once. */
  services(): readonly Service[] | undefined;
  /** This node, as the API server has it; undefined before it is registered. */
  self(): Node | undefined;
  allocatable(): Readonly<Record<string, string>>;
  runtimeHandler(pod: Pod): Promise<string>;
}

/** `name_namespace(uid)`, as messages name a pod. */
export function podText(pod: Pod): string {
  return `${pod.metadata?.name ?? ""}_${pod.metadata?.namespace ?? ""}(${pod.metadata?.uid ?? ""})`;
}

/** Objects from lists do not say what they are; events need it. */
export function aboutPod(pod: Pod): Pod {
  return { ...pod, apiVersion: "v1", kind: "Pod" };
}

/** Where in its pod a container stands: `spec.containers{web}`; undefined for what is none (a volume's image). */
export function containerFieldPath(pod: Pod, container: Container | EphemeralContainer): string | undefined {
  const is = (list: readonly { name: string }[] | undefined): boolean => list?.some((c) => c.name === container.name) === true;
  if (is(pod.spec?.containers)) return `spec.containers{${container.name}}`;
  if (is(pod.spec?.initContainers)) return `spec.initContainers{${container.name}}`;
  return is(pod.spec?.ephemeralContainers) ? `spec.ephemeralContainers{${container.name}}` : undefined;
}

export function containerEvent(
  events: EventRecorder,
  pod: Pod,
  container: Container | EphemeralContainer,
  type: "Normal" | "Warning",
  reason: string,
  message: string,
): void {
  const fieldPath = containerFieldPath(pod, container);
  events.event(aboutPod(pod), type, reason, message, fieldPath === undefined ? {} : { fieldPath });
}

/** `LOGS/NAMESPACE_NAME_UID` */
export function podLogDirectory(paths: NodePaths, pod: Pod): string {
  return join(paths.podLogs, `${pod.metadata?.namespace ?? ""}_${pod.metadata?.name ?? ""}_${pod.metadata?.uid ?? ""}`);
}
