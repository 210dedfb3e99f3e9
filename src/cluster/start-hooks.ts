/** What has to be done before the API server is whole, under the names of upstream's post-start hooks: `/readyz` tells of each. */
import type { HealthCheck } from "../apiserver/endpoints/health.ts";

export type StartStep = "server" | "bootstrap" | "customResources" | "loops";

/** In the order in which upstream tells them, each with the step of the start by which it is done. */
const hooks = {
  "start-apiserver-admission-initializer": "server",
  "generic-apiserver-start-informers": "loops",
  "priority-and-fairness-config-consumer": "loops",
  "priority-and-fairness-filter": "loops",
  "storage-object-count-tracker-hook": "server",
  "start-apiextensions-informers": "customResources",
  "start-apiextensions-controllers": "customResources",
  "crd-informer-synced": "customResources",
  "start-system-namespaces-controller": "bootstrap",
  "peer-endpoint-reconciler-controller": "loops",
  "start-cluster-authentication-info-controller": "loops",
  "start-kube-apiserver-identity-lease-controller": "loops",
  "start-kube-apiserver-identity-lease-garbage-collector": "loops",
  "storage-readiness": "server",
  "start-legacy-token-tracking-controller": "loops",
  "start-service-ip-repair-controllers": "loops",
  "rbac/bootstrap-roles": "bootstrap",
  "scheduling/bootstrap-system-priority-classes": "bootstrap",
  "priority-and-fairness-config-producer": "bootstrap",
  "bootstrap-controller": "loops",
  "start-kubernetes-service-cidr-controller": "bootstrap",
  "aggregator-reload-proxy-client-cert": "loops",
  "start-kube-aggregator-informers": "loops",
  "apiservice-status-local-available-controller": "loops",
  "apiservice-status-remote-available-controller": "loops",
  "apiservice-registration-controller": "loops",
  "apiservice-discovery-controller": "loops",
  "kube-apiserver-autoregistration": "loops",
  "autoregister-completion": "loops",
  "apiservice-openapi-controller": "loops",
  "apiservice-openapiv3-controller": "loops",
} as const;

export type StartHook = keyof typeof hooks;

export class StartHooks {
  readonly #left: Set<StartHook>;
  /** Until then `/livez` takes what is not done for done: ms of the monotonic clock. */
  readonly #graceUntil: number;
  readonly #now: () => number;

  /** `without`: hooks that this server does not have. */
  constructor(now: () => number, graceMs: number, without: (hook: string) => boolean) {
    this.#now = now;
    this.#graceUntil = now() + graceMs;
    this.#left = new Set((Object.keys(hooks) as StartHook[]).filter((hook) => !without(hook)));
    this.#names = [...this.#left];
  }

  readonly #names: readonly StartHook[];

  done(step: StartStep): void {
    for (const hook of this.#left) if (hooks[hook] === step) this.#left.delete(hook);
  }

  checks(): HealthCheck[] {
    const fault = (hook: StartHook): string | undefined => (this.#left.has(hook) ? "not finished" : undefined);
    const named = (hook: StartHook): string => (hook === "autoregister-completion" ? hook : `poststarthook/${hook}`);
    const informers: HealthCheck = {
      name: "informer-sync",
      endpoints: ["readyz"],
      check: () => fault("generic-apiserver-start-informers"),
    };
    return [
      informers,
      ...this.#names.flatMap((hook): HealthCheck[] => [
        { name: named(hook), endpoints: ["healthz", "readyz"], check: () => fault(hook) },
        { name: named(hook), endpoints: ["livez"], check: () => (this.#now() < this.#graceUntil ? undefined : fault(hook)) },
      ]),
    ];
  }
}
