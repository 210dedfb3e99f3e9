/** Indexes on the shared pod informer, each added once however many controllers ask. */
import type { Informer } from "../client/informer.ts";
import type { Pod } from "../schema/types/core-v1.ts";
import type { OwnerReference } from "../schema/types/meta-v1.ts";
import { controllerOf } from "./ownership.ts";

const indexed = new WeakMap<object, Set<string>>();

function addOnce(informer: Informer<Pod>, name: string, values: (pod: Pod) => string[]): void {
  let names = indexed.get(informer);
  if (names === undefined) indexed.set(informer, (names = new Set()));
  if (names.has(name)) return;
  names.add(name);
  informer.addIndex(name, values);
}

const byController = "controllers/controller";
const byNode = "controllers/node";

function controllerKey(namespace: string, ref: Pick<OwnerReference, "kind" | "name" | "uid"> | undefined): string {
  return ref === undefined ? namespace : `${namespace}/${ref.kind}/${ref.name}/${ref.uid}`;
}

/** Pods by their controller, and those of a namespace that have none. To be called in `setup`, before the informer starts. */
export function podsByController(informer: Informer<Pod>): {
  of(namespace: string, owner: Pick<OwnerReference, "kind" | "name" | "uid">): Pod[];
  orphans(namespace: string): Pod[];
} {
  addOnce(informer, byController, (pod) => [controllerKey(pod.metadata?.namespace ?? "", controllerOf(pod))]);
  return {
    of: (namespace, owner) => informer.lister.byIndex(byController, controllerKey(namespace, owner)),
    orphans: (namespace) => informer.lister.byIndex(byController, controllerKey(namespace, undefined)),
  };
}

/** Pods by the node they are bound to. To be called in `setup`, before the informer starts. */
export function podsByNode(informer: Informer<Pod>): (node: string) => Pod[] {
  addOnce(informer, byNode, (pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : []));
  return (node) => informer.lister.byIndex(byNode, node);
}
