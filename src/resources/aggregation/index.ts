/**
 * Follows APIService objects: those with a service behind them are added to the aggregator, and asked whether they are there: at each change of
 * theirs, their service's or its endpoints', every 30 seconds, and with growing pauses while they are not.
 */
import type { Aggregator } from "../../apiserver/aggregation/aggregator.ts";
import type { ApiServer } from "../../apiserver/server-interface.ts";
import { createInformer, type OwnInformer } from "../../client/informer-factory.ts";
import { hasReason, isApiError } from "../../core/api-error.ts";
import type { Timer } from "../../core/clock.ts";
import { defaultFeatureGates } from "../../core/feature-gates.ts";
import type { Counter, Gauge, MetricsRegistry } from "../../core/metrics.ts";
import type { ResourceRef } from "../../schema/resource-ref.ts";
import { apiservices, type APIService, type APIServiceStatus } from "../../schema/types/apiregistration-v1.ts";
import { services, type Service } from "../../schema/types/core-v1.ts";
import { endpointslices, type EndpointSlice } from "../../schema/types/discovery-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import { type Availability, failedCheck, isAvailable, obstacle, passed, withAvailability } from "./availability.ts";
import { type FrontProxy, RemoteServer } from "./remote-server.ts";

export type { FrontProxy } from "./remote-server.ts";

export interface AggregationOptions {
  readonly aggregator: Aggregator;
  readonly server: Pick<ApiServer, "delegate">;
  readonly metrics: MetricsRegistry;
  /** Absent: extension servers are not told for whom they are asked. */
  readonly frontProxy?: FrontProxy | undefined;
  /** Called after each change of an APIService. */
  onChange?(): void;
}

const resyncMs = 30_000;
const firstRetryMs = 5;
const longestRetryMs = 30_000;
/** A service has several endpoints: one that answers is enough. */
const attempts = 5;

const local: Availability = { status: "True", reason: "Local", message: "Local APIServices are always available" };
const serviceNameLabel = "kubernetes.io/service-name";

interface Check {
  timer: Timer | undefined;
  failures: number;
  running: boolean;
  /** Something changed while it ran. */
  again: boolean;
}

export class Aggregation {
  readonly #deps: ResourceDeps;
  readonly #options: AggregationOptions;
  readonly #registered: OwnInformer<APIService>;
  #services: OwnInformer<Service> | undefined;
  #slices: OwnInformer<EndpointSlice> | undefined;
  readonly #checks = new Map<string, Check>();
  readonly #remotes = new Map<string, RemoteServer>();
  readonly #stopping = new AbortController();
  readonly #unavailable: Gauge;
  readonly #unavailableTotal: Counter;

