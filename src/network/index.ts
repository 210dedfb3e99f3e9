/**
 * A node's network: pod links (CNI), routes to other nodes' pods, services (nftables) and cluster DNS. Runs inside the
 * node's network namespace, in the node agent's process.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { MetricsRegistry } from "../core/metrics.ts";
import { attempt, run } from "../host/commands.ts";
import type { InformerFactory } from "../client/informer.ts";
import { nodes, type Node } from "../schema/types/core-v1.ts";
import { Attachments } from "./cni/attachments.ts";
import { AddressPool } from "./cni/ipam.ts";
import { CniServer } from "./cni/server.ts";
import { DnsServer } from "./dns/server.ts";
import { zoneSource } from "./dns/source.ts";
import { ServiceProxy } from "./proxy/proxy.ts";
import { keepPodRoutes } from "./routes.ts";

export interface NodeNetworkOptions {
  readonly informers: InformerFactory;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  readonly nodeName: string;
  readonly nodeAddress: string;
  /** The whole cluster's ranges. */
  readonly clusterPodCidr: string;
  readonly serviceCidr: string;
  readonly nodeCidr: string;
  /** The service address of cluster DNS. */
  readonly dnsAddress: string;
  /** `cluster.local` */
  readonly clusterDomain: string;
  /** Where names outside the cluster are looked up; the machine's own resolvers when absent. */
  readonly resolvers?: readonly string[];
  /** What the network keeps: leases of addresses. */
  readonly stateDir: string;
  readonly socketPath: string;
  readonly cniConfDir: string;
  readonly cniBinDir: string;
  /** The Node executable for the plugin; the running one when absent. */
  readonly nodePath?: string;
}

export interface NodeNetwork {
  /** Resolves when pods can be attached: the node has its range and the runtime its configuration. */
  readonly ready: Promise<void>;
  /** Ends the parts that run here. Links of pods that are there stay; `purge` also takes the tables and routes away. */
  stop(purge: boolean): Promise<void>;
}

export function startNodeNetwork(options: NodeNetworkOptions): NodeNetwork {
  const { informers, log, nodeName } = options;
  const stopping = new AbortController();
  const stops: ((purge: boolean) => Promise<void>)[] = [];
  const { source, synced } = zoneSource(informers);
  const nodeCache = informers.informer(nodes);
  const start = async (): Promise<void> => {
    for (const name of ["default", "all"])
      await attempt("sh", [
        "-c",
        `echo 0 > /proc/sys/net/ipv4/conf/${name}/send_redirects; echo 0 > /proc/sys/net/ipv4/conf/${name}/rp_filter`,
      ]);
    const podCidr = await rangeOf(options, stopping.signal);
    const proxy = new ServiceProxy({ ...options, log: log.child("proxy"), table: { ...options, podCidr } });
    informers.start();
    await synced(stopping.signal);
    await proxy.start(stopping.signal);
    stops.push((purge) => (purge ? proxy.stop() : Promise.resolve()));
    const removeRoutes = keepPodRoutes(informers, log.child("routes"), (n) => n.metadata?.name === nodeName || isSimulated(n));
    stops.push((purge) => (purge ? removeRoutes() : Promise.resolve()));
    await startDns(options, source, stops);
    const pool = new AddressPool(join(options.stateDir, "addresses"), podCidr);
    const cni = new CniServer({
      socketPath: options.socketPath,
      confDir: options.cniConfDir,
      binDir: options.cniBinDir,
      nodePath: options.nodePath ?? process.execPath,
      log: log.child("cni"),
    });
    const attachments = new Attachments({ pool, mtu: mtuOf("eth0"), setHostPorts: (add, remove) => proxy.setHostPorts(add, remove) });
    await attachments.restore();
    await cni.start(attachments);
    stops.push(() => cni.stop());
  };
  nodeCache.addHandlers({});
  const ready = start();
  ready.catch((error: unknown) => {
    if (!stopping.signal.aborted) log.error("the node's network did not start", { error });
  });
  return {
    ready,
    stop: async (purge) => {
      stopping.abort(new Error("the node's network is stopping"));
      for (const stop of stops.reverse()) await stop(purge);
    },
  };
}

/** A node that is an entry in the API and nothing else has no pods to reach. */
export function isSimulated(node: Node): boolean {
  return (
    node.metadata?.labels?.["type"] === "simulated" ||
    node.metadata?.annotations?.["tsukube.dev/simulated"] === "true" ||
    node.metadata?.annotations?.["kwok.x-k8s.io/node"] === "fake"
  );
}

/** The node's pod range, as soon as the cluster has given it one. */
function rangeOf(options: NodeNetworkOptions, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const look = (node: Node): void => {
      if (node.metadata?.name !== options.nodeName) return;
      const range = (node.spec?.podCIDRs ?? [node.spec?.podCIDR ?? ""]).find((c) => c.includes("."));
      if (range === undefined) return;
      remove();
      resolve(range);
    };
    let remove = (): void => undefined;
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    remove = options.informers.informer(nodes).addHandlers({ onAdd: look, onUpdate: look });
    options.informers.start();
  });
}

async function startDns(
  options: NodeNetworkOptions,
  source: ReturnType<typeof zoneSource>["source"],
  stops: ((purge: boolean) => Promise<void>)[],
): Promise<void> {
  await attempt("ip", ["addr", "add", `${options.dnsAddress}/32`, "dev", "lo"]);
  const dns = new DnsServer({
    source,
    zone: options.clusterDomain,
    addresses: [options.dnsAddress, options.nodeAddress],
    upstreams: options.resolvers ?? systemResolvers(),
    log: options.log.child("dns"),
    metrics: options.metrics,
  });
  await dns.start();
  stops.push(() => dns.stop());
}

/** The `nameserver` lines of /etc/resolv.conf that can be reached from another network namespace. */
export function systemResolvers(file = "/etc/resolv.conf"): string[] {
  if (!existsSync(file)) return [];
  return [...readFileSync(file, "utf8").matchAll(/^\s*nameserver\s+(\S+)/gm)]
    .map((m) => m[1] as string)
    .filter((a) => a.includes(".") && !a.startsWith("127."));
}

function mtuOf(device: string): number {
  const file = `/sys/class/net/${device}/mtu`;
  return existsSync(file) ? Number(readFileSync(file, "utf8")) : 1500;
}

/** Whether this machine has what the network needs; a sentence each for what it lacks. */
export async function networkFaults(): Promise<string[]> {
  const faults: string[] = [];
  for (const [program, args, brings] of [
    ["ip", ["-V"], "iproute2"],
    ["nft", ["--version"], "nftables"],
    ["nsenter", ["--version"], "util-linux"],
  ] as const) {
    try {
      await run(program, args);
    } catch {
      faults.push(`${program} is missing: install ${brings}`);
    }
  }
  return faults;
}
