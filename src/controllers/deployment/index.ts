/** Wiring of the deployment controller: cache in, {@link planDeployment}, writes out. */
import { hasReason } from "../../core/api-error.ts";
import type { Controller, ControllerContext, KeyQueue, ReconcileResult } from "../../operator/controller.ts";
import { objectKey, splitKey } from "../../schema/object.ts";
import { deployments, replicasets, type Deployment, type ReplicaSet } from "../../schema/types/apps-v1.ts";
import { pods, type Pod } from "../../schema/types/core-v1.ts";
import { claim, controllerOf, isControlledBy, messageOf } from "../ownership.ts";
import { podsByController } from "../pod-index.ts";
import { selects } from "../selection.ts";
import { namespaceTerminates, typed } from "../typed.ts";
import { planDeployment, type DeploymentPlan, type SetWrite } from "./plan.ts";
import { sameTemplate } from "./revision.ts";
import { hasProgressDeadline, newCondition, withCondition } from "./status.ts";

/** Rolls out what deployments describe, over replica sets. */
export function deploymentController(): Controller {
  return {
    name: "deployment-controller",
    workers: 5,
    setup(context, queue) {
      const loop = new DeploymentLoop(context, queue);
      return (key, signal) => loop.reconcile(key, signal);
    },
  };
}

class DeploymentLoop {
  readonly #context: ControllerContext;
  readonly #queue: KeyQueue;
  readonly #deployments;
  readonly #sets;
  readonly #pods;

  constructor(context: ControllerContext, queue: KeyQueue) {
    this.#context = context;
    this.#queue = queue;
    this.#deployments = context.informers.informer(deployments).lister;
    this.#sets = context.informers.informer(replicasets).lister;
    const podInformer = context.informers.informer(pods);
    this.#pods = podsByController(podInformer);
    const enqueue = (d: Deployment): void => queue.add(objectKey(d));
    context.informers.informer(deployments).addHandlers({ onAdd: enqueue, onUpdate: enqueue, onDelete: enqueue });
    context.informers.informer(replicasets).addHandlers({
      onAdd: (set) => this.#setChanged(set, set.metadata?.deletionTimestamp === undefined),
      onUpdate: (set, old) => {
        if (controllerOf(set)?.uid !== controllerOf(old)?.uid) this.#setChanged(old, false);
        this.#setChanged(set, set.metadata?.labels !== old.metadata?.labels || controllerOf(old) !== undefined);
      },
      onDelete: (set) => this.#setChanged(set, false),
    });
    podInformer.addHandlers({ onDelete: (pod) => this.#podGone(pod) });
  }

  /** To the deployment that controls it; an orphan, when `adoptable`, to those that select it. */
  #setChanged(set: ReplicaSet, adoptable: boolean): void {
    const namespace = set.metadata?.namespace ?? "";
    const ref = controllerOf(set);
    if (ref !== undefined) {
      const owner = ref.kind === "Deployment" ? this.#deployments.get(namespace, ref.name) : undefined;
      if (owner?.metadata?.uid === ref.uid) this.#queue.add(`${namespace}/${ref.name}`);
      return;
    }
    if (!adoptable) return;
    for (const d of this.#deployments.list(namespace)) {
      if (selects(d.spec?.selector, set.metadata?.labels ?? {})) this.#queue.add(objectKey(d));
    }
  }

  /** A Recreate deployment waits for its last old pod to go. */
  #podGone(pod: Pod): void {
    const ref = controllerOf(pod);
    if (ref?.kind !== "ReplicaSet") return;
    const namespace = pod.metadata?.namespace ?? "";
    const set = this.#sets.get(namespace, ref.name);
    const owner = set?.metadata?.uid === ref.uid && set !== undefined ? controllerOf(set) : undefined;
    const deployment = owner?.kind === "Deployment" ? this.#deployments.get(namespace, owner.name) : undefined;
    if (deployment?.spec?.strategy?.type !== "Recreate") return;
    const left = this.#sets.list(namespace).some((s) => isControlledBy(s, deployment) && this.#podsOf(s).length > 0);
    if (!left) this.#queue.add(objectKey(deployment));
  }

