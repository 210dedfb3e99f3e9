/** A node agent's process: the kubelet and the node's network. Runs inside the node's namespaces. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { httpClient } from "../../client/http-client.ts";
import { informerFactory } from "../../client/informer-factory.ts";
import { loadKubeconfig, resolveContext } from "../../client/kubeconfig.ts";
import { systemClock } from "../../core/clock.ts";
import { createLogger } from "../../core/log.ts";
import { MetricsRegistry } from "../../core/metrics.ts";
import { startNodeNetwork } from "../../network/index.ts";
import { startNodeAgent } from "../../node/index.ts";
import type { NodeConfig } from "../node-config.ts";
import { kubeletClientName } from "../pki.ts";
import { kubernetesVersion } from "../version-info.ts";
import type { Command } from "./command.ts";

export const runNodeCommand: Command = {
  spec: {
    name: "run-node",
    summary: "Runs a node's agent.",
    options: { config: { type: "string", value: "FILE", help: "what the node is told" } },
  },
  run: async (parsed) => {
    const config = JSON.parse(readFileSync(parsed.values["config"] as string, "utf8")) as NodeConfig;
    await runNode(config);
    return 0;
  },
};

async function runNode(config: NodeConfig): Promise<void> {
  const log = createLogger({ level: process.env["TSUKUBE_DEBUG"] ? "debug" : "info" });
  const clock = systemClock;
  const stopped = new Promise<void>((resolve) => {
    for (const s of ["SIGTERM", "SIGINT"] as const) process.once(s, () => resolve());
  });
  const cniBinDir = join(config.dir, "cni", "bin");
  const cniConfDir = join(config.dir, "cni", "net.d");
  mkdirSync(cniConfDir, { recursive: true });
  const networkClient = httpClient((await resolveContext(await loadKubeconfig(config.networkKubeconfig))).config);
  const informers = informerFactory(networkClient, { clock, log: log.child("network") });
  const network = startNodeNetwork({
    informers,
    clock,
    log: log.child("network"),
    metrics: new MetricsRegistry(),
    nodeName: config.nodeName,
    nodeAddress: config.nodeAddress,
    clusterPodCidr: config.clusterPodCidr,
    serviceCidr: config.serviceCidr,
    nodeCidr: config.nodeCidr,
    dnsAddress: config.dnsAddress,
    clusterDomain: config.clusterDomain,
    resolvers: config.resolvers,
    stateDir: join(config.dir, "network"),
    socketPath: join(config.dir, "cni", "agent.sock"),
    cniConfDir,
    cniBinDir,
  });
  const { config: apiServer } = await resolveContext(await loadKubeconfig(config.kubeconfig));
  const agent = await startNodeAgent({
    nodeName: config.nodeName,
    nodeIPs: [config.nodeAddress],
    apiServer,
    dataDir: config.dir,
    runtime: { containerd: config.containerd },
    cniBinDir,
    cniConfDir,
    imageStore: config.imageDir,
    clusterDns: [config.dnsAddress],
    clusterDomain: config.clusterDomain,
    cgroupParent: config.cgroup,
    tls: {
      cert: readFileSync(config.servingCertificate, "utf8"),
      key: readFileSync(config.servingKey, "utf8"),
      clientCA: readFileSync(config.clientCa, "utf8"),
    },
    trustedUsers: [kubeletClientName],
    kubeletVersion: kubernetesVersion,
    log,
  });
  log.info("the node runs", { node: agent.nodeName, runtime: agent.runtime, port: agent.port });
  await stopped;
  await agent.stop();
  await network.stop(false);
  informers.stop();
  networkClient.close();
}
