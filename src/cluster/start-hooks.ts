/** What has to be done before the API server is whole, under the names of upstream's post-start hooks: `/readyz` tells of each. */
import type { HealthCheck } from "../apiserver/endpoints/health.ts";

/** In the order in which upstream tells them. */
const hooks = [
  "start-apiserver-admission-initializer",
  "generic-apiserver-start-informers",
  "priority-and-fairness-config-consumer",
  "priority-and-fairness-filter",
  "storage-object-count-tracker-hook",
  "start-apiextensions-informers",
  "start-apiextensions-controllers",
  "crd-informer-synced",
  "start-system-namespaces-controller",
  "peer-endpoint-reconciler-controller",
  "start-cluster-authentication-info-controller",
  "start-kube-apiserver-identity-lease-controller",
  "start-kube-apiserver-identity-lease-garbage-collector",
  "storage-readiness",
  "start-legacy-token-tracking-controller",
  "start-service-ip-repair-controllers",
  "rbac/bootstrap-roles",
  "scheduling/bootstrap-system-priority-classes",
  "priority-and-fairness-config-producer",
  "bootstrap-controller",
  "start-kubernetes-service-cidr-controller",
  "aggregator-reload-proxy-client-cert",
  "start-kube-aggregator-informers",
  "apiservice-status-local-available-controller",
  "apiservice-status-remote-available-controller",
  "apiservice-registration-controller",
  "apiservice-discovery-controller",
  "kube-apiserver-autoregistration",
  "autoregister-completion",
  "apiservice-openapi-controller",
  "apiservice-openapiv3-controller",
] as const;

export type StartHook = (typeof hooks)[number];

export type StartStep = "server" | "bootstrap" | "customResources" | "loops";

/** The steps of the start, each with what is done by then. */
const steps: Readonly<Record<StartStep, readonly StartHook[]>> = {
  server: ["start-apiserver-admission-initializer", "storage-object-count-tracker-hook", "storage-readiness"],
  bootstrap: [
    "start-system-namespaces-controller",
    "rbac/bootstrap-roles",
    "scheduling/bootstrap-system-priority-classes",
    "priority-and-fairness-config-producer",
    "start-kubernetes-service-cidr-controller",
  ],
  customResources: ["start-apiextensions-informers", "start-apiextensions-controllers", "crd-informer-synced"],
  loops: [
    "generic-apiserver-start-informers",
    "priority-and-fairness-config-consumer",
    "priority-and-fairness-filter",
    "peer-endpoint-reconciler-controller",
    "start-cluster-authentication-info-controller",
    "start-kube-apiserver-identity-lease-controller",
    "start-kube-apiserver-identity-lease-garbage-collector",
    "start-legacy-token-tracking-controller",
    "start-service-ip-repair-controllers",
    "bootstrap-controller",
    "aggregator-reload-proxy-client-cert",
    "start-kube-aggregator-informers",
    "apiservice-status-local-available-controller",
    "apiservice-status-remote-available-controller",
    "apiservice-registration-controller",
    "apiservice-discovery-controller",
    "kube-apiserver-autoregistration",
    "autoregister-completion",
    "apiservice-openapi-controller",
    "apiservice-openapiv3-controller",
  ],
};

export class StartHooks {
  readonly #left: Set<StartHook>;
  /** Until then `/livez` takes what is not done for done: ms of the monotonic clock. */
  readonly #graceUntil: number;
  readonly #now: () => number;

  /** `without`: hooks that this server does not have. */
  constructor(now: () => number, graceMs: number, without: (hook: string) => boolean) {
    this.#now = now;
    this.#graceUntil = now() + graceMs;
    this.#left = new Set(hooks.filter((hook) => !without(hook)));
    this.#names = [...this.#left];
  }

  readonly #names: readonly StartHook[];

  done(step: StartStep): void {
    for (const hook of steps[step]) this.#left.delete(hook);
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