  #podsOf(set: ReplicaSet): Pod[] {
    const { namespace = "", name = "", uid = "" } = set.metadata ?? {};
    return this.#pods.of(namespace, { kind: "ReplicaSet", name, uid });
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { namespace, name } = splitKey(key);
    const deployment = this.#deployments.get(namespace, name);
    if (deployment === undefined) return {};
    try {
      return await this.#sync(deployment, signal);
    } catch (error) {
      if (namespaceTerminates(error)) return {};
      throw error;
    }
  }

  async #sync(deployment: Deployment, signal: AbortSignal): Promise<ReconcileResult> {
    const selector = deployment.spec?.selector;
    if (selector === undefined || Object.keys(selector).length === 0) {
      await this.#refuse(deployment, signal);
      return {};
    }
    const sets = await claim(this.#sets.list(deployment.metadata?.namespace), {
      client: this.#context.client,
      owner: deployment,
      ownerRef: deployments,
      ref: replicasets,
      matches: (set) => selects(selector, set.metadata?.labels ?? {}),
      signal,
    });
    const plan = planDeployment({ deployment, sets, podsOf: (set) => this.#podsOf(set) }, this.#context.clock.now());
    await this.#carryOut(deployment, plan, signal);
    return plan.requeueAfter === undefined ? {} : { requeueAfter: plan.requeueAfter };
  }

  async #refuse(deployment: Deployment, signal: AbortSignal): Promise<void> {
    const message = "This deployment is selecting all pods. A non-empty selector is required.";
    this.#context.events.event(typed(deployments, deployment), "Warning", "SelectingAll", message);
    const generation = deployment.metadata?.generation ?? 0;
    if ((deployment.status?.observedGeneration ?? 0) >= generation) return;
    await this.#writeStatus({ ...deployment, status: { ...deployment.status, observedGeneration: generation } }, signal);
  }

  async #carryOut(deployment: Deployment, plan: DeploymentPlan, signal: AbortSignal): Promise<void> {
    const { client, events } = this.#context;
    const about = typed(deployments, deployment);
    const sets = client.resource(replicasets, deployment.metadata?.namespace);
    const tell = (write: SetWrite): void => {
      for (const e of write.events) events.event(about, e.type, e.reason, e.message);
    };
    if (plan.create !== undefined && (await this.#createSet(deployment, plan.create.set, signal))) tell(plan.create);
    for (const write of plan.update) {
      await sets.update(typed(replicasets, write.set), { signal });
      tell(write);
    }
    for (const set of plan.remove) {
      await sets.delete(set.metadata?.name ?? "", { signal }).catch((error: unknown) => {
        if (!hasReason(error, "NotFound")) throw error;
      });
    }
    if (plan.rollback !== undefined) {
      await client.resource(deployments, deployment.metadata?.namespace).update(typed(deployments, plan.rollback), { signal });
    }
    for (const e of plan.events) events.event(about, e.type, e.reason, e.message);
    if (plan.status !== undefined) await this.#writeStatus(plan.status, signal);
  }

  /** False when it was there already: made by a reconcile whose result the cache does not show yet. */
  async #createSet(deployment: Deployment, set: ReplicaSet, signal: AbortSignal): Promise<boolean> {
    const { namespace = "", name = "" } = set.metadata ?? {};
    const client = this.#context.client.resource(replicasets, namespace);
    try {
      await client.create(set, { signal });
      return true;
    } catch (error) {
      if (hasReason(error, "AlreadyExists")) {
        const present = await client.get(name, { signal });
        if (isControlledBy(present, deployment) && sameTemplate(deployment.spec?.template, present.spec?.template)) return false;
        await this.#writeStatus(
          { ...deployment, status: { ...deployment.status, collisionCount: (deployment.status?.collisionCount ?? 0) + 1 } },
          signal,
        );
      } else if (!namespaceTerminates(error)) await this.#reportFailure(deployment, name, error, signal);
      throw error;
    }
  }

  async #reportFailure(deployment: Deployment, name: string, error: unknown, signal: AbortSignal): Promise<void> {
    const message = `Failed to create new replica set "${name}": ${messageOf(error)}`;
    this.#context.events.event(typed(deployments, deployment), "Warning", "ReplicaSetCreateError", message);
    if (!hasProgressDeadline(deployment)) return;
    const condition = newCondition("Progressing", "False", "ReplicaSetCreateError", message, this.#context.clock.now());
    const status = withCondition(deployment.status ?? {}, condition);
    if (status === deployment.status) return;
    await this.#writeStatus({ ...deployment, status }, signal).catch((failure: unknown) => {
      this.#context.log.warn("could not report that a replica set was refused", { deployment: objectKey(deployment), error: failure });
    });
  }

  async #writeStatus(deployment: Deployment, signal: AbortSignal): Promise<void> {
    await this.#context.client
      .resource(deployments, deployment.metadata?.namespace)
      .updateStatus(typed(deployments, deployment), { signal });
  }
}
