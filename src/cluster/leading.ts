/**
 * Several control planes on one etcd: of their controllers, and of their schedulers, one works at a time, by the leases that upstream's
 * components use. Where a cluster has its store to itself nothing is waited for.
 */
import { createHash } from "node:crypto";
import { hostname } from "node:os";
import type { Client } from "../client/client.ts";
import { informerFactory } from "../client/informer-factory.ts";
import { runAsLeader } from "../client/leader-election.ts";
import type { ControllerContext } from "../operator/controller.ts";
import type { ClusterConfig } from "./options.ts";

/** The same after a crash, so that a control plane which comes back goes on at once; two never share a data directory. */
function identityOf(config: ClusterConfig): string {
  return `${hostname()}_${createHash("sha256").update(config.dataDir).digest("hex").slice(0, 16)}`;
}

/**
 * Runs `work` whenever this control plane leads `component`, until the context's signal aborts. Each term has informers of its
 * own; `client` is the component's.
 */
export async function whileLeading(
  config: ClusterConfig,
  component: string,
  context: ControllerContext,
  client: Client,
  work: (context: ControllerContext) => Promise<void>,
): Promise<void> {
  if (config.store.kind !== "etcd") return work(context);
  const { clock, signal } = context;
  const log = context.log.child(component);
  const election = { client, namespace: "kube-system", name: component, identity: identityOf(config), clock, log };
  while (!signal.aborted) {
    const lead = async (term: AbortSignal): Promise<void> => {
      const informers = informerFactory(client, { clock, log: log.child("informers") });
      try {
        await work({ ...context, informers, signal: term });
      } finally {
        informers.stop();
      }
    };
    await runAsLeader(election, lead, signal);
  }
}
