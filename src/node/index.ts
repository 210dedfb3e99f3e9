/**
 * The node agent: registers its node, runs the pods that are bound to it through CRI, and serves the kubelet's HTTPS API. It
 * runs inside its node's network and mount namespaces. Ending it leaves containers running; the next one adopts them.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventRecorder } from "../client/event-recorder.ts";
import { httpClient } from "../client/http-client.ts";
import { informerFactory } from "../client/informer-factory.ts";
import { systemClock } from "../core/clock.ts";
import { createLogger } from "../core/log.ts";
import { MetricsRegistry } from "../core/metrics.ts";
import { openCgroups } from "../host/cgroups.ts";
import { nodes, pods, services, type Pod } from "../schema/types/core-v1.ts";
import { runtimeclasses } from "../schema/types/node-v1.ts";
import { parseResolvConf } from "./container/hostname.ts";
import { cgroupPaths } from "./container/resources.ts";
import { ensureContainerd, runningContainerd, type ContainerdOptions } from "./containerd.ts";
import { criClient, type CriClient } from "./cri/cri-client.ts";
import { ImagePuller } from "./images/image-puller.ts";
import { ImageStore } from "./images/image-store.ts";
import { startMirror, type Mirror } from "./images/mirror.ts";
import { LoadedImages } from "./loaded-images.ts";
import { containerEvent, type NodeContext } from "./node-context.ts";
import { NodeRegistration } from "./node-object/node-registration.ts";
import { ObjectCache } from "./object-cache.ts";
import { nodeAgentFaults, type NodeAgentOptions } from "./options.ts";
import { makeNodePaths, nodePaths, type NodePaths } from "./paths.ts";
import { StatusManager } from "./pod/status-manager.ts";
import { PodWorkers } from "./pod-workers.ts";
import { startRuntimeEvents } from "./runtime-events.ts";
import { sandboxImage, storeSandboxImage } from "./sandbox-image.ts";
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

interface Runtime {
  readonly cri: CriClient;
  readonly socket: string;
  readonly store: ImageStore;
  readonly mirror: Mirror;
  /** Starts containerd again when it has ended; its containers have not. */
  revive(): Promise<void>;
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
  const runtime = await startRuntime(options, paths);
  const { cri, store, mirror } = runtime;
  const client = httpClient({ ...options.apiServer, userAgent: options.apiServer.userAgent ?? "kubelet" });
  const events = eventRecorder(client, "kubelet", { clock, log, host: options.nodeName, signal });
  const metrics = new MetricsRegistry();
  const cgroups = openCgroups();
  const groups = cgroupPaths(options.cgroupParent ?? "/");
  for (const path of [groups.kubepods, groups.burstable, groups.bestEffort]) cgroups.ensure(path);
  cgroups.apply(groups.bestEffort, { cpuShares: 2 });

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
  const tokens = new ServiceAccountTokens(client, clock);
  const addresses = (pod: Pod): { podIPs: readonly string[]; hostIPs: readonly string[] } => ({
    podIPs: (statuses.get(pod.metadata?.uid ?? "") ?? pod.status)?.podIPs?.map((p) => p.ip) ?? [],
    hostIPs: options.nodeIPs,
  });
  const node: NodeContext = {
    nodeName: options.nodeName,
    nodeIPs: options.nodeIPs,
    client,
    clock,
    log,
    metrics,
    events,
    cri,
    cgroups,
    cgroupPaths: groups,
    paths,
    images: new ImagePuller({ cri, clock, event: (pod, container, ...rest) => containerEvent(events, pod, container, ...rest) }),
    volumes: new PodVolumes({
      directory: paths.root,
      sources: (pod) => ({
        objects,
        token: (p, projection) => tokens.token(p, projection),
        allocatable: registration.allocatable(),
        addresses: addresses(pod),
      }),
      onTearDown: (uid) => tokens.forget(uid),
    }),
    objects,
    memoryCapacity: registration.machine.memory,
    clusterDomain: options.clusterDomain ?? "cluster.local",
    clusterDns: options.clusterDns ?? [],
    nodeDns: () => readNodeDns(options.resolvConf ?? "/etc/resolv.conf"),
    services: () => (serviceInformer.synced ? serviceInformer.lister.list() : undefined),
    self: () => registration.node,
    allocatable: () => registration.allocatable(),
    runtimeHandler: async (pod) => {
      const name = pod.spec?.runtimeClassName;
      return name ? (await client.resource(runtimeclasses).get(name)).handler : "";
    },
  };
  const workers = new PodWorkers(node, statuses);
  await node.volumes.start();
  const loaded = new LoadedImages(store, cri, log);
  loaded.start();
  const server = await startKubeletServer({ node, workers, statuses, options, clock, log });
  podInformer.addHandlers({
    onAdd: (pod) => workers.add(pod),
    onUpdate: (pod) => workers.update(pod),
    onDelete: (pod) => workers.remove(pod),
  });
  await registration.start();
  informers.start();
  await informers.whenSynced(signal);
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

/** The mirror keeps its port over restarts: containerd's configuration names it, and containerd goes on running. */
async function startRuntime(options: NodeAgentOptions, paths: NodePaths): Promise<Runtime> {
  const store = new ImageStore(options.imageStore ?? join(options.dataDir, "images"));
  storeSandboxImage(store);
  if ("socket" in options.runtime) {
    const mirror = await startMirror(store);
    return { cri: await criClient(options.runtime.socket), socket: options.runtime.socket, store, mirror, revive: () => Promise.resolve() };
  }
  const mirror = await startMirror(store, rememberedPort(paths.containerd)).catch(() => startMirror(store));
  const containerd: ContainerdOptions = {
    binary: options.runtime.containerd,
    directory: paths.containerd,
    sandboxImage,
    mirrorPort: mirror.port,
    cniBinDir: options.cniBinDir ?? join(options.dataDir, "cni", "bin"),
    cniConfDir: options.cniConfDir ?? join(options.dataDir, "cni", "net.d"),
  };
  const { socket } = await ensureContainerd(containerd);
  let reviving: Promise<unknown> | undefined;
  return {
    cri: await criClient(socket),
    socket,
    store,
    mirror,
    revive: async () => {
      if (reviving !== undefined || runningContainerd(paths.containerd) !== undefined) return;
      reviving = ensureContainerd(containerd).finally(() => (reviving = undefined));
      await reviving;
    },
  };
}

function rememberedPort(directory: string): number {
  const hosts = join(directory, "registries", "_default", "hosts.toml");
  if (!existsSync(hosts)) return 0;
  return Number(/127\.0\.0\.1:(\d+)/.exec(readFileSync(hosts, "utf8"))?.[1] ?? 0);
}

function readNodeDns(file: string): ReturnType<typeof parseResolvConf> {
  return existsSync(file) ? parseResolvConf(readFileSync(file, "utf8")) : { servers: [], searches: [], options: [] };
}

async function describeRuntime(cri: CriClient): Promise<string> {
  const { runtimeName, runtimeVersion } = await cri.version();
  return `${runtimeName} ${runtimeVersion}`;
}
