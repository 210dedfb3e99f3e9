/**
 * Pods that wait: ready ones by priority and age, those that back off, and those that nothing can help until the cluster
 * changes. Knows no API; the clock is given.
 */
import type { Clock, Timer } from "../core/clock.ts";
import { KeyedHeap } from "../core/heap.ts";
import type { ClusterEvent } from "./events.ts";
import type { PodInfo } from "./pod-info.ts";

export interface QueuedPod {
  pod: PodInfo;
  /** When it was added or last came back; decides among equals and from when it backs off. */
  timestamp: number;
  readonly addedAt: number;
  attempts: number;
  /** Attempts that found no node, and attempts that failed otherwise: each doubles its own delay. */
  unschedulable: number;
  errors: number;
  /** Plugins that rejected it last; empty when it was an error. */
  rejectedBy: ReadonlySet<string>;
  gated: boolean;
}

export interface QueueOptions {
  readonly clock: Clock;
  /** 1 s and 10 s as upstream. */
  readonly initialBackoff?: number;
  readonly maxBackoff?: number;
  /** Whether `event` may help a pod that was rejected by these plugins. */
  helps(event: ClusterEvent, pod: PodInfo, rejectedBy: ReadonlySet<string>): boolean;
  /** Something may be popped. */
  onReady(): void;
}

/** So long a pod rests at most without anything happening, and how often that is looked at. */
const maxRest = 300_000;
const flushInterval = 30_000;

