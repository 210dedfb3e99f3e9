/**
 * The control plane put together: store, API server with its built-in kinds and custom resources, fronts, controllers,
 * scheduler, simulated nodes. One process; every component gets a client of its own identity and the same clock.
 */
import { listen, type FrontTls, type HttpFront } from "../apiserver/http/front.ts";
import type { ApiServer } from "../apiserver/server-interface.ts";
import type { Client } from "../client/client.ts";
import { eventRecorder } from "../client/event-recorder.ts";
import { inProcessClient } from "../client/in-process-client.ts";
import { informerFactory } from "../client/informer-factory.ts";
import type { InformerFactory } from "../client/informer.ts";
import { type Clock, sleep } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { ControllerContext } from "../operator/controller.ts";
import { ensureBootstrapObjects } from "../resources/bootstrap.ts";
import { webhookServices } from "../resources/admission/generic.ts";
import { startCustomResources } from "../resources/custom-resources.ts";
import type { LocalNode } from "../resources/index.ts";
import { startServerLoops } from "../resources/loops/index.ts";
import { openClusterStore } from "./cluster-store.ts";
import { frontProxyOf, withFrontProxy } from "./front-proxy.ts";
import { certificatesOf, servingOf, type Serving } from "./serving.ts";
import { addComponentMetrics, metricsRegistry } from "./component-metrics.ts";
import { openDebugSocket } from "./debug-socket.ts";
import { StartHooks } from "./start-hooks.ts";
import { limitsOf } from "./request-limits.ts";
import { type ApiServerFlags, minCompatibilityMinor, resolveApiServerFlags } from "./api-server-flags/index.ts";
import { versionInfo } from "./version-info.ts";

import { assemble, auditorFor, encryptionFor } from "./assemble-server.ts";
import { addressOf, agentOf, type ControlPlaneOptions } from "./control-plane-options.ts";
import { nodesReady, startWork } from "./work.ts";

export interface ControlPlane {
  /** `https://127.0.0.1:6443` */
  readonly url: string;
  readonly server: ApiServer;
  /** The names of all metrics, with values or without. */
  metricNames(): readonly string[];
  /** In `system:masters`. */
  readonly client: Client;
  readonly informers: InformerFactory;
  /** Also answers on this address, at the same port. Resolves with the URL. */
  listenOn(address: string): Promise<string>;
  /** Resolves when this many nodes are Ready. `adopted`: nodes whose agents ran before this control plane did. */
  nodesReady(
    count: number,
    adopted: ReadonlySet<string>,
    signal: AbortSignal,
    progress: (ready: number, of: number) => void,
  ): Promise<void>;
  /** Runs before the server stops, in reverse order. */
  onStop(run: () => Promise<void>): void;
  stop(): Promise<void>;
}

