/** Webhooks and policies, which the generic server has, given what names kinds: namespaces, services, configuration files. */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { AdmissionPlugin } from "../../apiserver/admission.ts";
import type { NamespaceLookup } from "../../apiserver/admission/selectors.ts";
import { policyAdmission } from "../../apiserver/admission/policy/plugin.ts";
import { webhookAdmission } from "../../apiserver/admission/webhook/plugin.ts";
import type { ApiServer } from "../../apiserver/server-interface.ts";
import type { ClientConfig } from "../../client/config.ts";
import { type Kubeconfig, parseKubeconfig, withAbsolutePaths } from "../../client/kubeconfig.ts";
import type { ResolveService } from "../../client/webhook/target.ts";
import { hasReason, notFound } from "../../core/api-error.ts";
import type { MetricsRegistry } from "../../core/metrics.ts";
import type { ResourceDeps } from "../deps.ts";
import { readAdmissionConfiguration } from "./configuration/admission-configuration.ts";
import { ConfigurationError } from "./configuration/document.ts";
import { parseWebhookConfiguration } from "./configuration/webhook-configuration.ts";
import { resolveServiceEndpoint } from "../services/endpoint-resolution.ts";

export interface GenericAdmissionOptions {
  readonly server: Pick<ApiServer, "handle" | "definitions" | "objects">;
  readonly metrics: MetricsRegistry;
  /** How to reach this server itself, for webhooks at `kubernetes.default.svc`. */
  readonly loopback?: ClientConfig | undefined;
  /** `--admission-control-config-file`: as whom webhooks are called. */
  readonly configurationFile?: string | undefined;
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

/** What is asked on the way of every request: policies about it could lock everybody out. */
const reviews: ReadonlySet<string> = new Set([
  "authentication.k8s.io/selfsubjectreviews",
  "authentication.k8s.io/tokenreviews",
  "authorization.k8s.io/localsubjectaccessreviews",
  "authorization.k8s.io/selfsubjectaccessreviews",
  "authorization.k8s.io/selfsubjectrulesreviews",
  "authorization.k8s.io/subjectaccessreviews",
]);

function readKubeconfig(file: string): Kubeconfig {
  try {
    return withAbsolutePaths(parseKubeconfig(readFileSync(file, "utf8"), file), dirname(file));
  } catch (error) {
    throw new ConfigurationError((error as Error).message);
  }
}

/** Throws a {@link ConfigurationError} for a configuration that cannot be read. */
export function genericAdmission(deps: ResourceDeps, options: GenericAdmissionOptions): GenericAdmission {
  const { server, metrics, loopback, configurationFile } = options;
  const configurations = configurationFile ? readAdmissionConfiguration(configurationFile) : undefined;
  const kubeconfigOf = (plugin: string): Kubeconfig | undefined => {
    const file = parseWebhookConfiguration(configurations?.(plugin));
    return file === undefined ? undefined : readKubeconfig(file);
  };
  // A namespace that is not there may have been made a moment ago, elsewhere.
  const namespaces: NamespaceLookup = (name) => {
    const known = deps.objects("", "namespaces");
    return known.cached("", name) ?? known.get("", name);
  };
  const webhooks = webhookAdmission({
    server,
    namespaces,
    resolveService: webhookServices(deps),
    authorizer: deps.authorizer,
    clock: deps.clock,
    log: deps.log,
    metrics,
    loopback,
    kubeconfigs: { mutating: kubeconfigOf("MutatingAdmissionWebhook"), validating: kubeconfigOf("ValidatingAdmissionWebhook") },
  });
  const policies = policyAdmission({
    server,
    namespaces,
    excluded: reviews,
    authorizer: deps.authorizer,
    clock: deps.clock,
    log: deps.log,
    metrics,
  });
  const plugins = [webhooks.mutating, webhooks.validating, policies.mutating, policies.validating];
  return {
    plugins: Object.fromEntries(plugins.map((plugin) => [plugin.name, plugin])),
    start: async () => void (await Promise.all([webhooks.start(), policies.start()])),
    stop: () => {
      webhooks.stop();
      policies.stop();
    },
  };
}
