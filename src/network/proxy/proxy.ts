/** Keeps the node's table true: watches Services and EndpointSlices, plans, and gives the kernel the difference. */
import type { Clock, Timer } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { MetricsRegistry } from "../../core/metrics.ts";
import { attempt, run } from "../../host/commands.ts";
import type { Informer, InformerFactory } from "../../client/informer.ts";
import { endpointslices, type EndpointSlice } from "../../schema/types/discovery-v1.ts";
import { services, type Service } from "../../schema/types/core-v1.ts";
import type { HostPort } from "../host-port.ts";
import { HostPortTable } from "./host-ports.ts";
import { commonChains, emptyPlan, planProxy, type ProxyPlan } from "./plan.ts";
import { baseRuleset, changes, staleUdp, tableName, type TableOptions } from "./ruleset.ts";

export interface ServiceProxyOptions {
  readonly informers: InformerFactory;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  readonly nodeName: string;
  readonly table: TableOptions;
}

/** Changes that come within this many milliseconds go to the kernel in one transaction. */
const gather = 10;
/** After a refused transaction the table is loaded whole, this many milliseconds later. */
const retry = 1000;

const serviceLabel = "kubernetes.io/service-name";

export class ServiceProxy {
  readonly #options: ServiceProxyOptions;
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  #plan: ProxyPlan | undefined;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  /** Ids of endpoints with session affinity; forgotten with the agent, as what clients had is with the table. */
  readonly #ids = new Map<string, number>();
  #lastId = 0;
  readonly #hostPorts = new HostPortTable(tableName);

  constructor(options: ServiceProxyOptions) {
    this.#options = options;
    this.#services = options.informers.informer(services);
    this.#slices = options.informers.informer(endpointslices);
    this.#slices.addIndex("service", (s) => [`${s.metadata?.namespace ?? ""}/${s.metadata?.labels?.[serviceLabel] ?? ""}`]);
    const changed = (): void => this.#schedule(gather);
    for (const informer of [this.#services, this.#slices] as Informer<object>[])
      informer.addHandlers({ onAdd: changed, onUpdate: changed, onDelete: changed });
  }

  /** Resolves when the table holds what the API server held at the start. */
  async start(signal?: AbortSignal): Promise<void> {
    await Promise.all([this.#services.whenSynced(signal), this.#slices.whenSynced(signal)]);
    await this.#sync();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
    await attempt("nft", ["delete", "table", "ip", tableName]);
  }

  /** Ports of the node that lead to a pod (`hostPort`). */
  async setHostPorts(add: readonly HostPort[], remove: readonly HostPort[]): Promise<void> {
    const text = this.#hostPorts.change(add, remove);
    await this.#running; // a whole load under way may have read the ports before this change
    if (this.#plan === undefined || text === "") return;
    try {
      await run("nft", ["-f", "-"], text);
    } catch (error) {
      this.#hostPorts.change(remove, add); // the kernel took nothing of it
      throw error;
    }
    // Datagrams that came before the change, or for a pod that is gone, would keep going where the first one went.
    for (const { protocol, port } of [...add, ...remove])
      if (protocol === "udp") await attempt("conntrack", ["-D", "-p", "udp", "--orig-port-dst", String(port)]);
  }

  #idOf(endpoint: string): number {
    let id = this.#ids.get(endpoint);
    if (id === undefined) this.#ids.set(endpoint, (id = ++this.#lastId));
    return id;
  }

  #schedule(ms: number): void {
    if (this.#stopped || this.#timer !== undefined) return;
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#timer = undefined;
      if (!this.#services.synced || !this.#slices.synced) return;
      void this.#sync();
    }, ms);
  }

  async #sync(): Promise<void> {
    if (this.#running !== undefined) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#apply();
    try {
      await this.#running;
    } finally {
      this.#running = undefined;
      if (this.#again) {
        this.#again = false;
        this.#schedule(0);
      }
    }
  }

  async #apply(): Promise<void> {
    const { clock, log, metrics, nodeName, table } = this.#options;
    const started = clock.monotonic();
    const next = planProxy({
      nodeName,
      services: this.#services.lister.list(),
      slicesOf: (service) => this.#slices.lister.byIndex("service", service),
      local: new Set([table.dnsAddress]),
      idOf: (endpoint) => this.#idOf(endpoint),
    });
    const old = this.#plan;
    const grows = old !== undefined && [...next.chains].some((c) => !old.chains.has(c));
    const from = grows ? undefined : old;
    if (from === undefined) for (const c of commonChains()) next.chains.add(c);
    try {
      const text = from === undefined ? baseRuleset(table) + changes(emptyPlan(), next) + this.#hostPorts.all() : changes(from, next);
      if (text === "") return;
      await run("nft", ["-f", "-"], text);
      // Chains are never removed, so that the next difference must know of all that were made.
      for (const c of from?.chains ?? []) next.chains.add(c);
      this.#plan = next;
      metrics
        .histogram("kubeproxy_sync_proxy_rules_duration_seconds", "SyncProxyRules latency in seconds", [], latencyBuckets)
        .observe((clock.monotonic() - started) / 1000);
    } catch (error) {
      metrics.counter("kubeproxy_sync_proxy_rules_nftables_sync_failures_total", "Cumulative proxy nftables sync failures").inc();
      log.error("the kernel refused the service rules; loading the whole table", { error });
      this.#plan = undefined;
      this.#schedule(retry);
      return;
    }
    for (const s of old === undefined ? [] : staleUdp(old, next)) {
      const to = s.address === undefined ? [] : ["--orig-dst", s.address];
      await attempt("conntrack", ["-D", "-p", "udp", ...to, "--orig-port-dst", s.port, "--dst-nat", s.backend]);
    }
  }
}

const latencyBuckets = [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384];
