/** MutatingAdmissionWebhook and ValidatingAdmissionWebhook, as plugins of the chain, fed by the server's own objects. */
import type { Authorizer } from "../../../auth/authorizer.ts";
import type { ClientConfig } from "../../../client/config.ts";
import type { Kubeconfig } from "../../../client/kubeconfig.ts";
import type { ResolveService } from "../../../client/webhook/target.ts";
import { WebhookTargets } from "../../../client/webhook/targets.ts";
import { forbidden } from "../../../core/api-error.ts";
import { type Clock, sleep } from "../../../core/clock.ts";
import type { Logger } from "../../../core/log.ts";
import type { MetricsRegistry } from "../../../core/metrics.ts";
import { mutatingwebhookconfigurations, validatingwebhookconfigurations } from "../../../schema/types/admissionregistration-v1.ts";
import type { KubeObject } from "../../../schema/object.ts";
import type { ResourceRef } from "../../../schema/resource-ref.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../../admission.ts";
import { ServerObjectSource } from "../../object-source.ts";
import type { ApiServer } from "../../server-interface.ts";
import { authorizationAnswers } from "../authorization.ts";
import { ConditionMetrics } from "../condition-metrics.ts";
import { isExempt } from "../rules.ts";
import type { NamespaceLookup } from "../selectors.ts";
import type { WebhookDeps } from "./deps.ts";
import { type Hook, HookList } from "./hooks.ts";
import { WebhookMetrics } from "./metrics.ts";

export interface WebhookAdmissionOptions {
  readonly server: Pick<ApiServer, "handle" | "definitions">;
  readonly namespaces: NamespaceLookup;
  readonly resolveService: ResolveService;
  readonly authorizer?: Authorizer | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  /** How to reach this server itself. */
  readonly loopback?: ClientConfig | undefined;
  /** Users for webhooks by host, of each plugin: `WebhookAdmissionConfiguration.kubeConfigFile`. */
  readonly kubeconfigs?: { readonly mutating?: Kubeconfig | undefined; readonly validating?: Kubeconfig | undefined } | undefined;
}

export interface WebhookAdmission {
  readonly mutating: AdmissionPlugin;
  readonly validating: AdmissionPlugin;
  /** Resolves when the stored configurations are known. Requests in between wait for that. */
  start(): Promise<void>;
  stop(): void;
}

/** How long a request waits for the configurations to be known (upstream's `timeToWaitForReady`). */
const patience = 10_000;

type Run = (hooks: readonly Hook[], attributes: AdmissionAttributes, deps: WebhookDeps) => Promise<void>;

/** The webhooks of one kind of configuration. Its work is loaded when there is a webhook. */
class Webhooks {
  readonly #list = new HookList();
  readonly #source: ServerObjectSource<KubeObject>;
  readonly #options: WebhookAdmissionOptions;
  readonly #load: () => Promise<Run>;
  readonly deps: WebhookDeps;
  #run: Run | undefined;
  #synced: Promise<void> | undefined;
  #ready = false;
  #stale = false;

  constructor(ref: ResourceRef<object>, options: WebhookAdmissionOptions, deps: WebhookDeps, load: () => Promise<Run>) {
    this.#options = options;
    this.deps = deps;
    this.#load = load;
    this.#source = new ServerObjectSource(options.server, ref as ResourceRef<KubeObject>, options);
  }

  async start(): Promise<void> {
    const stale = (): void => void (this.#stale = true);
    this.#source.addHandlers({ onAdd: stale, onUpdate: stale, onDelete: stale });
    this.#synced = this.#source.start();
    await this.#synced;
    this.#ready = true;
  }

  stop(): void {
    this.#source.stop();
    this.deps.targets.close();
  }

  /** False, without a look at the request, as long as nobody has configured a webhook. */
  get isActive(): boolean {
    if (this.#synced === undefined) return false;
    return !this.#ready || this.#hooks().length > 0;
  }

  #hooks(): readonly Hook[] {
    if (this.#stale) {
      this.#stale = false;
      this.#list.update(this.#source.list());
    }
    return this.#list.hooks;
  }

  async call(attributes: AdmissionAttributes): Promise<void> {
    if (!this.#ready) await this.#wait(attributes);
    const hooks = this.#hooks();
    if (hooks.length === 0) return;
    this.#run ??= await this.#load();
    await this.#run(hooks, attributes, this.deps);
  }

  async #wait({ definition, name, request }: AdmissionAttributes): Promise<void> {
    await Promise.race([this.#synced, sleep(this.#options.clock, patience, request.signal)]);
    if (this.#ready) return;
    throw forbidden({ group: definition.group, resource: definition.resource }, name, "not yet ready to handle request");
  }
}

export function webhookAdmission(options: WebhookAdmissionOptions): WebhookAdmission {
  const { server, namespaces, clock, log, metrics, resolveService, loopback } = options;
  const shared = {
    definitions: () => server.definitions,
    namespaces,
    authorize: authorizationAnswers(options.authorizer),
    conditionMetrics: new ConditionMetrics(metrics),
    metrics: new WebhookMetrics(metrics),
    clock,
    log,
  };
  const targets = (kubeconfig: Kubeconfig | undefined): WebhookTargets =>
    new WebhookTargets({ resolveService, kubeconfig, loopback, clock });
  const mutating = new Webhooks(
    mutatingwebhookconfigurations,
    options,
    { ...shared, targets: targets(options.kubeconfigs?.mutating) },
    async () => (await import("./mutating.ts")).mutateByHooks,
  );
  const validating = new Webhooks(
    validatingwebhookconfigurations,
    options,
    { ...shared, targets: targets(options.kubeconfigs?.validating) },
    async () => (await import("./validating.ts")).validateByHooks,
  );
  return {
    mutating: {
      name: "MutatingAdmissionWebhook",
      handles: (attributes) => mutating.isActive && !isExempt(attributes),
      admit: (attributes) => mutating.call(attributes),
    },
    validating: {
      name: "ValidatingAdmissionWebhook",
      handles: (attributes) => validating.isActive && !isExempt(attributes),
      validate: (attributes) => validating.call(attributes),
    },
    start: async () => void (await Promise.all([mutating.start(), validating.start()])),
    stop: () => {
      mutating.stop();
      validating.stop();
    },
  };
}