export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { config, clock, log } = options;
  const flags = resolveApiServerFlags(config.kubeApiserverArgs);
  const metrics = metricsRegistry(flags);
  addComponentMetrics(metrics, versionInfo(minCompatibilityMinor(flags)), flags.features);
  // Heartbeats are told in whole seconds.
  const since = Math.floor(clock.now() / 1000) * 1000;
  const stopping = new AbortController();
  const stops: (() => Promise<void> | void)[] = [];
  const localNodes = new Map<string, LocalNode>();
  const audit = await auditorFor(flags, options, metrics);
  stops.push(async () => audit?.close());
  const store = await openClusterStore(config, flags, clock, log.child("store"));
  stops.push(() => store.close());
  const encryption = await encryptionFor(flags, options, metrics);
  stops.push(() => encryption?.close());
  try {
    const limits = limitsOf(flags, clock, metrics);
    const fair = limits.flowControl !== undefined;
    const hooks = new StartHooks(
      () => clock.monotonic(),
      flags.duration("livez-grace-period"),
      (hook) => !fair && hook.startsWith("priority-and-fairness-"),
    );
    const { server, secure, deps, generic, aggregator } = assemble(
      options,
      { flags, audit, limits, hooks, encryption },
      store,
      metrics,
      localNodes,
    );
    await server.start();
    hooks.done("server");
    stops.push(() => server.stop());
    const client = inProcessClient(
      server,
      { name: "system:apiserver", groups: ["system:masters"] },
      { userAgent: agentOf("kube-apiserver") },
    );
    const informers = informerFactory(client, { clock, log: log.child("informers") });
    stops.push(() => informers.stop());
    await ensureBootstrapObjects(client, { serviceCidrs: [config.serviceCidr], clock, features: flags.features });
    hooks.done("bootstrap");
    await secure.start(server);
    stops.push(() => secure.stop());
    const custom = await startCustomResources(server, {
      clock,
      log: log.child("custom-resources"),
      metrics,
      resolveService: webhookServices(deps),
    });
    stops.push(() => custom.stop());
    hooks.done("customResources");
    await generic.start();
    stops.push(() => generic.stop());
    const loops = await startServerLoops(deps, {
      ...addressOf(config, flags),
      server,
      flowControl: limits.flowControl,
      authentication: withFrontProxy(secure.published, options.pki),
      aggregation: { aggregator, server, metrics, frontProxy: frontProxyOf(flags, options.pki) },
    });
    stops.push(() => loops.stop());
    hooks.done("loops");
    const handshakes = metrics.counter(
      "apiserver_tls_handshake_errors_total",
      "Number of requests dropped with 'TLS handshake error from' error",
    );
    const serving = { ...(await servingOf(flags)), handshakeFailed: () => handshakes.inc() };
    const tls = (): FrontTls => ({
      ...certificatesOf(flags, options.pki.apiServer),
      clientCa: [secure.published.clientAuthorities(), secure.published.proxy?.authorities() ?? ""].join("\n"),
    });
    const debugSocket = await openDebugSocket(flags);
    stops.push(() => debugSocket?.close());
    const fronts: HttpFront[] = [await open(server, options, serving, tls(), "127.0.0.1")];
    secure.published.onChange(() => {
      for (const front of fronts) front.updateTls(tls());
    });
    stops.push(async () => void (await Promise.all(fronts.map((f) => f.close(1000)))));
    const context: ControllerContext = {
      client: client.as({ name: "system:kube-controller-manager", userAgent: agentOf("kube-controller-manager") }),
      informers,
      clock,
      log: log.child("controllers"),
      metrics,
      events: eventRecorder(client, "controller-manager", { clock, log, signal: stopping.signal }),
      signal: stopping.signal,
    };
    if (options.work !== false) startWork(options, context, client, { server, secure, localNodes }, stops);
    return {
      url: `https://127.0.0.1:${config.port}`,
      server,
      metricNames: () => metrics.names,
      client,
      informers,
      listenOn: async (address) => {
        fronts.push(await open(server, options, serving, tls(), address));
        return `https://${address}:${config.port}`;
      },
      nodesReady: (count, adopted, signal, progress) =>
        nodesReady(informers, count, (name, heartbeat) => adopted.has(name) || heartbeat >= since, signal, progress),
      onStop: (run) => void stops.push(run),
      stop: async () => {
        store.stopping?.();
        await leave(server, fronts, flags, clock);
        stopping.abort(new Error("the control plane is stopping"));
        for (const stop of stops.splice(0).reverse()) await attempt(stop, log);
      },
    };
  } catch (error) {
    stopping.abort(error);
    for (const stop of stops.reverse()) await stop();
    throw error;
  }
}

function open(server: ApiServer, options: ControlPlaneOptions, serving: Serving, tls: FrontTls, host: string): Promise<HttpFront> {
  const { config, log } = options;
  return listen(server, { ...serving, host, port: config.port, log: log.child("http"), tls });
}

/**
 * The order in which upstream's server goes: it says that it is not ready, serves on for a while, takes no more requests, answers
 * those that run, and ends its watches.
 */
async function leave(server: ApiServer, fronts: readonly HttpFront[], flags: ApiServerFlags, clock: Clock): Promise<void> {
  server.beginShutdown();
  const delay = flags.duration("shutdown-delay-duration");
  if (delay > 0) await sleep(clock, delay);
  const turnAway = flags.bool("shutdown-send-retry-after");
  if (turnAway) server.turnAway();
  else for (const front of fronts) front.refuse();
  await server.drained(flags.duration("request-timeout"));
  await server.endWatches(Math.max(1000, flags.duration("shutdown-watch-termination-grace-period")));
  for (const front of fronts) front.refuse();
}

/** One part that cannot stop in order (its store is gone) is not to keep the others running. */
async function attempt(stop: () => Promise<void> | void, log: Logger): Promise<void> {
  try {
    await stop();
  } catch (error) {
    log.warn("a part of the control plane did not stop in order", { error });
  }
}