export class SchedulingQueue {
  readonly #options: QueueOptions;
  readonly #clock: Clock;
  readonly #active = new KeyedHeap<string, QueuedPod>((q) => q.pod.uid, before);
  readonly #backoff: KeyedHeap<string, QueuedPod>;
  /** Pods after an error back off in full; the others are taken early when nothing else is to do (KEP-5142). */
  readonly #errorBackoff: KeyedHeap<string, QueuedPod>;
  readonly #resting = new Map<string, QueuedPod>();
  /** Popped, and neither bound nor given back. */
  readonly #inFlight = new Map<string, QueuedPod>();
  #backoffTimer: Timer | undefined;
  readonly #flush: Timer;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#clock = options.clock;
    const byExpiry = (a: QueuedPod, b: QueuedPod): boolean => this.#expiry(a) < this.#expiry(b);
    this.#backoff = new KeyedHeap((q) => q.pod.uid, byExpiry);
    this.#errorBackoff = new KeyedHeap((q) => q.pod.uid, byExpiry);
    this.#flush = options.clock.setInterval(() => this.#flushResting(), flushInterval);
  }

  get sizes(): { active: number; backoff: number; unschedulable: number; gated: number } {
    let gated = 0;
    for (const queued of this.#resting.values()) if (queued.gated) gated++;
    return {
      active: this.#active.size,
      backoff: this.#backoff.size + this.#errorBackoff.size,
      unschedulable: this.#resting.size - gated,
      gated,
    };
  }

  stop(): void {
    this.#flush.cancel();
    this.#backoffTimer?.cancel();
  }

  has(uid: string): boolean {
    return this.#active.has(uid) || this.#backoff.has(uid) || this.#errorBackoff.has(uid) || this.#resting.has(uid);
  }

  /** A pod without a node, new to the queue. */
  add(pod: PodInfo): void {
    if (this.has(pod.uid) || this.#inFlight.has(pod.uid)) {
      this.update(pod);
      return;
    }
    const now = this.#clock.monotonic();
    const queued: QueuedPod = {
      pod,
      timestamp: now,
      addedAt: now,
      attempts: 0,
      unschedulable: 0,
      errors: 0,
      rejectedBy: new Set(),
      gated: isGated(pod),
    };
    if (queued.gated) this.#resting.set(pod.uid, queued);
    else this.#activate(queued);
  }

  /** A newer state of a pod without a node. What changed may let it fit. */
  update(pod: PodInfo): void {
    const flying = this.#inFlight.get(pod.uid);
    if (flying !== undefined) {
      flying.pod = pod;
      return;
    }
    for (const heap of [this.#active, this.#backoff, this.#errorBackoff]) {
      const queued = heap.get(pod.uid);
      if (queued === undefined) continue;
      queued.pod = pod;
      heap.set(queued);
      return;
    }
    const resting = this.#resting.get(pod.uid);
    if (resting === undefined) {
      this.add(pod);
      return;
    }
    const old = resting.pod;
    resting.pod = pod;
    if (isGated(pod)) return;
    if (resting.gated) {
      resting.gated = false;
      this.#resting.delete(pod.uid);
      this.#activate(resting);
    } else if (changesScheduling(old, pod) && this.#options.helps({ type: "UnscheduledPodUpdate", pod }, pod, resting.rejectedBy)) {
      this.#resting.delete(pod.uid);
      this.#requeue(resting);
    }
  }

  delete(uid: string): void {
    this.#active.delete(uid);
    this.#backoff.delete(uid);
    this.#errorBackoff.delete(uid);
    this.#resting.delete(uid);
    this.#inFlight.delete(uid);
  }

  /** The next pod to try. It must be given to {@link done}, {@link rejected} or {@link failed}. */
  pop(): QueuedPod | undefined {
    const queued = this.#active.pop() ?? this.#backoff.pop();
    if (queued === undefined) return undefined;
    queued.attempts++;
    this.#inFlight.set(queued.pod.uid, queued);
    return queued;
  }

  /** It has a node, or is no business of this scheduler any more. */
  done(queued: QueuedPod): void {
    if (this.#inFlight.get(queued.pod.uid) === queued) this.#inFlight.delete(queued.pod.uid);
  }

  /** No node takes it: it rests until an event that one of `plugins` waits for. */
  rejected(queued: QueuedPod, plugins: ReadonlySet<string>): void {
    if (!this.#takeBack(queued)) return;
    queued.unschedulable++;
    queued.errors = 0;
    queued.rejectedBy = plugins;
    this.#resting.set(queued.pod.uid, queued);
  }

  /** Something went wrong (a binding was refused): it is tried again after its delay. */
  failed(queued: QueuedPod): void {
    if (!this.#takeBack(queued)) return;
    queued.errors++;
    queued.rejectedBy = new Set();
    this.#requeue(queued);
  }

  /** Wakes the resting pods that `event` may help. */
  notify(event: ClusterEvent): void {
    for (const queued of this.#resting.values()) {
      if (queued.gated || !this.#options.helps(event, queued.pod, queued.rejectedBy)) continue;
      this.#resting.delete(queued.pod.uid);
      this.#requeue(queued);
    }
  }

  #takeBack(queued: QueuedPod): boolean {
    if (this.#inFlight.get(queued.pod.uid) !== queued) return false;
    this.#inFlight.delete(queued.pod.uid);
    queued.timestamp = this.#clock.monotonic();
    return true;
  }

  #activate(queued: QueuedPod): void {
    this.#active.set(queued);
    this.#options.onReady();
  }

  #requeue(queued: QueuedPod): void {
    if (this.#expiry(queued) <= this.#clock.monotonic()) {
      this.#activate(queued);
      return;
    }
    if (queued.errors > 0) this.#errorBackoff.set(queued);
    else this.#backoff.set(queued);
    this.#armBackoff();
    this.#options.onReady();
  }

  #expiry(queued: QueuedPod): number {
    const { initialBackoff = 1000, maxBackoff = 10_000 } = this.#options;
    const failures = queued.errors > 0 ? queued.errors : queued.unschedulable;
    return failures === 0 ? queued.timestamp : queued.timestamp + Math.min(maxBackoff, initialBackoff * 2 ** (failures - 1));
  }

  #armBackoff(): void {
    const next = Math.min(...[this.#backoff.peek(), this.#errorBackoff.peek()].map((q) => (q === undefined ? Infinity : this.#expiry(q))));
    this.#backoffTimer?.cancel();
    if (next === Infinity) return;
    this.#backoffTimer = this.#clock.setTimeout(() => this.#wakeBackoff(), Math.max(0, next - this.#clock.monotonic()));
  }

  #wakeBackoff(): void {
    const now = this.#clock.monotonic();
    for (const heap of [this.#backoff, this.#errorBackoff]) {
      for (let first = heap.peek(); first !== undefined && this.#expiry(first) <= now; first = heap.peek()) {
        heap.pop();
        this.#activate(first);
      }
    }
    this.#armBackoff();
  }

  #flushResting(): void {
    const now = this.#clock.monotonic();
    for (const queued of this.#resting.values()) {
      if (queued.gated || now - queued.timestamp <= maxRest) continue;
      this.#resting.delete(queued.pod.uid);
      this.#requeue(queued);
    }
  }
}

/** Higher priority first, then the one that has waited longer. */
function before(a: QueuedPod, b: QueuedPod): boolean {
  return a.pod.priority > b.pod.priority || (a.pod.priority === b.pod.priority && a.timestamp < b.timestamp);
}

function isGated({ pod }: PodInfo): boolean {
  return (pod.spec?.schedulingGates?.length ?? 0) > 0;
}

/** A status that this scheduler wrote itself is no reason to try again. */
function changesScheduling(old: PodInfo, pod: PodInfo): boolean {
  return (
    JSON.stringify([{ ...old.pod.spec, ephemeralContainers: undefined }, old.labels]) !==
    JSON.stringify([{ ...pod.pod.spec, ephemeralContainers: undefined }, pod.labels])
  );
}
