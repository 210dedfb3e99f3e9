/**
 * ResourceQuota: what a request uses is written into the status of the quotas that count it, before the request is: whoever
 * comes after finds less. Requests of one namespace that wait together share one write of each quota. What is charged and then
 * not used (a later plugin refuses, the write fails) is found by the resource quota controller.
 */
import type { AdmissionAttributes, AdmissionPlugin } from "../../apiserver/admission.ts";
import { ApiError, internalError, isApiError } from "../../core/api-error.ts";
import {
  checkQuotas,
  type DeviceContext,
  type LimitedResource,
  type QuotaEvaluator,
  quotaEvaluatorOf,
  sameAmounts,
} from "../../kinds/quota/index.ts";
import { resourcequotas, type ResourceQuota } from "../../schema/types/core-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import { refusal } from "./forbidden.ts";
import { deviceContext } from "./quota-devices.ts";

/** Milliseconds a request waits for its turn. */
const patience = 10_000;
/** How often quotas that changed meanwhile are looked at again. */
const retries = 3;

/** One request that waits for a verdict. */
interface Waiter {
  readonly attributes: AdmissionAttributes;
  readonly evaluator: QuotaEvaluator;
  /** "open" until it is known: an error, or undefined where nothing is in the way. */
  verdict: "open" | { readonly error: unknown };
  settle: () => void;
}

export function resourceQuota(deps: ResourceDeps, limited: readonly LimitedResource[]): AdmissionPlugin {
  const plugin = new QuotaAdmission(deps, limited);
  return {
    name: "ResourceQuota",
    handles: (a) => {
      if (a.operation !== "CREATE" && a.operation !== "UPDATE") return false;
      if (a.namespace === "" || (a.definition.group === "" && a.definition.resource === "namespaces")) return false;
      const evaluator = quotaEvaluatorOf(a.definition.group, a.definition.resource);
      return evaluator?.handles(a) ?? false;
    },
    validate: (attributes) => plugin.validate(attributes),
  };
}

class QuotaAdmission {
  readonly #deps: ResourceDeps;
  readonly #limited: readonly LimitedResource[];
  /** By namespace: those that wait while others are looked at. */
  readonly #waiting = new Map<string, Waiter[]>();

  constructor(deps: ResourceDeps, limited: readonly LimitedResource[]) {
    this.#deps = deps;
    this.#limited = limited;
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    const { namespace, definition } = attributes;
    const evaluator = quotaEvaluatorOf(definition.group, definition.resource) as QuotaEvaluator;
    const quotas = await this.#quotas(namespace);
    if (quotas.length === 0 && this.#limited.length === 0) return;
    await new Promise<void>((resolve, reject) => {
      const timer = this.#deps.clock.setTimeout(() => reject(internalError("resource quota evaluation timed out")), patience);
      const waiter: Waiter = {
        attributes,
        evaluator,
        verdict: "open",
        settle: () => {
          timer.cancel();
          const { verdict } = waiter;
          if (verdict === "open") reject(internalError("DEFAULT DENY"));
          else if (verdict.error === undefined) resolve();
          else reject(verdict.error as Error);
        },
      };
      const queue = this.#waiting.get(namespace);
      if (queue !== undefined) queue.push(waiter);
      else void this.#run(namespace, [waiter]);
    });
  }

  async #quotas(namespace: string): Promise<ResourceQuota[]> {
    return (await this.#deps.objects("", "resourcequotas").list(namespace)) as unknown as ResourceQuota[];
  }

  /** Until nobody waits in the namespace. */
  async #run(namespace: string, first: Waiter[]): Promise<void> {
    let batch = first;
    while (batch.length > 0) {
      this.#waiting.set(namespace, []);
      try {
        await this.#check(await this.#quotas(namespace), batch, retries);
      } catch (error) {
        for (const waiter of batch) if (waiter.verdict === "open") waiter.verdict = { error };
      }
      for (const waiter of batch) waiter.settle();
      batch = this.#waiting.get(namespace) ?? [];
    }
    this.#waiting.delete(namespace);
  }

  /**
   * Charges everyone in turn on a copy, then writes each quota that changed once. Where a write is lost to someone else, those that
   * are still open are looked at again with the new state of that quota alone: the others have been charged.
   */
  async #check(quotas: readonly ResourceQuota[], waiters: readonly Waiter[], left: number): Promise<void> {
    let charged: readonly ResourceQuota[] = quotas;
    for (const waiter of waiters) if (waiter.verdict === "open") charged = await this.#charge(charged, waiter);
    const failed = new Map<string, unknown>();
    for (const [i, quota] of charged.entries()) {
      if (sameAmounts(quota.status?.used ?? {}, quotas[i]?.status?.used ?? {})) continue;
      const error = await this.#write(quota);
      if (error !== undefined) failed.set(quota.metadata?.name ?? "", error);
    }
    const open = waiters.filter((w) => w.verdict === "open");
    if (failed.size === 0) for (const waiter of open) waiter.verdict = { error: undefined };
    else if (left === 0) for (const waiter of open) waiter.verdict = { error: [...failed.values()].at(-1) };
    else {
      const now = await this.#quotas(quotas[0]?.metadata?.namespace ?? "");
      await this.#check(
        now.filter((q) => failed.has(q.metadata?.name ?? "")),
        open,
        left - 1,
      );
    }
  }

  /** The quotas after the request; its verdict is known when it is refused, or nothing changes. */
  async #charge(quotas: readonly ResourceQuota[], waiter: Waiter): Promise<readonly ResourceQuota[]> {
    const { attributes, evaluator } = waiter;
    const context = { now: this.#deps.clock.now(), devices: await this.#devices(attributes) };
    const verdict = checkQuotas(quotas, attributes, evaluator, this.#limited, context);
    if ("forbidden" in verdict) waiter.verdict = { error: refusal(attributes, verdict.forbidden) };
    // Upstream answers here without the 403.
    else if ("failed" in verdict) waiter.verdict = { error: new ApiError(500, "", verdict.failed) };
    else if (attributes.dryRun) waiter.verdict = { error: undefined };
    else {
      const changed = verdict.quotas.some((q, i) => !sameAmounts(q.status?.used ?? {}, quotas[i]?.status?.used ?? {}));
      if (!changed) waiter.verdict = { error: undefined };
      return verdict.quotas;
    }
    return quotas;
  }

  async #devices({ definition, namespace }: AdmissionAttributes): Promise<DeviceContext | undefined> {
    const claims = definition.group === "resource.k8s.io" && definition.resource === "resourceclaims";
    return claims ? await deviceContext(this.#deps, namespace) : undefined;
  }

  /** Answers the error that kept the status from being written. */
  async #write(quota: ResourceQuota): Promise<unknown> {
    try {
      await this.#deps.client().resource(resourcequotas, quota.metadata?.namespace).updateStatus(quota, { fieldManager: "kube-apiserver" });
      return undefined;
    } catch (error) {
      if (isApiError(error)) return error;
      throw error;
    }
  }
}
