/** Stopping containers: preStop, the order of sidecars, grace. */
import { isSidecar } from "../../kinds/pod/containers.ts";
import { sleep } from "../../core/clock.ts";
import type { Container, Pod } from "../../schema/types/core-v1.ts";
import { containerEvent, type NodeContext } from "../node-context.ts";
import { runHook } from "./hooks.ts";
import type { KillReason } from "./plan.ts";
import type { RuntimeContainer } from "./runtime.ts";

/** Seconds that every container gets between TERM and KILL, whatever was asked. */
const minimalGrace = 2;

export interface KillInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly id: string;
  /** Of the Killing event; `Stopping container NAME` when empty. */
  readonly message: string;
  readonly reason: KillReason;
  /** Seconds, over what pod and probe say. */
  readonly grace: number | undefined;
  /** Resolves when those have stopped that must stop before. */
  readonly turn?: Promise<unknown>;
  readonly signal?: AbortSignal;
}

/** Seconds the container has, by what it is stopped for. */
export function gracePeriod(pod: Pod, container: Container, reason: KillReason): number {
  if (pod.metadata?.deletionGracePeriodSeconds !== undefined) return pod.metadata.deletionGracePeriodSeconds;
  const probe = reason === "liveness" ? container.livenessProbe : reason === "startup" ? container.startupProbe : undefined;
  return probe?.terminationGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? minimalGrace;
}

export async function killContainer(node: NodeContext, input: KillInput): Promise<void> {
  const { pod, container, id } = input;
  const never = new AbortController().signal;
  const signal = input.signal ?? never;
  const until = node.clock.monotonic() + (input.grace ?? gracePeriod(pod, container, input.reason)) * 1000;
  const left = (): number => Math.max(0, until - node.clock.monotonic());
  containerEvent(node.events, pod, container, "Normal", "Killing", input.message || `Stopping container ${container.name}`);
  const preStop = container.lifecycle?.preStop;
  if (preStop !== undefined && left() > 0) {
    const stop = AbortSignal.any([signal, timeoutSignal(node, left())]);
    const ip = pod.status?.podIP ?? "";
    try {
      await runHook(node, preStop, { pod, container, containerId: id, ip, signal: stop });
    } catch (error) {
      if (!stop.aborted) containerEvent(node.events, pod, container, "Warning", "FailedPreStopHook", "PreStopHook failed");
      node.log.debug("preStop ended", { container: container.name, error });
    }
  }
  if (input.turn !== undefined && left() > 0) await Promise.race([input.turn, sleep(node.clock, left(), signal).catch(() => undefined)]);
  await node.cri.stopContainer(id, Math.max(minimalGrace, Math.floor(left() / 1000)));
}

function timeoutSignal(node: NodeContext, ms: number): AbortSignal {
  const stop = new AbortController();
  node.clock.setTimeout(() => stop.abort(new Error("grace period is over")), ms);
  return stop.signal;
}

/**
 * Stops all of a pod's running containers: regular ones together, then sidecars one after the other, the last one first
 * (KEP-753), all within the same grace.
 */
export async function killContainers(
  node: NodeContext,
  pod: Pod,
  running: readonly RuntimeContainer[],
  signal: AbortSignal,
): Promise<void> {
  const spec = pod.spec;
  const sidecars = (spec?.initContainers ?? []).filter(isSidecar).map((c) => c.name);
  const ended = new Map<string, Promise<void>>();
  // Each sidecar waits for all that come before it in this list.
  const regular = running.filter((c) => !sidecars.includes(c.name));
  const later = running.filter((c) => sidecars.includes(c.name)).sort((a, b) => sidecars.indexOf(b.name) - sidecars.indexOf(a.name));
  for (const runtime of [...regular, ...later]) {
    const isLater = sidecars.includes(runtime.name);
    const container = specOf(pod, runtime);
    const turn = isLater && ended.size > 0 ? Promise.allSettled(ended.values()) : undefined;
    const kill = killContainer(node, {
      pod,
      container,
      id: runtime.id,
      message: "",
      reason: "unknown",
      grace: undefined,
      ...(turn === undefined ? {} : { turn }),
      signal,
    });
    ended.set(runtime.id, kill);
  }
  await Promise.all(ended.values());
}

/** The container's spec, or what its annotations remember when the pod does not name it any more. */
function specOf(pod: Pod, runtime: RuntimeContainer): Container {
  const all = [
    ...(pod.spec?.containers ?? []),
    ...(pod.spec?.initContainers ?? []),
    ...((pod.spec?.ephemeralContainers ?? []) as Container[]),
  ];
  const found = all.find((c) => c.name === runtime.name);
  if (found !== undefined) return found;
  const { preStop } = runtime.record;
  return { name: runtime.name, image: runtime.image, ...(preStop === undefined ? {} : { lifecycle: { preStop } }) };
}
