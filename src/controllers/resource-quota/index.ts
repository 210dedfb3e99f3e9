/** Wiring of the resource quota controller: quotas are counted anew when they change, when something they count goes, and from time to time. */
import { extendedResourceClasses } from "../../kinds/device-class/extended-resources.ts";
import {
  calculateUsage,
  type DeviceContext,
  extendedResourceClaimAnnotation,
  type QuotaEvaluator,
  resourceClaimQuota,
  sameAmounts,
} from "../../kinds/quota/index.ts";
import type { Controller, ControllerContext, KeyQueue, ReconcileResult } from "../../operator/controller.ts";
import { objectKey, splitKey } from "../../schema/object.ts";
import { resourcequotas, type ResourceQuota } from "../../schema/types/core-v1.ts";
import { deviceclasses } from "../../schema/types/resource-v1.ts";
import { Monitors } from "./monitors.ts";

export interface ResourceQuotaOptions {
  /** Milliseconds between full recalculations of every quota; five minutes when absent. */
  readonly resyncPeriod?: number;
}

export function resourceQuotaController({ resyncPeriod = 300_000 }: ResourceQuotaOptions = {}): Controller {
  return {
    name: "resourcequota-controller",
    workers: 5,
    setup(context, queue) {
      const loop = new Quotas(context, queue, resyncPeriod);
      return (key, signal) => loop.reconcile(key, signal);
    },
  };
}

const resyncKey = "resync";
/** Milliseconds until names that the server did not serve are looked for again. */
const unresolvedDelay = 5_000;
const rediscovery = 30_000;

class Quotas {
  readonly #context: ControllerContext;
  readonly #queue: KeyQueue;
  readonly #quotas;
  readonly #monitors: Monitors;
  readonly #resyncPeriod: number;
  #asked = Number.NEGATIVE_INFINITY;

  constructor(context: ControllerContext, queue: KeyQueue, resyncPeriod: number) {
    this.#context = context;
    this.#queue = queue;
    this.#resyncPeriod = resyncPeriod;
    const informer = context.informers.informer(resourcequotas);
    this.#quotas = informer.lister;
    this.#monitors = new Monitors(context, (evaluator, namespace) => this.#replenish(evaluator, namespace));
    informer.addHandlers({
      onAdd: (quota) => queue.add(objectKey(quota)),
      // The status is this controller's own, and admission's: only what is wished for counts.
      onUpdate: (quota, old) => {
        if (!sameAmounts(quota.spec?.hard ?? {}, old.spec?.hard ?? {})) queue.add(objectKey(quota));
      },
    });
    queue.addAfter(resyncKey, resyncPeriod);
  }

  /** The quotas of the namespace that count the resource. */
  #replenish(evaluator: QuotaEvaluator, namespace: string): void {
    for (const quota of this.#quotas.list(namespace)) {
      const names = Object.keys(quota.status?.hard ?? {});
      if (evaluator.matching(names, this.#usageContext(quota, false)).length > 0) this.#queue.add(objectKey(quota));
    }
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    if (key === resyncKey) {
      for (const quota of this.#quotas.list()) this.#queue.add(objectKey(quota));
      return { requeueAfter: this.#resyncPeriod };
    }
    const { namespace, name } = splitKey(key);
    if (this.#quotas.get(namespace, name) === undefined) return {};
    const names = Object.keys(this.#quotas.get(namespace, name)?.spec?.hard ?? {});
    let { known, unresolved } = this.#monitors.evaluators(names);
    const age = this.#context.clock.now() - this.#asked;
    if (age > rediscovery || (unresolved && age > unresolvedDelay / 2)) {
      await this.#monitors.refresh(signal);
      this.#asked = this.#context.clock.now();
      ({ known, unresolved } = this.#monitors.evaluators(names));
    }
    const quota = this.#quotas.get(namespace, name);
    if (quota === undefined) return {};
    const matching = known.filter((e) => e.matching(names, this.#usageContext(quota, e === resourceClaimQuota)).length > 0);
    const mayGo = await this.#monitors.watch([...matching, ...this.#forDevices(matching, known)], signal);
    await this.#sync(namespace, name, matching, signal);
    return unresolved ? { requeueAfter: unresolvedDelay } : mayGo ? { requeueAfter: rediscovery } : {};
  }

  /** Claims are weighed against the pods they were made for. */
  #forDevices(matching: readonly QuotaEvaluator[], known: readonly QuotaEvaluator[]): QuotaEvaluator[] {
    if (!matching.includes(resourceClaimQuota)) return [];
    return known.filter((e) => e.group === "" && e.resource === "pods");
  }

  async #sync(namespace: string, name: string, evaluators: readonly QuotaEvaluator[], signal: AbortSignal): Promise<void> {
    const quota = this.#quotas.get(namespace, name);
    if (quota === undefined) return;
    const context = this.#usageContext(quota, evaluators.includes(resourceClaimQuota));
    const { used: counted, errors } = calculateUsage(quota, evaluators, (e) => this.#monitors.list(e, namespace), context);
    const hard: Readonly<Record<string, string>> = quota.spec?.hard ?? {};
    const used: Record<string, string> = {};
    // What cannot be counted now keeps its last number.
    for (const resource in hard) {
      const value = counted[resource] ?? quota.status?.used?.[resource];
      if (value !== undefined) used[resource] = value;
    }
    if (isStale(quota, hard, used)) {
      const client = this.#context.client.resource(resourcequotas, namespace);
      await client.updateStatus({ ...quota, status: { hard: { ...hard }, used } }, { signal, fieldManager: "kube-controller-manager" });
    }
    if (errors.length > 0) throw errors.length === 1 ? (errors[0] as Error) : new AggregateError(errors, errors.map(String).join(", "));
  }

  #usageContext(quota: ResourceQuota, devices: boolean): { now: number; devices?: DeviceContext } {
    const now = this.#context.clock.now();
    return devices ? { now, devices: this.#devices(quota.metadata?.namespace ?? "") } : { now };
  }

  #devices(namespace: string): DeviceContext {
    const { classOf, resourceOf } = extendedResourceClasses(this.#context.informers.informer(deviceclasses).lister.list());
    return {
      extendedResourceOf: (name) => resourceOf.get(name),
      isDevice: (resource) => classOf.has(resource),
      podOf: (claim) => {
        const owner = claim.metadata?.ownerReferences?.find((o) => o.controller === true);
        const pod = this.#monitors.list({ group: "", resource: "pods" }, namespace).find((p) => p.metadata?.name === owner?.name);
        if (pod === undefined || owner === undefined) return undefined;
        const claims = this.#monitors
          .list(resourceClaimQuota, namespace)
          .filter(
            (c) =>
              c.metadata?.annotations?.[extendedResourceClaimAnnotation] === "true" &&
              c.metadata.ownerReferences?.some((o) => o.controller === true && o.kind === "Pod" && o.uid === owner.uid) === true,
          );
        return { pod, claims };
      },
    };
  }
}

function isStale(quota: ResourceQuota, hard: Readonly<Record<string, string>>, used: Readonly<Record<string, string>>): boolean {
  const { status } = quota;
  if (status?.hard === undefined || status.used === undefined) return true;
  return !sameAmounts(hard, status.hard) || !sameAmounts(used, status.used);
}
