/** What works in the control plane beside the server: controllers, scheduler, simulated nodes; and when its nodes are ready. */
import type { ApiServer } from "../apiserver/server-interface.ts";
import type { Client } from "../client/client.ts";
import type { InformerFactory } from "../client/informer.ts";
import { builtinControllers } from "../controllers/index.ts";
import type { ControllerContext } from "../operator/controller.ts";
import { runControllers } from "../operator/run-controllers.ts";
import type { LocalNode } from "../resources/index.ts";
import { nodes, type Node } from "../schema/types/core-v1.ts";
import { startScheduler } from "../scheduler/index.ts";
import { startSimulatedNodes } from "../node/simulated/index.ts";
import { whileLeading } from "./leading.ts";
import type { Security } from "./security.ts";

import { agentOf, type ControlPlaneOptions } from "./control-plane-options.ts";

/** Controllers, scheduler, simulated nodes: none of them is waited for. */
export function startWork(
  options: ControlPlaneOptions,
  context: ControllerContext,
  client: Client,
  { server, secure, localNodes }: { readonly server: ApiServer; readonly secure: Security; readonly localNodes: Map<string, LocalNode> },
  stops: (() => Promise<void> | void)[],
): void {
  const { config, pki, log } = options;
  const served = (resource: string): boolean =>
    server.definition("certificates.k8s.io", resource)?.versions.some((v) => v.version === "v1beta1") === true;
  const failed = (what: string) => (error: unknown) => {
    if (!context.signal.aborted) log.error(`${what} ended`, { error });
  };
  const controllers = builtinControllers({
    rootCertificates: pki.ca.certificate,
    signing: { authority: pki.ca },
    serviceAccountTokens: (account, secretName) => secure.issuer.issueLegacy(account, secretName),
    podCertificateRequests: served("podcertificaterequests"),
    clusterTrustBundles: served("clustertrustbundles"),
    nodeIpam: { clusterCidrs: [config.podCidr], serviceCidrs: [config.serviceCidr] },
  });
  const running = whileLeading(config, "kube-controller-manager", context, context.client, (term) =>
    runControllers(term, controllers),
  ).catch(failed("the controllers"));
  stops.push(() => running);
  const scheduler = client.as({ name: "system:kube-scheduler", userAgent: agentOf("kube-scheduler") });
  const scheduling = whileLeading(config, "kube-scheduler", context, scheduler, (term) => startScheduler({ ...term, client, log })).catch(
    failed("the scheduler"),
  );
  stops.push(() => scheduling);
  if (config.simulatedNodes > 0) {
    const kubelets = client.as({ name: "system:apiserver", groups: ["system:masters"], userAgent: agentOf("kubelet") });
    const simulated = startSimulatedNodes(
      { ...context, client: kubelets, log: log.child("simulated-nodes") },
      { count: config.simulatedNodes },
    );
    for (const name of simulated.names) {
      const node = simulated.localNode(name);
      if (node !== undefined) localNodes.set(name, node);
    }
    stops.push(() => simulated.stop());
  }
}

/** Nodes that have said since the start that they are ready: what they said to an earlier run does not count. */
export function nodesReady(
  informers: InformerFactory,
  count: number,
  fresh: (node: string, heartbeat: number) => boolean,
  signal: AbortSignal,
  progress: (ready: number, of: number) => void,
): Promise<void> {
  const isReady = (n: Node): boolean => {
    const ready = n.status?.conditions?.find((c) => c.type === "Ready");
    return ready?.status === "True" && fresh(n.metadata?.name ?? "", Date.parse(ready.lastHeartbeatTime ?? ""));
  };
  const informer = informers.informer(nodes);
  return new Promise((resolve) => {
    let last = 0;
    let remove = (): void => undefined;
    const look = (): void => {
      const ready = informer.lister.list().filter(isReady).length;
      if (ready !== last && ready < count) progress(ready, count);
      last = ready;
      if (ready < count) return;
      remove();
      resolve();
    };
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
    remove = informer.addHandlers({ onAdd: look, onUpdate: look });
    informers.start();
    if (count === 0) look();
  });
}
