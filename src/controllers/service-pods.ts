/** What the controllers that publish a service's pods have in common. */
import type { Informer, Lister } from "../client/informer.ts";
import { objectKey } from "../schema/object.ts";
import type { Pod, Service, ServicePort } from "../schema/types/core-v1.ts";
import { isPodReady, isPodTerminal, readyCondition } from "./pod-state.ts";
import { selectsByMap } from "./selection.ts";

/** Set to the empty string on what is published for a headless service. */
export const headlessLabel = "service.kubernetes.io/headless";
export const triggerTimeAnnotation = "endpoints.kubernetes.io/last-change-trigger-time";

export function hasClusterIp(service: Service): boolean {
  const ip = service.spec?.clusterIP ?? "";
  return ip !== "" && ip !== "None";
}

/** The controllers publish pods for this service: it selects some, and is not an alias. */
export function publishesPods(service: Service): boolean {
  return service.spec?.type !== "ExternalName" && service.spec?.selector !== undefined && service.spec.selector !== null;
}

/** Not finished, with an address, and (unless `terminating`) not being deleted. */
export function hasEndpoint(pod: Pod, terminating: boolean): boolean {
  if (isPodTerminal(pod)) return false;
  if (!pod.status?.podIP && (pod.status?.podIPs ?? []).length === 0) return false;
  return terminating || pod.metadata?.deletionTimestamp === undefined;
}

/** The pod has a DNS name of its own under the service. */
export function hostnameIn(service: Service, pod: Pod): string | undefined {
  const { hostname, subdomain } = pod.spec ?? {};
  return hostname && subdomain === service.metadata?.name && pod.metadata?.namespace === service.metadata?.namespace ? hostname : undefined;
}

/** The pod's number for a service port: a name is looked up in its containers, sidecars included; undefined when it has none. */
export function findPort(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort ?? 0;
  if (typeof target === "number") return target;
  const sidecars = (pod.spec?.initContainers ?? []).filter((c) => c.restartPolicy === "Always");
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    for (const p of container.ports ?? []) {
      if (p.name === target && (p.protocol ?? "TCP") === (port.protocol ?? "TCP")) return p.containerPort;
    }
  }
  return undefined;
}

export function isIPv6(address: string): boolean {
  return address.includes(":");
}

export function podIps(pod: Pod): string[] {
  return (pod.status?.podIPs ?? []).map((p) => p.ip);
}

/** A change of the pod that its services' endpoints show. */
function membershipChanged(old: Pod, pod: Pod): boolean {
  return (
    (old.metadata?.deletionTimestamp === undefined) !== (pod.metadata?.deletionTimestamp === undefined) ||
    isPodReady(old) !== isPodReady(pod) ||
    isPodTerminal(old) !== isPodTerminal(pod) ||
    podIps(old).join() !== podIps(pod).join() ||
    old.spec?.nodeName !== pod.spec?.nodeName
  );
}

const firstPair = "controllers/first-selector-pair";

/** Calls `enqueue` with the key of each service whose endpoints a pod's change concerns. To be called in `setup`. */
export function watchServicePods(services: Informer<Service>, pods: Informer<Pod>, enqueue: (key: string) => void): void {
  // Filed under one pair of the selector: a pod of a namespace with thousands of services looks at few of them.
  services.addIndex(firstPair, (service) => {
    const [pair] = Object.entries(service.spec?.selector ?? {});
    return pair === undefined ? [] : [pairKey(service.metadata?.namespace ?? "", pair[0], pair[1])];
  });
  const selecting = (pod: Pod): Set<string> => {
    const keys = new Set<string>();
    const labels = pod.metadata?.labels ?? {};
    for (const [key, value] of Object.entries(labels)) {
      for (const service of services.lister.byIndex(firstPair, pairKey(pod.metadata?.namespace ?? "", key, value))) {
        if (selectsByMap(service.spec?.selector, labels)) keys.add(objectKey(service));
      }
    }
    return keys;
  };
  const all = (pod: Pod): void => {
    for (const key of selecting(pod)) enqueue(key);
  };
  pods.addHandlers({
    onAdd: all,
    onDelete: all,
    onUpdate(pod, old) {
      const changed = membershipChanged(old, pod);
      if (old.metadata?.labels !== pod.metadata?.labels && JSON.stringify(old.metadata?.labels) !== JSON.stringify(pod.metadata?.labels)) {
        const before = selecting(old);
        const after = selecting(pod);
        for (const key of new Set([...before, ...after])) if (changed || before.has(key) !== after.has(key)) enqueue(key);
      } else if (changed) all(pod);
    },
  });
}

const pairKey = (namespace: string, key: string, value: string): string => `${namespace}/${key}=${value}`;

export function podsOfService(pods: Lister<Pod>, service: Service): Pod[] {
  return pods.list(service.metadata?.namespace).filter((pod) => selectsByMap(service.spec?.selector, pod.metadata?.labels ?? {}));
}

/**
 * How long changes of a service's pods are collected before they are written, in milliseconds: a write is as much work as
 * there are pods, so a service of a thousand takes a tenth of a second, and small ones none that anyone notices.
 */
export function collectingTime(members: number): number {
  return members < 50 ? 0 : members / 10;
}

/**
 * Since when a service's endpoints should have been as they are about to be written: the earliest change that the last
 * write had not seen. Programming latency is measured from it.
 */
export class TriggerTimes {
  readonly #states = new Map<string, { service: string; pods: Map<string, string> }>();

  /** An RFC 3339 time, or undefined when nothing that has a time changed. */
  since(service: Service, pods: readonly Pod[]): string | undefined {
    const key = objectKey(service);
    const known = this.#states.get(key);
    const created = service.metadata?.creationTimestamp ?? "";
    const times = new Map<string, string>();
    let first: string | undefined;
    const consider = (time: string, before: string): void => {
      if (time > before && (first === undefined || time < first)) first = time;
    };
    for (const pod of pods) {
      const time = readyCondition(pod)?.lastTransitionTime;
      if (time === undefined) continue;
      const name = pod.metadata?.name ?? "";
      times.set(name, time);
      consider(time, known?.pods.get(name) ?? "");
    }
    consider(created, known?.service ?? "");
    this.#states.set(key, { service: created, pods: times });
    if (known === undefined) return created === "" ? undefined : created;
    return first;
  }

  forget(key: string): void {
    this.#states.delete(key);
  }
}
