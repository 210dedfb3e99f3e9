/**
 * The loop: takes pods from the queue, decides, assumes, and binds in the background. A decision is synchronous; between
 * decisions the loop lets the rest of the process run.
 */
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { ActionRecorder } from "../client/events.ts";
import type { Client } from "../client/client.ts";
import type { Lister } from "../client/informer.ts";
import type { Pod } from "../schema/types/core-v1.ts";
import type { PodDisruptionBudget } from "../schema/types/policy-v1.ts";
import { bindPod, evictVictim, patchPodStatus, type PodStatusChange, selectNode } from "./binding.ts";
import type { SchedulerCache } from "./cache.ts";
import type { Decision } from "./cycle.ts";
import { type CycleRunner, createCycleRunner } from "./cycle-runner.ts";
import { describeDiagnosis, eventNote, noNodesMessage, rejectingPlugins } from "./diagnosis.ts";
import type { Plugin } from "./framework.ts";
import type { SchedulerMetrics } from "./metrics.ts";
import { claimsOf, type NodeInfo } from "./node-info.ts";
import type { PodInfo } from "./pod-info.ts";
import { type Candidate, preempt } from "./preemption.ts";
import type { QueuedPod, SchedulingQueue } from "./queue.ts";

/** So long the loop decides before it lets others run, and so many bindings are under way at once. */
const slice = 5;
const maxBinding = 256;
/** How long a pod's claims may take to be bound (upstream's bindTimeoutSeconds). */
const claimTimeout = 600_000;

export interface SchedulerParts {
  readonly name: string;
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly cache: SchedulerCache;
  readonly queue: SchedulingQueue;
  readonly plugins: readonly Plugin[];
  readonly events: ActionRecorder;
  readonly metrics: SchedulerMetrics;
  readonly pods: Lister<Pod>;
  readonly budgets: Lister<PodDisruptionBudget>;
  readonly random: () => number;
  readonly percentageOfNodesToScore?: number | undefined;
  readonly signal: AbortSignal;
}

type Unschedulable = Exclude<Decision, { type: "fits" }>;

