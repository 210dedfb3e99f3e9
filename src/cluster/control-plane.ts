/**
 * The control plane put together: store, API server with its built-in kinds and custom resources, fronts, controllers,
 * scheduler, simulated nodes. One process; every component gets a client of its own identity and the same clock.
 */
import { listen, type FrontTls, type HttpFront } from "../apiserver/http/front.ts";
import type { Auditor } from "../apiserver/audit/auditor.ts";
import type { AdmissionPlugin } from "../apiserver/admission.ts";
import { Aggregator } from "../apiserver/aggregation/aggregator.ts";
import { addEndpoints } from "../apiserver/endpoints/index.ts";
import { reviewHandlers } from "../apiserver/endpoints/reviews.ts";
import { createApiServer } from "../apiserver/server.ts";
import type { EncryptionAtRest } from "../apiserver/encryption/index.ts";
import type { ApiServer } from "../apiserver/server-interface.ts";
import type { Client } from "../client/client.ts";
import { eventRecorder } from "../client/event-recorder.ts";
import { inProcessClient } from "../client/in-process-client.ts";
import { informerFactory } from "../client/informer-factory.ts";
import type { InformerFactory } from "../client/informer.ts";
import { type Clock, sleep } from "../core/clock.ts";
import type { Logger, Threshold } from "../core/log.ts";
import type { MetricsRegistry } from "../core/metrics.ts";
import { builtinControllers } from "../controllers/index.ts";
import type { ControllerContext } from "../operator/controller.ts";
import { runControllers } from "../operator/run-controllers.ts";
import { ensureBootstrapObjects } from "../resources/bootstrap.ts";
import { enablementOf } from "../resources/enablement.ts";
import { type GenericAdmission, webhookServices } from "../resources/admission/generic.ts";
import { startCustomResources } from "../resources/custom-resources.ts";
import { builtinResources, groupVersionPriority, type LocalNode, type ResourceDeps } from "../resources/index.ts";
import { serverName, startServerLoops } from "../resources/loops/index.ts";
import { ServiceAllocators } from "../resources/services/allocators.ts";
import { nodes, type Node } from "../schema/types/core-v1.ts";
import { startScheduler } from "../scheduler/index.ts";
import { meteredStore } from "../store/metered-store.ts";
import type { Store } from "../store/store.ts";
import { startSimulatedNodes } from "../node/simulated/index.ts";
import { admissionOf, genericAdmissionOf } from "./admission.ts";
import { openClusterStore } from "./cluster-store.ts";
import { whileLeading } from "./leading.ts";
import { frontProxyOf, withFrontProxy } from "./front-proxy.ts";
import { hostAddress } from "./machines/host-network.ts";
import { serverPages } from "./server-pages.ts";
import { certificatesOf, servingOf, type Serving } from "./serving.ts";
import { addComponentMetrics, addNodePortMetrics, metricsRegistry } from "./component-metrics.ts";
import { openDebugSocket } from "./debug-socket.ts";
import { StartHooks } from "./start-hooks.ts";
import { limitsOf, type RequestLimits } from "./request-limits.ts";
import { type ApiServerFlags, minCompatibilityMinor, resolveApiServerFlags } from "./api-server-flags/index.ts";
import type { ClusterConfig } from "./options.ts";
import type { ClusterPki } from "./pki.ts";
import { security, type Security } from "./security.ts";
import { kubernetesVersion, versionInfo } from "./version-info.ts";

export interface ControlPlaneOptions {
  readonly config: ClusterConfig;
  readonly pki: ClusterPki;
  readonly clock: Clock;
  readonly log: Logger;
  /** What `log` keeps: `/debug/flags/v` changes it. */
  readonly threshold?: Threshold | undefined;
  /** False: no controllers, no scheduler, no simulated nodes; objects stay as they were written. */
  readonly work?: boolean | undefined;
}

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

/** Most clusters keep no audit trail: its code is loaded where one does. */
async function auditorFor(
  flags: ApiServerFlags,
  { clock, log }: ControlPlaneOptions,
  metrics: MetricsRegistry,
): Promise<Auditor | undefined> {
  if (!["audit-policy-file", "audit-log-path", "audit-webhook-config-file"].some((name) => flags.given(name))) return undefined;
  const { auditorOf } = await import("./audit.ts");
  return auditorOf(flags, { clock, log: log.child("audit"), metrics });
}

/** How a component of upstream names itself: writes are told apart by it. */
const agentOf = (component: string): string => `${component}/${kubernetesVersion}`;

/** Nothing is loaded where everything is stored in the clear. */
async function encryptionFor(
  flags: ApiServerFlags,
  { config, clock, log }: ControlPlaneOptions,
  metrics: MetricsRegistry,
): Promise<EncryptionAtRest | undefined> {
  if (flags.string("encryption-provider-config") === "") return undefined;
  const { encryptionOf } = await import("./encryption.ts");
  return encryptionOf(config, flags, { clock, log: log.child("encryption"), metrics, server: serverName(addressOf(config, flags)) });
}

