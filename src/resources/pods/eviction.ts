/** `pods/eviction`: a delete that asks the pod's disruption budget first (`policy/v1`). */
import type { ApiRequest, ApiResponse } from "../../apiserver/request.ts";
import { ApiError, badRequest, forbidden, hasReason, notFound, timeout, tooManyRequests } from "../../core/api-error.ts";
import { formatTime, sleep } from "../../core/clock.ts";
import { FieldPath, invalid, invalidField } from "../../schema/field-error.ts";
import { labelSelectorMatcher } from "../../schema/label-selector.ts";
import { pods } from "../../schema/types/core-v1.ts";
import type { Pod } from "../../schema/types/core-v1.ts";
import type { DeleteOptions } from "../../schema/types/meta-v1.ts";
import { mutable } from "../../schema/object.ts";
import { type Eviction, type PodDisruptionBudget, poddisruptionbudgets } from "../../schema/types/policy-v1.ts";
import { created, requestBody } from "../answers.ts";
import type { ResourceDeps } from "../deps.ts";
import { setPodCondition } from "./conditions.ts";

/** Evictions that no controller has confirmed yet, beyond which a budget refuses. */
const maxDisruptedPods = 2000;
const retries = 20;
const retryMs = 500;
const disruptionTarget = {
  type: "DisruptionTarget",
  status: "True",
  reason: "EvictionByEvictionAPI",
  message: "Eviction API: evicting",
};
const violates = "Cannot evict pod as it would violate the pod's disruption budget.";

const evictionType = { group: "policy", version: "v1", kind: "Eviction", typeName: "io.k8s.api.policy.v1.Eviction" };

export function evictionHandler(deps: ResourceDeps): (request: ApiRequest) => Promise<ApiResponse> {
  return async (request) => {
    const body = await requestBody(request, evictionType);
    const eviction = body.object as unknown as Eviction;
    const { name, namespace } = request.info;
    if (eviction.metadata?.name !== name) throw badRequest("name in URL does not match name in Eviction object");
    if (eviction.deleteOptions?.ignoreStoreReadErrorWithClusterBreakingPotential === true) {
      const path = new FieldPath("deleteOptions").child("ignoreStoreReadErrorWithClusterBreakingPotential");
      throw invalid({ group: "policy", kind: "Eviction" }, name, [
        invalidField(path, true, "can not be set for pod eviction, try after removing the option"),
      ]);
    }
    const dryRun = body.dryRun || (eviction.deleteOptions?.dryRun ?? []).includes("All");
    const options: DeleteOptions = { ...eviction.deleteOptions, ...(dryRun ? { dryRun: ["All"] } : {}) };
    await new Evictor(deps, namespace, name, options, dryRun).run();
    return created();
  };
}

class Evictor {
  readonly #deps: ResourceDeps;
  readonly #namespace: string;
  readonly #name: string;
  readonly #options: DeleteOptions;
  readonly #dryRun: boolean;

  constructor(deps: ResourceDeps, namespace: string, name: string, options: DeleteOptions, dryRun: boolean) {
    this.#deps = deps;
    this.#namespace = namespace;
    this.#name = name;
    this.#options = options;
    this.#dryRun = dryRun;
  }

  async run(): Promise<void> {
    const pinned = this.#options.preconditions?.resourceVersion !== undefined;
    const pod = await this.#retried(!pinned, async () => {
      const found = await this.#pod();
      if (!outsideBudgets(found)) return found;
      await this.#delete(!pinned && !isOver(found) ? found.metadata?.resourceVersion : undefined);
      return undefined;
    });
    if (pod === undefined) return;
    const budgets = await this.#budgets(pod);
    if (budgets.length > 1)
      throw new ApiError(500, "", "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
    const budget = budgets[0];
    const spare = budget !== undefined && sparesUnhealthy(pod, budget);
    if (budget !== undefined && !spare) await this.#spend(budget);
    try {
      await this.#delete(spare ? pod.metadata?.resourceVersion : undefined);
    } catch (error) {
      if (spare && !pinned && hasReason(error, "Conflict")) throw stillProcessed(budget.metadata?.name ?? "");
      throw error;
    }
  }

  async #pod(): Promise<Pod> {
    const found = await this.#deps.objects("", "pods").get(this.#namespace, this.#name);
    if (found === undefined) throw notFound({ group: "", resource: "pods" }, this.#name);
    return found as unknown as Pod;
  }

  async #retried<T>(conflicts: boolean, run: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await run();
      } catch (error) {
        if (!conflicts || attempt >= retries || !hasReason(error, "Conflict")) throw error;
      }
      await sleep(this.#deps.clock, retryMs);
    }
  }

  async #budgets(pod: Pod): Promise<PodDisruptionBudget[]> {
    const all = (await this.#deps.objects("policy", "poddisruptionbudgets").list(this.#namespace)) as unknown as PodDisruptionBudget[];
    return all.filter((b) => {
      try {
        return labelSelectorMatcher(b.spec?.selector).matches(pod.metadata?.labels ?? {});
      } catch {
        // A selector that does not parse selects nothing, as upstream has it.
        return false;
      }
    });
  }

  /** Takes one of the budget's disruptions, noting the pod for the controller. */
  async #spend(budget: PodDisruptionBudget): Promise<void> {
    const name = budget.metadata?.name ?? "";
    if (this.#dryRun) {
      spend(structuredClone(budget), this.#name, this.#deps.clock.now());
      return;
    }
    try {
      await this.#retried(true, () => this.#spendOnce(name));
    } catch (error) {
      if (hasReason(error, "Conflict")) throw timeout(`couldn't update PodDisruptionBudget "${name}" due to conflicts`, 10);
      throw error;
    }
  }

  async #spendOnce(name: string): Promise<void> {
    const budget = await this.#deps.objects("policy", "poddisruptionbudgets").get(this.#namespace, name);
    if (budget === undefined) throw notFound({ group: "policy", resource: "poddisruptionbudgets" }, name);
    const spent = mutable(budget) as unknown as PodDisruptionBudget;
    spend(spent, this.#name, this.#deps.clock.now());
    await this.#deps.client().resource(poddisruptionbudgets, this.#namespace).updateStatus(spent);
  }

  /** Notes the eviction in the pod's conditions, then deletes it. */
  async #delete(resourceVersion: string | undefined): Promise<void> {
    let options = this.#options;
    if (resourceVersion !== undefined) options = { ...options, preconditions: { ...options.preconditions, resourceVersion } };
    if (!this.#dryRun) {
      const updated = await this.#deps.objects("", "pods").update(this.#namespace, this.#name, (object) => {
        const pod = object as unknown as Pod;
        checkPreconditions(pod, options);
        return setPodCondition(pod, disruptionTarget, this.#deps.clock.now());
      });
      if (options.preconditions?.resourceVersion !== undefined) {
        const version = updated.metadata?.resourceVersion;
        options = {
          ...options,
          preconditions: { ...options.preconditions, ...(version === undefined ? {} : { resourceVersion: version }) },
        };
      }
    }
    await this.#deps.client().resource(pods, this.#namespace).delete(this.#name, options);
  }
}