export class SchedulingLoop {
  readonly #parts: SchedulerParts;
  readonly #cycles: CycleRunner;
  #binding = 0;
  #wake: (() => void) | undefined;
  /** Pods whose victims are being removed: not tried again before that is done. */
  readonly #preempting = new Map<string, Promise<void>>();

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
    this.#cycles = createCycleRunner(parts);
  }

  /** There may be something to do. */
  wake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  async run(): Promise<void> {
    const { signal, clock, queue } = this.#parts;
    const onAbort = (): void => this.wake();
    signal.addEventListener("abort", onAbort, { once: true });
    while (!signal.aborted) {
      const until = clock.monotonic() + slice;
      let worked = false;
      while (this.#binding < maxBinding && clock.monotonic() < until) {
        const queued = queue.pop();
        if (queued === undefined) break;
        worked = true;
        this.#attempt(queued);
      }
      if (worked) await new Promise<void>((resolve) => setImmediate(resolve));
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #attempt(queued: QueuedPod): void {
    const { cache, queue, clock, metrics } = this.#parts;
    const { pod } = queued;
    if (pod.terminating || cache.isAssumed(pod.uid) || this.#isGone(pod)) {
      queue.done(queued);
      return;
    }
    const started = clock.monotonic();
    let decision: Decision;
    try {
      decision = this.#cycles.decide(cache, pod);
    } catch (error) {
      this.#fail(queued, error, started);
      return;
    }
    metrics.algorithmDuration.observe((clock.monotonic() - started) / 1000);
    if (decision.type === "fits") this.#assume(queued, decision.node, started);
    else this.#reject(queued, decision, started);
  }

  #isGone({ namespace, name, uid }: PodInfo): boolean {
    const present = this.#parts.pods.get(namespace, name);
    return present === undefined || present.metadata?.uid !== uid || !!present.spec?.nodeName;
  }

  #assume(queued: QueuedPod, node: NodeInfo, started: number): void {
    const { cache } = this.#parts;
    cache.assume(queued.pod, node.name);
    this.#binding++;
    this.#bind(queued, node.name, started)
      .catch((error: unknown) => {
        cache.forget(queued.pod.uid);
        this.#parts.queue.notify({ type: "AssignedPodDelete", pod: queued.pod });
        this.#fail(queued, error, started);
      })
      .finally(() => {
        this.#binding--;
        this.wake();
      });
  }

  async #bind(queued: QueuedPod, node: string, started: number): Promise<void> {
    const { client, queue, events, metrics, clock, name } = this.#parts;
    const { pod } = queued;
    await this.#bindClaims(pod, node);
    await bindPod(client, pod, node);
    queue.done(queued);
    const now = clock.monotonic();
    metrics.attempts.inc({ result: "scheduled", profile: name });
    metrics.attemptDuration.observe((now - started) / 1000, { result: "scheduled", profile: name });
    metrics.podAttempts.observe(queued.attempts);
    const attempts = queued.attempts >= 15 ? "15+" : String(queued.attempts);
    metrics.podDuration.observe((now - queued.addedAt) / 1000, { attempts });
    events.event(pod.pod, undefined, "Normal", "Scheduled", "Binding", `Successfully assigned ${pod.namespace}/${pod.name} to ${node}`);
  }

  /** Claims that waited for this decision are told the node, and then waited for. */
  async #bindClaims(pod: PodInfo, node: string): Promise<void> {
    if (claimsOf(pod.pod).length === 0) return;
    const { cache, client, clock, signal } = this.#parts;
    const names = claimsOf(pod.pod).map((key) => key.slice(pod.namespace.length + 1));
    const unbound = (): string[] => names.filter((name) => !cache.volumes.claim(pod.namespace, name)?.spec?.volumeName);
    for (const name of unbound()) {
      const claim = cache.volumes.claim(pod.namespace, name);
      if (claim !== undefined) await selectNode(client, claim, node);
    }
    const deadline = clock.monotonic() + claimTimeout;
    while (unbound().length > 0) {
      signal.throwIfAborted();
      if (clock.monotonic() > deadline) throw new Error(`binding volumes: timed out waiting for the condition`);
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 1000));
    }
  }

  #reject(queued: QueuedPod, decision: Unschedulable, started: number): void {
    const { queue, cache, metrics, clock, name } = this.#parts;
    const { pod } = queued;
    let message = noNodesMessage;
    // Whatever comes first may help: a node.
    let plugins: ReadonlySet<string> = new Set();
    let nominatedNodeName: string | undefined = "";
    if (decision.type === "unschedulable") {
      const outcome = preempt({ pod, snapshot: cache }, decision.filters, decision.diagnosis, {
        budgets: this.#parts.budgets.list(),
        random: this.#parts.random,
      });
      metrics.preemptions.inc();
      plugins = rejectingPlugins(decision.diagnosis);
      if (outcome.type === "preempt") {
        message = describeDiagnosis(decision.diagnosis, "");
        nominatedNodeName = outcome.candidate.node.name;
        this.#makeRoom(queued, outcome.candidate);
      } else {
        // Devices (DRA) are asked to give way before pods are, and have nothing to say here.
        message = describeDiagnosis(decision.diagnosis, `no new claims to deallocate, preemption: ${outcome.message}`);
        if (!outcome.clear) nominatedNodeName = undefined;
      }
    }
    if (nominatedNodeName) cache.nominate(pod, nominatedNodeName);
    else if (nominatedNodeName === "") cache.unnominate(pod.uid);
    queue.rejected(queued, plugins);
    metrics.attempts.inc({ result: "unschedulable", profile: name });
    metrics.attemptDuration.observe((clock.monotonic() - started) / 1000, { result: "unschedulable", profile: name });
    this.#report(pod, "Unschedulable", message, nominatedNodeName);
  }

  #fail(queued: QueuedPod, error: unknown, started: number): void {
    const { queue, metrics, clock, log, name, signal } = this.#parts;
    if (signal.aborted) return;
    const message = error instanceof Error ? error.message : String(error);
    metrics.attempts.inc({ result: "error", profile: name });
    metrics.attemptDuration.observe((clock.monotonic() - started) / 1000, { result: "error", profile: name });
    if (this.#isGone(queued.pod)) {
      queue.done(queued);
      return;
    }
    log.warn("scheduling failed", { pod: `${queued.pod.namespace}/${queued.pod.name}`, error });
    queue.failed(queued);
    this.#report(queued.pod, "SchedulerError", message, "");
  }

  /** The event, and the condition PodScheduled. */
  #report(pod: PodInfo, reason: string, message: string, nominatedNodeName: string | undefined): void {
    const { events, client, clock, log } = this.#parts;
    const present = this.#parts.pods.get(pod.namespace, pod.name) ?? pod.pod;
    events.event(present, undefined, "Warning", "FailedScheduling", "Scheduling", eventNote(message));
    const change: PodStatusChange = { condition: { type: "PodScheduled", status: "False", reason, message }, nominatedNodeName };
    patchPodStatus(client, present, change, clock.now()).catch((error: unknown) => {
      if (!this.#parts.signal.aborted) log.warn("the pod's status could not be updated", { pod: `${pod.namespace}/${pod.name}`, error });
    });
  }

  /** Removes the victims in the background; the last one's deletion wakes the pod. */
  #makeRoom(queued: QueuedPod, { node, victims }: Candidate): void {
    const { pod } = queued;
    if (this.#preempting.has(pod.uid)) return;
    this.#parts.metrics.victims.observe(victims.length);
    const done = this.#evict(pod, node, victims)
      .catch((error: unknown) => {
        if (this.#parts.signal.aborted) return;
        this.#parts.log.warn("preemption failed", { pod: `${pod.namespace}/${pod.name}`, error });
        this.#parts.queue.notify({ type: "Flush" });
      })
      .finally(() => this.#preempting.delete(pod.uid));
    this.#preempting.set(pod.uid, done);
  }

  async #evict(pod: PodInfo, node: NodeInfo, victims: readonly PodInfo[]): Promise<void> {
    const { client, events, clock, cache } = this.#parts;
    // Pods of lower priority that were to have this room look elsewhere.
    for (const other of cache.nominated(node.name)) {
      if (other.priority >= pod.priority || other.uid === pod.uid) continue;
      cache.unnominate(other.uid);
      await patchPodStatus(client, other.pod, { nominatedNodeName: "" }, clock.now());
    }
    await Promise.all(victims.map((victim) => evictVictim(client, victim, pod, node.name, events, clock.now())));
  }
}
