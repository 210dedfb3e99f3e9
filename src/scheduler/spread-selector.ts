/** The pods that belong together with a pod for the cluster's default spreading: those of its services and its controller. */
import type { InformerFactory, Lister } from "../client/informer.ts";
import { replicasets, type ReplicaSet, statefulsets, type StatefulSet } from "../schema/types/apps-v1.ts";
import { type ReplicationController, replicationcontrollers, type Service, services } from "../schema/types/core-v1.ts";
import type { LabelSelector } from "../schema/types/meta-v1.ts";
import { compileSelector, internSelector, type PodInfo, type Selector } from "./pod-info.ts";

type Labels = Readonly<Record<string, string>>;

/** A function for {@link Snapshot.defaultSpreadSelector} over informers of services and the controllers of pods. */
export function defaultSpreadSelectors(informers: InformerFactory): (pod: PodInfo) => Selector | undefined {
  const listers = {
    replicaSets: informers.informer(replicasets).lister,
    statefulSets: informers.informer(statefulsets).lister,
    replicationControllers: informers.informer(replicationcontrollers).lister,
  };
  const byNamespace = new ServicesByNamespace(informers);
  return (pod) => {
    const parts: Selector[] = [];
    for (const service of byNamespace.of(pod.namespace)) {
      const selector = service.spec?.selector;
      if (selector !== undefined && Object.keys(selector).length > 0 && matchesMap(selector, pod.labels)) {
        parts.push(compileSelector(asSelector(selector)));
      }
    }
    const controller = controllerSelector(pod, listers);
    if (controller !== undefined) parts.push(controller);
    if (parts.length < 2) return parts[0];
    const text = JSON.stringify(parts.map((part) => part.text));
    return internSelector(text, () => (labels) => parts.every((part) => part.matches(labels)));
  };
}

const asSelectors = new WeakMap<Labels, LabelSelector>();

/** The plain maps of services and replication controllers as label selectors, one object a map. */
function asSelector(map: Labels): LabelSelector {
  let selector = asSelectors.get(map);
  if (selector === undefined) asSelectors.set(map, (selector = { matchLabels: map }));
  return selector;
}

/** The listers copy their arrays; a cycle needs one for each pod. */
class ServicesByNamespace {
  readonly #lists = new Map<string, Service[]>();
  readonly #lister: Lister<Service>;

  constructor(informers: InformerFactory) {
    const informer = informers.informer(services);
    this.#lister = informer.lister;
    const forget = (service: Service): void => void this.#lists.delete(service.metadata?.namespace ?? "");
    informer.addHandlers({ onAdd: forget, onUpdate: forget, onDelete: forget });
  }

  of(namespace: string): readonly Service[] {
    let list = this.#lists.get(namespace);
    if (list === undefined) this.#lists.set(namespace, (list = this.#lister.list(namespace)));
    return list;
  }
}

interface Listers {
  readonly replicaSets: Lister<ReplicaSet>;
  readonly statefulSets: Lister<StatefulSet>;
  readonly replicationControllers: Lister<ReplicationController>;
}

function controllerSelector(pod: PodInfo, listers: Listers): Selector | undefined {
  const owner = pod.pod.metadata?.ownerReferences?.find((o) => o.controller === true);
  if (owner === undefined) return undefined;
  if (owner.apiVersion === "apps/v1" && owner.kind === "ReplicaSet") {
    const selector = listers.replicaSets.get(pod.namespace, owner.name)?.spec?.selector;
    return selector === undefined ? undefined : compileSelector(selector);
  }
  if (owner.apiVersion === "apps/v1" && owner.kind === "StatefulSet") {
    const selector = listers.statefulSets.get(pod.namespace, owner.name)?.spec?.selector;
    return selector === undefined ? undefined : compileSelector(selector);
  }
  if (owner.apiVersion === "v1" && owner.kind === "ReplicationController") {
    const selector = listers.replicationControllers.get(pod.namespace, owner.name)?.spec?.selector;
    return selector === undefined ? undefined : compileSelector(asSelector(selector));
  }
  return undefined;
}

function matchesMap(selector: Labels, labels: Labels): boolean {
  for (const key in selector) if (labels[key] !== selector[key]) return false;
  return true;
}