  constructor(deps: ResourceDeps, options: AggregationOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#unavailable = options.metrics.gauge(
      "aggregator_unavailable_apiservice",
      "Gauge of APIServices which are marked as unavailable broken down by APIService name.",
      ["name"],
    );
    this.#unavailableTotal = options.metrics.counter(
      "aggregator_unavailable_apiservice_total",
      "Counter of APIServices which are marked as unavailable broken down by APIService name and reason.",
      ["name", "reason"],
    );
    this.#registered = this.#informer(apiservices);
    this.#registered.addHandlers({
      onAdd: (service) => this.#observe(service, undefined),
      onUpdate: (service, old) => this.#observe(service, old),
      onDelete: (service) => this.#forget(service),
    });
    this.#registered.start();
  }

  stop(): void {
    this.#stopping.abort(new Error("the server stops"));
    this.#options.server.delegate(undefined);
    this.#options.aggregator.stop();
    for (const informer of [this.#registered, this.#services, this.#slices]) informer?.stop();
    for (const { timer } of this.#checks.values()) timer?.cancel();
  }

  #informer<T extends object>(ref: ResourceRef<T>): OwnInformer<T> {
    return createInformer(this.#deps.client(), ref, { clock: this.#deps.clock, log: this.#deps.log });
  }

  #observe(service: APIService, old: APIService | undefined): void {
    const name = service.metadata?.name ?? "";
    if (JSON.stringify(old?.spec) !== JSON.stringify(service.spec)) this.#options.onChange?.();
    if (service.spec?.service === undefined) {
      if (old?.spec?.service !== undefined) this.#withdraw(name, old);
      if (withAvailability(service.status, local, "") !== undefined) this.#later(name, 0);
      else this.#unavailable.set(0, { name });
      return;
    }
    const options = { frontProxy: this.#options.frontProxy, uids: this.#features().enabled("RemoteRequestHeaderUID") };
    const remote = new RemoteServer(this.#deps, service, options);
    this.#remotes.set(name, remote);
    this.#options.aggregator.set(remote);
    this.#options.server.delegate((path) => this.#options.aggregator.find(path));
    this.#followServices();
    const same = old !== undefined && JSON.stringify(old.spec) === JSON.stringify(service.spec);
    if (!same) this.#later(name, 0);
  }

  #features(): NonNullable<ResourceDeps["features"]> {
    return this.#deps.features ?? defaultFeatureGates;
  }

  #forget(service: APIService): void {
    const name = service.metadata?.name ?? "";
    this.#unavailable.delete({ name });
    this.#withdraw(name, service);
    this.#options.onChange?.();
  }

  #withdraw(name: string, { spec }: APIService): void {
    this.#checks.get(name)?.timer?.cancel();
    this.#checks.delete(name);
    if (!this.#remotes.delete(name)) return;
    this.#options.aggregator.remove(spec?.group ?? "", spec?.version ?? "");
    if (this.#remotes.size === 0) this.#options.server.delegate(undefined);
  }

  /** From the first extension server on. */
  #followServices(): void {
    if (this.#services !== undefined) return;
    const touch = (namespace: string | undefined, name: string | undefined): void => {
      for (const [key, { spec }] of this.#registeredRemotes())
        if (spec?.service?.namespace === namespace && spec?.service?.name === name) this.#later(key, 0);
    };
    const onService = ({ metadata }: Service): void => touch(metadata?.namespace, metadata?.name);
    const onSlice = ({ metadata }: EndpointSlice): void => touch(metadata?.namespace, metadata?.labels?.[serviceNameLabel]);
    this.#services = this.#informer(services);
    this.#slices = this.#informer(endpointslices);
    this.#services.addHandlers({ onAdd: onService, onUpdate: onService, onDelete: onService });
    this.#slices.addHandlers({ onAdd: onSlice, onUpdate: onSlice, onDelete: onSlice });
    this.#services.start();
    this.#slices.start();
  }

  #registeredRemotes(): [string, APIService][] {
    return [...this.#remotes.keys()].flatMap((name) => {
      const found = this.#registered.lister.get("", name);
      return found === undefined ? [] : [[name, found] as [string, APIService]];
    });
  }

  #later(name: string, ms: number): void {
    if (this.#stopping.signal.aborted) return;
    let check = this.#checks.get(name);
    if (check === undefined) this.#checks.set(name, (check = { timer: undefined, failures: 0, running: false, again: false }));
    if (check.running) {
      check.again ||= ms === 0;
      return;
    }
    const due = check;
    check.timer?.cancel();
    check.timer = this.#deps.clock.setTimeout(() => void this.#run(name, due), ms);
  }

  async #run(name: string, check: Check): Promise<void> {
    check.running = true;
    check.again = false;
    let settled = false;
    try {
      settled = await this.#check(name);
    } catch (error) {
      if (!this.#stopping.signal.aborted && !hasReason(error, "Conflict", "NotFound"))
        this.#deps.log.warn("an APIService could not be checked", { name, error });
    }
    check.running = false;
    if (this.#checks.get(name) !== check) return;
    if (settled) check.failures = 0;
    const pause = settled ? resyncMs : Math.min(firstRetryMs * 2 ** check.failures++, longestRetryMs);
    this.#later(name, check.again ? 0 : pause);
  }

  /** False: to be looked at again soon. */
  async #check(name: string): Promise<boolean> {
    const service = this.#registered.lister.get("", name);
    if (service === undefined) {
      this.#checks.delete(name);
      return true;
    }
    const remote = this.#remotes.get(name);
    if (service.spec?.service === undefined || remote === undefined) {
      await this.#write(service, local);
      this.#checks.delete(name);
      return true;
    }
    const { signal } = this.#stopping;
    await Promise.all([this.#services?.whenSynced(signal), this.#slices?.whenSynced(signal)]);
    const { namespace = "", name: behind = "" } = service.spec.service;
    const slices = this.#slices?.lister.list(namespace).filter((s) => s.metadata?.labels?.[serviceNameLabel] === behind) ?? [];
    const found = obstacle(service, this.#services?.lister.get(namespace, behind), slices) ?? (await this.#ask(service, remote));
    await this.#write(service, found);
    return found.reason !== "FailedDiscoveryCheck";
  }

  /** A document that every extension server has. */
  async #ask({ spec }: APIService, remote: RemoteServer): Promise<Availability> {
    const path = spec?.group ? `/apis/${spec.group}/${spec.version ?? ""}` : `/api/${spec?.version ?? ""}`;
    const once = async (): Promise<string | undefined> => {
      let url = "";
      try {
        url = (await remote.origin()) + path;
        const { status } = await remote.ask(path, {}, this.#stopping.signal);
        if (status >= 200 && status < 300) return undefined;
        return `failing or missing response from ${url}: bad status from ${url}: ${status}`;
      } catch (error) {
        if (isApiError(error)) return error.message;
        if (!(error instanceof Error)) throw error;
        return `failing or missing response from ${url}: ${error.message}`;
      }
    };
    if ((await once()) === undefined) return passed;
    const more = await Promise.all(Array.from({ length: attempts - 1 }, once));
    return more.includes(undefined) ? passed : failedCheck(more.at(-1) ?? "");
  }

  async #write(service: APIService, found: Availability): Promise<void> {
    const name = service.metadata?.name ?? "";
    this.#unavailable.set(found.status === "True" ? 0 : 1, { name });
    const now = new Date(this.#deps.clock.now()).toISOString().replace(/\.\d+Z$/, "Z");
    const status: APIServiceStatus | undefined = withAvailability(service.status, found, now);
    if (status === undefined) return;
    await this.#deps
      .client()
      .resource(apiservices)
      .updateStatus({ ...service, status }, { signal: this.#stopping.signal });
    const wasAvailable = isAvailable(service.status);
    if (found.status !== "True" && (wasAvailable || service.status?.conditions === undefined))
      this.#unavailableTotal.inc({ name, reason: found.reason });
  }
}
