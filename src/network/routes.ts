/** Routes to the pods of the other nodes, through those nodes' own addresses: everything is on one link, nothing is wrapped. */
import type { InformerFactory } from "../client/informer.ts";
import type { Logger } from "../core/log.ts";
import { attempt, run } from "../host/commands.ts";
import { nodes, type Node } from "../schema/types/core-v1.ts";

export interface PodRoute {
  podCidr: string;
  via: string;
}

/** Undefined while the node has no pod range or no address yet. */
export function routeOf(node: Node): PodRoute | undefined {
  const podCidr = (node.spec?.podCIDRs ?? [node.spec?.podCIDR ?? ""]).find((c) => c.includes("."));
  const via = node.status?.addresses?.find((a) => a.type === "InternalIP" && a.address.includes("."))?.address;
  return podCidr === undefined || via === undefined ? undefined : { podCidr, via };
}

/**
 * Keeps the routes true. `skip` says which nodes have none (this one; simulated ones).
 * @returns stop, which takes the routes away again
 */
export function keepPodRoutes(
  informers: InformerFactory,
  log: Logger,
  skip: (node: Node) => boolean,
  device?: string,
): () => Promise<void> {
  const present = new Map<string, PodRoute>();
  const onto = device === undefined ? [] : ["dev", device];
  let last: Promise<unknown> = Promise.resolve();
  const set = (name: string, route: PodRoute | undefined): void => {
    const old = present.get(name);
    if (old?.podCidr === route?.podCidr && old?.via === route?.via) return;
    if (route === undefined) present.delete(name);
    else present.set(name, route);
    last = last.then(async () => {
      if (old !== undefined && old.podCidr !== route?.podCidr) await attempt("ip", ["route", "del", old.podCidr]);
      if (route === undefined) return;
      try {
        await run("ip", ["route", "replace", route.podCidr, "via", route.via, ...onto]);
      } catch (error) {
        log.error("a route to a node's pods was refused", { node: name, ...route, error });
      }
    });
  };
  const remove = informers.informer(nodes).addHandlers({
    onAdd: (n) => set(n.metadata?.name ?? "", skip(n) ? undefined : routeOf(n)),
    onUpdate: (n) => set(n.metadata?.name ?? "", skip(n) ? undefined : routeOf(n)),
    onDelete: (n) => set(n.metadata?.name ?? "", undefined),
  });
  return async () => {
    remove();
    for (const name of present.keys()) set(name, undefined);
    await last;
  };
}