function isOver(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed" || pod.metadata?.deletionTimestamp !== undefined;
}

/** Pods that no budget protects: over, not started yet, or going already. */
function outsideBudgets(pod: Pod): boolean {
  return isOver(pod) || pod.status?.phase === "Pending";
}

/** An unready pod that its budget lets go without counting it (`unhealthyPodEvictionPolicy`, KEP-3017). */
function sparesUnhealthy(pod: Pod, budget: PodDisruptionBudget): boolean {
  if (pod.status?.conditions?.some((c) => c.type === "Ready" && c.status === "True")) return false;
  if (budget.spec?.unhealthyPodEvictionPolicy === "AlwaysAllow") return true;
  const desired = budget.status?.desiredHealthy ?? 0;
  return (budget.status?.currentHealthy ?? 0) >= desired && desired > 0;
}

function stillProcessed(name: string): ApiError {
  return budgetError(10, `The disruption budget ${name} is still being processed by the server.`);
}

function budgetError(retryAfterSeconds: number, message: string): ApiError {
  const { code, reason } = tooManyRequests(violates, retryAfterSeconds);
  return new ApiError(code, reason, violates, {
    causes: [{ reason: "DisruptionBudget", message }],
    ...(retryAfterSeconds > 0 ? { retryAfterSeconds } : {}),
  });
}

function spend(budget: PodDisruptionBudget, podName: string, now: number): void {
  const name = budget.metadata?.name ?? "";
  const status = budget.status;
  const about = { group: "policy", resource: "poddisruptionbudget" };
  if ((status?.observedGeneration ?? 0) < (budget.metadata?.generation ?? 0) || status === undefined) throw stillProcessed(name);
  const allowed = status.disruptionsAllowed ?? 0;
  if (allowed < 0) throw forbidden(about, name, "pdb disruptions allowed is negative");
  if (Object.keys(status.disruptedPods ?? {}).length > maxDisruptedPods)
    throw forbidden(about, name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
  if (allowed === 0) throw budgetError(0, whyNot(name, status));
  status.disruptionsAllowed = allowed - 1;
  status.disruptedPods = { ...status.disruptedPods, [podName]: formatTime(now) };
  if (allowed > 1) return;
  const old = status.conditions?.find((c) => c.type === "DisruptionAllowed");
  const condition = {
    type: "DisruptionAllowed",
    status: "False",
    reason: "InsufficientPods",
    message: "",
    observedGeneration: status.observedGeneration,
    lastTransitionTime: old?.status === "False" ? old.lastTransitionTime : formatTime(now),
  };
  status.conditions = [...(status.conditions ?? []).filter((c) => c.type !== "DisruptionAllowed"), condition];
}

function whyNot(name: string, status: NonNullable<PodDisruptionBudget["status"]>): string {
  const condition = status.conditions?.find((c) => c.type === "DisruptionAllowed");
  const said = condition?.status === "False" && condition.message !== "" ? condition : undefined;
  if (said?.reason === "SyncFailed")
    return `The disruption budget ${name} does not allow evicting pods currently because it failed sync: ${said.message}`;
  const { currentHealthy = 0, desiredHealthy = 0 } = status;
  if (currentHealthy <= desiredHealthy)
    return `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  if (said !== undefined) return `The disruption budget ${name} does not allow evicting pods currently (${said.reason}): ${said.message}`;
  return `The disruption budget ${name} does not allow evicting pods currently`;
}

function checkPreconditions(pod: Pod, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const about = { group: "", resource: "Pod" };
  const { name = "", uid: actual = "", resourceVersion: version = "" } = pod.metadata ?? {};
  if (uid && uid !== actual) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${actual}). The object might have been deleted and then recreated`;
    throw new ApiError(409, "Conflict", `Operation cannot be fulfilled on Pod "${name}": ${why}`, { name, kind: about.resource });
  }
  if (resourceVersion && resourceVersion !== version) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${version}). The object might have been modified`;
    throw new ApiError(409, "Conflict", `Operation cannot be fulfilled on Pod "${name}": ${why}`, { name, kind: about.resource });
  }
}
