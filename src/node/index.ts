/**
 * The node agent: registers its node, runs the pods that are bound to it through CRI, and serves the kubelet's HTTPS API. It
 * runs inside its node's network and mount namespaces. Ending it leaves containers running; the next one adopts them.
 */
import { existsSync, readFileSync } from "node:fs";
import { eventRecorder } from "../client/event-recorder.ts";
import { httpClient } from "../client/http-client.ts";
import { informerFactory } from "../client/informer-factory.ts";
import { systemClock } from "../core/clock.ts";
import { createLogger } from "../core/log.ts";
import { MetricsRegistry } from "../core/metrics.ts";
import { openCgroups } from "../host/cgroups.ts";
import { nodes, pods, services, type Pod, type Service } from "../schema/types/core-v1.ts";
import { runtimeclasses } from "../schema/types/node-v1.ts";
import { parseResolvConf } from "./container/hostname.ts";
import { cgroupPaths } from "./container/resources.ts";
import { ImagePuller } from "./images/image-puller.ts";
import { LoadedImages } from "./loaded-images.ts";
import { containerEvent, type NodeContext } from "./node-context.ts";
import { NodeRegistration } from "./node-object/node-registration.ts";
import { ObjectCache } from "./object-cache.ts";
import { nodeAgentFaults, type NodeAgentOptions } from "./options.ts";
import { describeRuntime, startNodeRuntime } from "./node-runtime.ts";
import { makeNodePaths, nodePaths } from "./paths.ts";
import { StatusManager } from "./pod/status-manager.ts";
import { PodWorkers } from "./pod-workers.ts";
import { startRuntimeEvents } from "./runtime-events.ts";
import { startKubeletServer } from "./server/kubelet-server.ts";
import { PodVolumes } from "./volumes/pod-volumes.ts";
import { ServiceAccountTokens } from "./volumes/service-account-tokens.ts";

export type { NodeAgentOptions } from "./options.ts";

export interface NodeAgent {
  readonly nodeName: string;
  /** `containerd 1.6.20` */
  readonly runtime: string;
  /** Of the kubelet's HTTPS API. */
  readonly port: number;
  /** Ends the agent. Its containers and its containerd go on. */
  stop(): Promise<void>;
}

const volumeRefreshInterval = 60_000;
const logRotationInterval = 10_000;
const revivalInterval = 1_000;

/** Resolves when the node is registered and follows its pods. Throws an Error that says everything that is wrong. */
export async function startNodeAgent(options: NodeAgentOptions): Promise<NodeAgent> {
  const faults = nodeAgentFaults(options);
  if (faults.length > 0) throw new Error(`node agent options: ${faults.join("; ")}`);
  const log = (options.log ?? createLogger()).child("node", { node: options.nodeName });
  const clock = options.clock ?? systemClock;
  const stop = new AbortController();
  const { signal } = stop;
  const paths = nodePaths(options.dataDir);
  makeNodePaths(paths);
  const runtime = await startNodeRuntime(options, paths);
  const { cri, store, mirror } = runtime;
  const client = httpClient({ ...options.apiServer, userAgent: options.apiServer.userAgent ?? "kubelet" });
  const events = eventRecorder(client, "kubelet", { clock, log, host: options.nodeName, signal });
  const cgroups = openCgroups();
  const registration = new NodeRegistration({
    nodeName: options.nodeName,
    nodeIPs: options.nodeIPs,
    kubeletPort: options.kubeletPort ?? 10250,
    kubeletVersion: options.kubeletVersion ?? "v1.36.3",
    maxPods: options.maxPods ?? 110,
    labels: options.labels ?? {},
    client,
    cri,
    events,
    clock,
    log,
    signal,
    directory: paths.root,
  });
  const informers = informerFactory(client, { clock, log });
  const podInformer = informers.informer(pods, { fieldSelector: `spec.nodeName=${options.nodeName}` });
  const serviceInformer = informers.informer(services);
  const nodeInformer = informers.informer(nodes, { fieldSelector: `metadata.name=${options.nodeName}` });
  nodeInformer.addHandlers({ onAdd: (node) => registration.observe(node), onUpdate: (node) => registration.observe(node) });

  const statuses = new StatusManager({ client, clock, log, signal });
  const objects = new ObjectCache({ client, clock, log, onChange: (uids) => workers.refresh(uids) });
  const node = nodeContext(
    options,
    { client, clock, log, metrics: new MetricsRegistry(), events, cri, cgroups, paths, objects },
    registration,
    statuses,
    () => (serviceInformer.synced ? serviceInformer.lister.list() : undefined),
  );
  const workers = new PodWorkers(node, statuses);
  await node.volumes.start();
  const loaded = new LoadedImages(store, cri, log);
  loaded.start();
  const server = await startKubeletServer({ node, workers, statuses, options, clock, log });
  await registration.start();
  informers.start();
  await informers.whenSynced(signal);
  // Only now: a container's environment names the services that there are.
  podInformer.addHandlers({
    onAdd: (pod) => workers.add(pod),
    onUpdate: (pod) => workers.update(pod),
    onDelete: (pod) => workers.remove(pod),
  });
  startRuntimeEvents({
    cri,
    socket: runtime.socket,
    clock,
    log,
    signal,
    onPod: (uid) => workers.wake(uid),
    podOf: (id) => workers.podOf(id),
    busy: () => workers.size > 0,
  });
  workers.clearOrphans().catch((error: unknown) => log.warn("leftovers could not be cleared", { error }));
  const timers = [
    clock.setInterval(() => workers.refreshAll(), volumeRefreshInterval),
    clock.setInterval(() => void workers.rotateLogs(), logRotationInterval),
    clock.setInterval(() => {
      runtime.revive().catch((error: unknown) => log.error("containerd could not be started again", { error }));
    }, revivalInterval),
  ];
  log.info("ready", { port: server.port });
  return {
    nodeName: options.nodeName,
    runtime: await describeRuntime(cri),
    port: server.port,
    stop: async () => {
      for (const timer of timers) timer.cancel();
      workers.stop();
      stop.abort(new Error("the agent stops"));
      informers.stop();
      objects.stop();
      loaded.stop();
      await server.close();
      await mirror.close();
      cri.close();
      client.close();
    },
  };
}

