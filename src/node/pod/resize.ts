/**
 * Resizing in place (KEP-1287): what a pod asks for now becomes what it is given when the node has it, and what it is given
 * becomes what its containers have. Until then the status says what holds it up.
 */
import { formatTime } from "../../core/clock.ts";
import { isSidecar } from "../../kinds/pod/containers.ts";
import { podRequestAmounts } from "../../kinds/pod/resources.ts";
import { resourceAmount } from "../../kinds/resource-list.ts";
import type { Container, Pod, PodCondition, ResourceRequirements } from "../../schema/types/core-v1.ts";
import type { Refusal } from "../admission.ts";
import { containerResources, podCgroupLimits } from "../container/resources.ts";
import { aboutPod, type NodeContext } from "../node-context.ts";
import { findRuntimeContainer, type PodRuntime } from "./runtime.ts";
import { sameValue } from "./status-patch.ts";

type Resources = Record<string, ResourceRequirements>;

export interface PodResizeOptions {
  readonly node: NodeContext;
  /** Why the pod, as it asks to be, would not fit among the others now. */
  shortage(pod: Pod): Refusal | undefined;
}

/** Containers whose policy has them restarted for the new size. */
export interface ResizeRestart {
  readonly id: string;
  readonly container: Container;
  readonly message: string;
}

function resizable(pod: Pod): Container[] {
  return [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []).filter(isSidecar)];
}

function resourcesOf(pod: Pod): Resources {
  return Object.fromEntries(resizable(pod).map((c) => [c.name, c.resources ?? {}]));
}

export class PodResize {
  readonly #options: PodResizeOptions;
  #given: Resources;
  /** By container id: what it was made with or brought to. */
  readonly #has = new Map<string, ResourceRequirements>();
  #pending: PodCondition | undefined;
  #progress: PodCondition | undefined;

  constructor(pod: Pod, options: PodResizeOptions) {
    this.#options = options;
    this.#given = resourcesOf(pod);
  }

