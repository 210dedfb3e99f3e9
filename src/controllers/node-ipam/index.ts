/** Wiring of the pod range allocator: every node gets a slice of each cluster range. */
import type { Controller, ControllerContext } from "../../operator/controller.ts";
import { nodes, type Node } from "../../schema/types/core-v1.ts";
import { typed } from "../typed.ts";
import { CidrSet, formatCidr, parseCidr, type Cidr } from "./cidr-set.ts";

export interface NodeIpamOptions {
  /** One range, or one of each family: `10.244.0.0/16`. */
  readonly clusterCidrs: readonly string[];
  /** Not handed out where they overlap. */
  readonly serviceCidrs?: readonly string[];
  /** Prefix of a node's slice; 24 when absent. */
  readonly maskSizeIPv4?: number;
  /** 64 when absent. */
  readonly maskSizeIPv6?: number;
}

function required(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new Error(`"${text}" is not an address range`);
  return cidr;
}

export function nodeIpamController(options: NodeIpamOptions): Controller {
  return {
    name: "node-ipam-controller",
    identity: "node-controller",
    eventSource: "cidrAllocator",
    // One at a time: the sets are shared, and a slice is taken before the node says so.
    workers: 1,
    setup(context, queue) {
      const sets = options.clusterCidrs.map((text) => {
        const cidr = required(text);
        return new CidrSet(cidr, cidr.family === 4 ? (options.maskSizeIPv4 ?? 24) : (options.maskSizeIPv6 ?? 64));
      });
      for (const text of options.serviceCidrs ?? []) for (const set of sets) set.occupy(required(text));
      const informer = context.informers.informer(nodes);
      const each = (node: Node, use: (set: CidrSet, cidr: Cidr) => void): void => {
        node.spec?.podCIDRs?.forEach((text, i) => {
          const cidr = parseCidr(text);
          const set = sets[i];
          if (cidr !== undefined && set !== undefined) use(set, cidr);
        });
      };
      // All nodes of the first list are marked before the first reconcile hands anything out.
      informer.addHandlers({
        onAdd: (node) => {
          each(node, (set, cidr) => set.occupy(cidr));
          if ((node.spec?.podCIDRs ?? []).length === 0) queue.add(node.metadata?.name ?? "");
        },
        onUpdate: (node, old) => {
          if ((node.spec?.podCIDRs ?? []).length === 0) queue.add(node.metadata?.name ?? "");
          else if (node.spec?.podCIDRs !== old.spec?.podCIDRs) each(node, (set, cidr) => set.occupy(cidr));
        },
        onDelete: (node) => each(node, (set, cidr) => set.release(cidr)),
      });
      return async (key, signal) => {
        const node = informer.lister.get("", key);
        if (node === undefined || node.metadata?.deletionTimestamp !== undefined || (node.spec?.podCIDRs ?? []).length > 0) return;
        await allocate(context, sets, node, signal);
      };
    },
  };
}

async function allocate(context: ControllerContext, sets: readonly CidrSet[], node: Node, signal: AbortSignal): Promise<void> {
  const name = node.metadata?.name ?? "";
  const status = (reason: string): void =>
    context.events.event(typed(nodes, node), "Normal", reason, `Node ${name} status is now: ${reason}`);
  const taken: [CidrSet, Cidr][] = [];
  const giveBack = (): void => {
    for (const [set, cidr] of taken) set.release(cidr);
  };
  for (const [i, set] of sets.entries()) {
    const cidr = set.allocate();
    if (cidr === undefined) {
      giveBack();
      status("CIDRNotAvailable");
      throw new Error(
        `failed to allocate cidr from cluster cidr at idx:${i}: CIDR allocation failed; there are no remaining CIDRs left to allocate in the accepted range`,
      );
    }
    taken.push([set, cidr]);
  }
  const podCIDRs = taken.map(([, cidr]) => formatCidr(cidr));
  try {
    const patch = { metadata: { uid: node.metadata?.uid }, spec: { podCIDR: podCIDRs[0], podCIDRs } };
    await context.client.resource(nodes).patch(name, "strategic", patch, { signal });
  } catch (error) {
    giveBack();
    status("CIDRAssignmentFailed");
    throw error;
  }
}