type Shared = Pick<NodeContext, "client" | "clock" | "log" | "metrics" | "events" | "cri" | "cgroups" | "paths" | "objects">;

/** Puts together what the parts of the agent share. */
function nodeContext(
  options: NodeAgentOptions,
  shared: Shared,
  registration: NodeRegistration,
  statuses: StatusManager,
  services: () => readonly Service[] | undefined,
): NodeContext {
  const { client, clock, events, cri, cgroups, paths, objects } = shared;
  const groups = cgroupPaths(options.cgroupParent ?? "/");
  for (const path of [groups.kubepods, groups.burstable, groups.bestEffort]) cgroups.ensure(path);
  cgroups.apply(groups.bestEffort, { cpuShares: 2 });
  const tokens = new ServiceAccountTokens(client, clock);
  const podIPs = (pod: Pod): string[] => (statuses.get(pod.metadata?.uid ?? "") ?? pod.status)?.podIPs?.map((p) => p.ip) ?? [];
  return {
    ...shared,
    nodeName: options.nodeName,
    nodeIPs: options.nodeIPs,
    cgroupPaths: groups,
    images: new ImagePuller({ cri, clock, event: (pod, container, ...rest) => containerEvent(events, pod, container, ...rest) }),
    volumes: new PodVolumes({
      directory: paths.root,
      sources: (pod) => ({
        objects,
        token: (p, projection) => tokens.token(p, projection),
        allocatable: registration.allocatable(),
        addresses: { podIPs: podIPs(pod), hostIPs: options.nodeIPs },
      }),
      onTearDown: (uid) => tokens.forget(uid),
    }),
    memoryCapacity: registration.machine.memory,
    clusterDomain: options.clusterDomain ?? "cluster.local",
    clusterDns: options.clusterDns ?? [],
    nodeDns: () => readNodeDns(options.resolvConf ?? "/etc/resolv.conf"),
    services,
    self: () => registration.node,
    allocatable: () => registration.allocatable(),
    runtimeHandler: async (pod) => {
      const name = pod.spec?.runtimeClassName;
      return name ? (await client.resource(runtimeclasses).get(name)).handler : "";
    },
  };
}

function readNodeDns(file: string): ReturnType<typeof parseResolvConf> {
  return existsSync(file) ? parseResolvConf(readFileSync(file, "utf8")) : { servers: [], searches: [], options: [] };
}
