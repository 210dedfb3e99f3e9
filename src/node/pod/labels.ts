/**
 * Labels and annotations on sandboxes and containers, under the kubelet's names: `crictl` shows pods by them, and an agent
 * that starts anew finds its containers by them.
 */
import type { Container, Lifecycle, Pod } from "../../schema/types/core-v1.ts";
import type { Strings } from "../cri/types.ts";

export const label = {
  podName: "io.kubernetes.pod.name",
  podNamespace: "io.kubernetes.pod.namespace",
  podUid: "io.kubernetes.pod.uid",
  containerName: "io.kubernetes.container.name",
} as const;

export const annotation = {
  hash: "io.kubernetes.container.hash",
  restartCount: "io.kubernetes.container.restartCount",
  terminationMessagePath: "io.kubernetes.container.terminationMessagePath",
  terminationMessagePolicy: "io.kubernetes.container.terminationMessagePolicy",
  preStop: "io.kubernetes.container.preStopHandler",
  ports: "io.kubernetes.container.ports",
  gracePeriod: "io.kubernetes.pod.terminationGracePeriod",
} as const;

/** What a container's labels and annotations remember of the pod it was made for. */
export interface ContainerRecord {
  readonly podName: string;
  readonly podNamespace: string;
  readonly podUid: string;
  readonly hash: string;
  readonly restartCount: number;
  readonly terminationMessagePath: string;
  readonly terminationMessagePolicy: string;
  /** Seconds. */
  readonly gracePeriod: number | undefined;
  readonly preStop: Lifecycle["preStop"];
}

export function podLabels(pod: Pod): Strings {
  const meta = pod.metadata;
  return {
    ...meta?.labels,
    [label.podName]: meta?.name ?? "",
    [label.podNamespace]: meta?.namespace ?? "",
    [label.podUid]: meta?.uid ?? "",
  };
}

export function podAnnotations(pod: Pod, seen: string): Strings {
  return { ...pod.metadata?.annotations, "kubernetes.io/config.seen": seen, "kubernetes.io/config.source": "api" };
}

export function containerLabels(pod: Pod, container: Container): Strings {
  return {
    [label.podName]: pod.metadata?.name ?? "",
    [label.podNamespace]: pod.metadata?.namespace ?? "",
    [label.podUid]: pod.metadata?.uid ?? "",
    [label.containerName]: container.name,
  };
}

export function containerAnnotations(pod: Pod, container: Container, restartCount: number): Strings {
  const grace = pod.spec?.terminationGracePeriodSeconds;
  const preStop = container.lifecycle?.preStop;
  return {
    [annotation.hash]: containerHash(container),
    [annotation.restartCount]: String(restartCount),
    [annotation.terminationMessagePath]: container.terminationMessagePath ?? "",
    [annotation.terminationMessagePolicy]: container.terminationMessagePolicy ?? "",
    ...(grace === undefined ? {} : { [annotation.gracePeriod]: String(grace) }),
    ...(preStop === undefined ? {} : { [annotation.preStop]: JSON.stringify(preStop) }),
    ...(container.ports === undefined ? {} : { [annotation.ports]: JSON.stringify(container.ports) }),
  };
}

export function readContainerRecord(labels: Strings, annotations: Strings): ContainerRecord {
  const grace = annotations[annotation.gracePeriod];
  return {
    podName: labels[label.podName] ?? "",
    podNamespace: labels[label.podNamespace] ?? "",
    podUid: labels[label.podUid] ?? "",
    hash: annotations[annotation.hash] ?? "",
    restartCount: Number(annotations[annotation.restartCount] ?? "0"),
    terminationMessagePath: annotations[annotation.terminationMessagePath] ?? "",
    terminationMessagePolicy: annotations[annotation.terminationMessagePolicy] ?? "",
    gracePeriod: grace === undefined ? undefined : Number(grace),
    preStop: parsePreStop(annotations[annotation.preStop]),
  };
}

/** Annotations are anybody's to write who reaches the runtime: what does not parse counts as absent. */
function parsePreStop(text: string | undefined): Lifecycle["preStop"] {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Lifecycle["preStop"];
  } catch {
    return undefined;
  }
}

/** FNV-1a over what makes a running container another one: its name and image. The rest is immutable or applied in place. */
export function containerHash(container: Container): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(JSON.stringify({ image: container.image ?? "", name: container.name }))) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash.toString(16);
}
