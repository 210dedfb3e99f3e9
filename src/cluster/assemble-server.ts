/** The API server of a cluster with everything installed: who decides, what is admitted, the built-in kinds, the pages about itself. */
import type { Auditor } from "../apiserver/audit/auditor.ts";
import type { AdmissionPlugin } from "../apiserver/admission.ts";
import { Aggregator } from "../apiserver/aggregation/aggregator.ts";
import { addEndpoints } from "../apiserver/endpoints/index.ts";
import { reviewHandlers } from "../apiserver/endpoints/reviews.ts";
import { createApiServer } from "../apiserver/server.ts";
import type { EncryptionAtRest } from "../apiserver/encryption/index.ts";
import type { ApiServer } from "../apiserver/server-interface.ts";
import { inProcessClient } from "../client/in-process-client.ts";
import type { MetricsRegistry } from "../core/metrics.ts";
import { enablementOf } from "../resources/enablement.ts";
import type { GenericAdmission } from "../resources/admission/generic.ts";
import { builtinResources, groupVersionPriority, type LocalNode, type ResourceDeps } from "../resources/index.ts";
import { serverName } from "../resources/loops/index.ts";
import { ServiceAllocators } from "../resources/services/allocators.ts";
import { meteredStore } from "../store/metered-store.ts";
import type { Store } from "../store/store.ts";
import { admissionOf, genericAdmissionOf } from "./admission.ts";
import { serverPages } from "./server-pages.ts";
import { addNodePortMetrics } from "./component-metrics.ts";
import { StartHooks } from "./start-hooks.ts";
import type { RequestLimits } from "./request-limits.ts";
import { type ApiServerFlags, minCompatibilityMinor } from "./api-server-flags/index.ts";
import { security, type Security } from "./security.ts";
import { versionInfo } from "./version-info.ts";

import { addressOf, agentOf, type ControlPlaneOptions } from "./control-plane-options.ts";

/** Most clusters keep no audit trail: its code is loaded where one does. */
export async function auditorFor(
  flags: ApiServerFlags,
  { clock, log }: ControlPlaneOptions,
  metrics: MetricsRegistry,
): Promise<Auditor | undefined> {
  if (!["audit-policy-file", "audit-log-path", "audit-webhook-config-file"].some((name) => flags.given(name))) return undefined;
  const { auditorOf } = await import("./audit.ts");
  return auditorOf(flags, { clock, log: log.child("audit"), metrics });
}

/** Nothing is loaded where everything is stored in the clear. */
export async function encryptionFor(
  flags: ApiServerFlags,
  { config, clock, log }: ControlPlaneOptions,
  metrics: MetricsRegistry,
): Promise<EncryptionAtRest | undefined> {
  if (flags.string("encryption-provider-config") === "") return undefined;
  const { encryptionOf } = await import("./encryption.ts");
  return encryptionOf(config, flags, { clock, log: log.child("encryption"), metrics, server: serverName(addressOf(config, flags)) });
}

export interface FromFlags {
  readonly flags: ApiServerFlags;
  readonly audit: Auditor | undefined;
  readonly limits: RequestLimits;
  readonly hooks: StartHooks;
  readonly encryption: EncryptionAtRest | undefined;
}

/** The server with everything installed, not yet started. */
export function assemble(
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
