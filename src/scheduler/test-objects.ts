/** Small nodes and pods for the tests of the pure parts. */
import type { Node, Pod, PodSpec } from "../schema/types/core-v1.ts";
import { SchedulerCache } from "./cache.ts";
import type { CacheSources } from "./cache.ts";
import { PodInfo } from "./pod-info.ts";

let uids = 0;

export function makeNode(
  name: string,
  options: {
    cpu?: string;
    memory?: string;
    pods?: string;
    labels?: Record<string, string>;
    spec?: Node["spec"];
    images?: Record<string, number>;
  } = {},
): Node {
  const allocatable = { cpu: options.cpu ?? "4", memory: options.memory ?? "8Gi", pods: options.pods ?? "110" };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/hostname": name, ...options.labels } },
    spec: options.spec ?? {},
    status: {
      allocatable,
      capacity: allocatable,
      images: Object.entries(options.images ?? {}).map(([image, sizeBytes]) => ({ names: [image], sizeBytes })),
    },
  };
}

export interface PodOptions {
  cpu?: string;
  memory?: string;
  node?: string;
  priority?: number;
  labels?: Record<string, string>;
  spec?: Partial<PodSpec>;
  status?: Pod["status"];
  hostPort?: number;
}

export function makePod(name: string, options: PodOptions = {}): Pod {
  const requests = {
    ...(options.cpu === undefined ? {} : { cpu: options.cpu }),
    ...(options.memory === undefined ? {} : { memory: options.memory }),
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", uid: `uid-${++uids}`, labels: options.labels ?? {}, generation: 1 },
    spec: {
      containers: [
        {
          name: "c",
          image: "app",
          resources: { requests },
          ...(options.hostPort === undefined ? {} : { ports: [{ containerPort: options.hostPort, hostPort: options.hostPort }] }),
        },
      ],
      schedulerName: "default-scheduler",
      ...(options.priority === undefined ? {} : { priority: options.priority }),
      ...(options.node === undefined ? {} : { nodeName: options.node }),
      ...options.spec,
    } as PodSpec,
    status: options.status ?? {},
  };
}

export function podInfo(name: string, options: PodOptions = {}): PodInfo {
  return new PodInfo(makePod(name, options));
}

export function cacheOf(nodes: readonly Node[], pods: readonly Pod[] = [], sources: CacheSources = {}): SchedulerCache {
  const cache = new SchedulerCache(sources);
  for (const node of nodes) cache.setNode(node);
  for (const pod of pods) cache.setPod(pod);
  return cache;
}