interface FromFlags {
  readonly flags: ApiServerFlags;
  readonly audit: Auditor | undefined;
  readonly limits: RequestLimits;
  readonly hooks: StartHooks;
  readonly encryption: EncryptionAtRest | undefined;
}

/** The server with everything installed, not yet started. */
function assemble(
  options: ControlPlaneOptions,
  { flags, audit, limits, hooks, encryption }: FromFlags,
  store: Store,
  metrics: MetricsRegistry,
  localNodes: ReadonlyMap<string, LocalNode>,
): { server: ApiServer; secure: Security; deps: ResourceDeps; generic: GenericAdmission; aggregator: Aggregator } {
  const { config, pki, clock, log } = options;
  const admission: AdmissionPlugin[] = [];
  const secure = security({
    flags,
    signingKeyPem: pki.serviceAccountKey,
    clientCa: pki.ca.certificate,
    clock,
    log: log.child("auth"),
    metrics,
    objects: (group, resource) => server.objects(group, resource),
    client: () => client,
    serverId: serverName(addressOf(config, flags)),
  });
  const measured = meteredStore(store, metrics, clock, (key) => server.definitions.find((d) => key.startsWith(`${d.storagePrefix}/`)));
  const server: ApiServer = createApiServer({
    store: measured,
    clock,
    log: log.child("apiserver"),
    metrics,
    authenticator: secure.authenticator,
    audiences: secure.audiences,
    proxyHeaders: secure.proxyHeaders,
    constrainedImpersonation: flags.features.enabled("ConstrainedImpersonation"),
    authorizer: secure.authorizer,
    audit,
    encryption,
    ...limits,
    ...(flags.given("delete-collection-workers") ? { deleteCollectionWorkers: flags.int("delete-collection-workers") } : {}),
    admission,
  });
  const client = inProcessClient(
    server,
    { name: "system:apiserver", groups: ["system:masters"] },
    { userAgent: agentOf("kube-apiserver") },
  );
  const deps: ResourceDeps = {
    clock,
    log: log.child("resources"),
    features: flags.features,
    enablement: enablementOf(flags.map("runtime-config"), flags.features).enablement,
    eventTtlSeconds: flags.duration("event-ttl") / 1000,
    nodePortRange: flags.portRange("service-node-port-range"),
    objects: (group, resource) => server.objects(group, resource),
    client: () => client,
    authorizer: secure.authorizer,
    escalation: secure.escalation,
    // All three live in this process: where they do not answer, neither does this.
    componentHealth: () =>
      Promise.resolve(["scheduler", "controller-manager", "etcd-0"].map((name) => ({ name, healthy: true, message: "ok" }))),
    serviceCidrs: [config.serviceCidr],
    handlers: reviewHandlers({
      authorizer: secure.authorizer,
      rules: secure.rules,
      authenticator: secure.authenticator,
      tokenRequests: secure.tokenRequests,
    }),
    kubelet: {
      ca: pki.ca.certificate,
      cert: pki.kubeletClient.certificate,
      key: pki.kubeletClient.key,
      preferredAddressTypes: flags.given("kubelet-preferred-address-types")
        ? flags.list("kubelet-preferred-address-types")
        : ["InternalIP", "Hostname"],
      local: (name) => localNodes.get(name),
    },
  };
  for (const definition of builtinResources(deps)) server.install(definition);
  const generic = genericAdmissionOf(flags, deps, server, metrics);
  admission.push(...admissionOf(flags, deps, metrics, generic.plugins));
  const aggregator = new Aggregator({ clock, log: log.child("aggregator") });
  addNodePortMetrics(metrics, () => ServiceAllocators.of(deps).ports.used.size, flags.portRange("service-node-port-range"));
  addEndpoints(server, {
    metrics,
    aggregator,
    version: versionInfo(minCompatibilityMinor(flags)),
    priority: groupVersionPriority,
    ...serverPages({ flags, hooks, store, encryption, flowControl: limits.flowControl, threshold: options.threshold }),
    serverAddress: () => `${flags.string("external-hostname") || addressOf(config, flags).advertiseAddress}:${config.port}`,
    openId: { issuer: secure.issuer.issuer, keys: () => secure.verificationKeys, jwksUri: secure.jwksUri },
  });
  return { server, secure, deps, generic, aggregator };
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

/** Where pods reach this server. */
function addressOf(config: ClusterConfig, flags: ApiServerFlags): { readonly advertiseAddress: string; readonly port: number } {
  const own = config.nodes > 0 ? hostAddress(config) : "127.0.0.1";
  return { advertiseAddress: flags.string("advertise-address") || own, port: config.port };
}

/** Controllers, scheduler, simulated nodes: none of them is waited for. */
function startWork(
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
function nodesReady(
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