  /** The pod with what it has been given rather than what it asks for. */
  given(pod: Pod): Pod {
    if (sameValue(this.#given, resourcesOf(pod)) || pod.spec === undefined) return pod;
    const own = (c: Container): Container => {
      const resources = this.#given[c.name];
      return resources === undefined ? c : { ...c, resources };
    };
    const { containers, initContainers } = pod.spec;
    return {
      ...pod,
      spec: {
        ...pod.spec,
        containers: containers.map(own),
        ...(initContainers === undefined ? {} : { initContainers: initContainers.map(own) }),
      },
    };
  }

  get conditions(): PodCondition[] {
    return [this.#pending, this.#progress].filter((c) => c !== undefined);
  }

  /** A container has been made from the pod as given. */
  started(container: Container, id: string): void {
    this.#has.set(id, container.resources ?? {});
  }

  /** Gives what can be given. */
  decide(pod: Pod): void {
    const wanted = resourcesOf(pod);
    if (sameValue(this.#given, wanted)) {
      this.#pending = undefined;
      return;
    }
    const { node } = this.#options;
    const refused = this.#infeasible(pod) ?? this.#deferred(pod);
    if (refused === undefined) {
      this.#given = wanted;
      this.#pending = undefined;
      this.#progress = this.#condition(pod, "PodResizeInProgress");
      node.events.event(aboutPod(pod), "Normal", "ResizeStarted", summary("Pod resize started", pod));
      return;
    }
    const before = this.#pending;
    if (before?.reason === refused.reason && before.observedGeneration === pod.metadata?.generation) return;
    this.#pending = { ...this.#condition(pod, "PodResizePending"), ...refused };
    node.events.event(aboutPod(pod), "Warning", `Resize${refused.reason}`, summary(`Pod resize ${refused.reason}`, pod, refused.message));
  }

  #condition(pod: Pod, type: string): PodCondition {
    const generation = pod.metadata?.generation;
    return {
      type,
      status: "True",
      lastTransitionTime: formatTime(this.#options.node.clock.now()),
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    };
  }

  /** More than the node could ever give. */
  #infeasible(pod: Pod): Refusal | undefined {
    const allocatable = this.#options.node.allocatable();
    const wanted = podRequestAmounts(pod);
    for (const name of ["cpu", "memory"]) {
      const capacity = resourceAmount(name, allocatable[name] ?? "0");
      const requested = wanted[name] ?? 0;
      if (requested > capacity) {
        return {
          reason: "Infeasible",
          message: `Node didn't have enough capacity: ${name}, requested: ${requested}, capacity: ${capacity}`,
        };
      }
    }
    return undefined;
  }

  #deferred(pod: Pod): Refusal | undefined {
    const short = this.#options.shortage(pod);
    return short === undefined ? undefined : { reason: "Deferred", message: short.message };
  }

  /**
   * Brings running containers to what the pod has been given. Resolves with those that must be restarted for it. A runtime
   * that refuses is told in the condition, and asked again at the next turn.
   */
  async apply(pod: Pod, runtime: PodRuntime): Promise<ResizeRestart[]> {
    const { node } = this.#options;
    const given = this.given(pod);
    const behind = resizable(given).flatMap((container) => {
      const running = findRuntimeContainer(runtime, container.name);
      if (running?.state !== "running") return [];
      const has = this.#has.get(running.id);
      // Made by an agent before this one, from the pod as it is: resizes end before an agent does, or begin anew.
      if (has === undefined) this.#has.set(running.id, container.resources ?? {});
      return has === undefined || sameValue(has, container.resources ?? {}) ? [] : [{ container, id: running.id, has }];
    });
    if (behind.length === 0) {
      this.#finish(pod);
      return [];
    }
    const restarts = behind.filter(({ container, has }) => mustRestart(container, has));
    try {
      const path = node.cgroupPaths.pod(given);
      const limits = podCgroupLimits(given);
      // Room first, for those that grow; the pod's own limits when all fit below them.
      node.cgroups.apply(path, { ...limits, cpuQuota: -1, memoryLimit: -1 });
      for (const { container, id } of behind) {
        if (restarts.some((r) => r.id === id)) continue;
        await node.cri.updateContainerResources(id, containerResources(given, container, node.memoryCapacity));
        this.#has.set(id, container.resources ?? {});
      }
      node.cgroups.apply(path, limits);
    } catch (error) {
      const message = (error as Error).message;
      if (this.#progress?.message !== message)
        node.events.event(aboutPod(pod), "Warning", "ResizeError", summary("Pod resize error", pod, message));
      this.#progress = { ...(this.#progress ?? this.#condition(pod, "PodResizeInProgress")), reason: "Error", message };
      return [];
    }
    if (restarts.length === 0) this.#finish(pod);
    return restarts.map(({ container, id }) => ({ container, id, message: `Container ${container.name} resize requires restart` }));
  }

  #finish(pod: Pod): void {
    if (this.#progress === undefined) return;
    this.#progress = undefined;
    this.#options.node.events.event(aboutPod(pod), "Normal", "ResizeCompleted", summary("Pod resize completed", this.given(pod)));
  }
}

function mustRestart(container: Container, has: ResourceRequirements): boolean {
  const now = container.resources;
  return (container.resizePolicy ?? []).some(
    ({ resourceName, restartPolicy }) =>
      restartPolicy === "RestartContainer" &&
      (has.requests?.[resourceName] !== now?.requests?.[resourceName] || has.limits?.[resourceName] !== now?.limits?.[resourceName]),
  );
}

/** The event's text: what is asked for, as JSON. */
function summary(prefix: string, pod: Pod, error = ""): string {
  const list = (containers: readonly Container[]): object[] => containers.map((c) => ({ name: c.name, resources: c.resources ?? {} }));
  const init = pod.spec?.initContainers ?? [];
  const what = {
    ...(init.length === 0 ? {} : { initContainers: list(init) }),
    containers: list(pod.spec?.containers ?? []),
    generation: pod.metadata?.generation ?? 0,
    ...(error === "" ? {} : { error }),
  };
  return `${prefix}: ${JSON.stringify(what)}`;
}
