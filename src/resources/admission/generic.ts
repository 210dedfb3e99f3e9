/** Webhooks and policies, which the generic server has, given what names kinds: namespaces, services, configuration files. */
import type { AdmissionPlugin } from "../../apiserver/admission.ts";
import { webhookAdmission } from "../../apiserver/admission/webhook/plugin.ts";
import type { ApiServer } from "../../apiserver/server-interface.ts";
import type { ClientConfig } from "../../client/config.ts";
import type { Kubeconfig } from "../../client/kubeconfig.ts";
import type { ResolveService } from "../../client/webhook/target.ts";
import { hasReason, notFound } from "../../core/api-error.ts";
import type { MetricsRegistry } from "../../core/metrics.ts";
import type { ResourceDeps } from "../deps.ts";
import { resolveServiceEndpoint } from "../services/endpoint-resolution.ts";

export interface GenericAdmissionOptions {
  readonly server: Pick<ApiServer, "handle" | "definitions">;
  readonly metrics: MetricsRegistry;
  /** How to reach this server itself, for webhooks at `kubernetes.default.svc`. */
  readonly loopback?: ClientConfig | undefined;
  /** Users for webhooks by host, of each plugin: `WebhookAdmissionConfiguration.kubeConfigFile`. */
  readonly kubeconfigs?: { readonly mutating?: Kubeconfig | undefined; readonly validating?: Kubeconfig | undefined } | undefined;
}

export interface GenericAdmission {
  /** By the names under which the chain has them. */
  readonly plugins: Readonly<Record<string, AdmissionPlugin>>;
  /** Resolves when the stored configurations are known. */
  start(): Promise<void>;
  stop(): void;
}

/** An address behind a service, for webhooks; a service that is not there is told as upstream's lister tells it. */
export function webhookServices(deps: Pick<ResourceDeps, "objects">): ResolveService {
  return async (namespace, name, port) => {
    try {
      return await resolveServiceEndpoint(deps, namespace, name, port);
    } catch (error) {
      throw hasReason(error, "NotFound") ? notFound({ group: "", resource: "service" }, name) : error;
    }
  };
}

export function genericAdmission(deps: ResourceDeps, options: GenericAdmissionOptions): GenericAdmission {
  const { server, metrics, loopback, kubeconfigs } = options;
  const webhooks = webhookAdmission({
    server,
    namespaces: (name) => deps.objects("", "namespaces").get("", name),
    resolveService: webhookServices(deps),
    authorizer: deps.authorizer,
    clock: deps.clock,
    log: deps.log,
    metrics,
    loopback,
    kubeconfigs,
  });
  return {
    plugins: { [webhooks.mutating.name]: webhooks.mutating, [webhooks.validating.name]: webhooks.validating },
    start: () => webhooks.start(),
    stop: () => webhooks.stop(),
  };
}
