/** All pods of the node: a worker each; and what the runtime holds of pods that nobody knows any more is cleared away. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Pod } from "../schema/types/core-v1.ts";
import { refusal, shortage, type Refusal } from "./admission.ts";
import type { NodeContext } from "./node-context.ts";
import { rotateLog } from "./logs/log-rotation.ts";
import { PodWorker } from "./pod/pod-worker.ts";
import { readPodRuntime, listRuntimePods, type RuntimeContainer } from "./pod/runtime.ts";
import type { StatusManager } from "./pod/status-manager.ts";

const logLimits = { maxSize: 10 * 1024 * 1024, maxFiles: 5 };

function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

export class PodWorkers {
  readonly #node: NodeContext;
  readonly #statuses: StatusManager;
  readonly #agentStarted: number;
  readonly #workers = new Map<string, PodWorker>();

  constructor(node: NodeContext, statuses: StatusManager) {
    this.#node = node;
    this.#statuses = statuses;
    this.#agentStarted = node.clock.now();
  }

  get size(): number {
    return this.#workers.size;
  }

  list(): PodWorker[] {
    return [...this.#workers.values()];
  }

  /** By name; the one that is not being deleted where two have it. */
  find(namespace: string, name: string): PodWorker | undefined {
    const named = this.list().filter((w) => w.pod.metadata?.namespace === namespace && w.pod.metadata?.name === name);
    return named.find((w) => w.pod.metadata?.deletionTimestamp === undefined) ?? named[0];
  }

  add(pod: Pod): void {
    const uid = pod.metadata?.uid ?? "";
    const known = this.#workers.get(uid);
    if (known !== undefined) {
      known.update(pod);
      return;
    }
    const worker = new PodWorker(pod, {
      node: this.#node,
      statuses: this.#statuses,
      agentStarted: this.#agentStarted,
      refused: this.#judge(pod),
      shortage: (wanted) => this.#shortage(wanted),
      onGone: (gone) => this.#gone(gone),
    });
    this.#workers.set(uid, worker);
    worker.start();
  }

  /** A pod that this node has begun with before is not judged again. */
  #judge(pod: Pod): Refusal | undefined {
    const self = this.#node.self();
    const known = pod.status?.startTime !== undefined || pod.metadata?.deletionTimestamp !== undefined || isTerminal(pod);
    return known || self === undefined ? undefined : refusal(pod, this.#others(pod), self);
  }

  #shortage(pod: Pod): Refusal | undefined {
    const self = this.#node.self();
    return self === undefined ? undefined : shortage(pod, this.#others(pod), self);
  }

  /** Pods that take up room, as they have been given it. */
  #others(pod: Pod): Pod[] {
    return this.list()
      .filter((w) => w.uid !== pod.metadata?.uid && !w.ended)
      .map((w) => w.given);
  }

  #gone(uid: string): void {
    this.#workers.delete(uid);
    // Room has become free: whoever waits for it may have it now.
    for (const worker of this.#workers.values()) if (worker.given !== worker.pod) worker.wake();
  }

  update(pod: Pod): void {
    this.add(pod);
  }

  /** The API server has it no more. */
  remove(pod: Pod): void {
    this.#workers.get(pod.metadata?.uid ?? "")?.orphan();
  }

  wake(uid: string): void {
    this.#workers.get(uid)?.wake();
  }

  /** Objects changed that these pods use. */
  refresh(uids: readonly string[]): void {
    for (const uid of uids) {
      const worker = this.#workers.get(uid);
      worker?.refreshVolumes();
      worker?.wake();
    }
  }

  refreshAll(): void {
    for (const worker of this.#workers.values()) worker.refreshVolumes();
  }

  /** The uid of the pod that has this container or sandbox. */
  podOf(id: string): string | undefined {
    for (const worker of this.#workers.values()) {
      const { containers, sandboxes } = worker.runtime;
      if (containers.some((c) => c.id === id) || sandboxes.some((s) => s.id === id)) return worker.uid;
    }
    return undefined;
  }

  findContainer(id: string): RuntimeContainer | undefined {
    for (const worker of this.#workers.values()) {
      const found = worker.runtime.containers.find((c) => c.id === id);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async rotateLogs(): Promise<void> {
    for (const worker of this.#workers.values()) {
      for (const container of worker.runtime.containers) {
        if (container.state !== "running") continue;
        await rotateLog(this.#node.cri, container.id, container.logPath, logLimits, this.#node.clock.now()).catch((error: unknown) => {
          this.#node.log.warn("a log could not be rotated", { log: container.logPath, error });
        });
      }
    }
  }

  /** Ends what runs for pods that the API server has forgotten while no agent was here. Once, when the pods are known. */
  async clearOrphans(): Promise<void> {
    const { cri, volumes, log } = this.#node;
    const held = await listRuntimePods(cri);
    for (const uid of held.keys()) {
      if (this.#workers.has(uid)) continue;
      log.info("ending what runs for a pod that is gone", { pod: uid });
      const runtime = await readPodRuntime(cri, uid);
      await Promise.all(
        runtime.containers.filter((c) => c.state === "running").map((c) => cri.stopContainer(c.id, c.record.gracePeriod ?? 2)),
      );
      await Promise.all(runtime.sandboxes.map((s) => cri.stopPodSandbox(s.id)));
      await Promise.all(runtime.containers.map((c) => cri.removeContainer(c.id)));
      await Promise.all(runtime.sandboxes.map((s) => cri.removePodSandbox(s.id)));
    }
    for (const uid of volumes.pods()) if (!this.#workers.has(uid)) await volumes.tearDown(uid);
    this.#clearCgroups();
    this.#clearLogs();
  }

  /** Logs of pods that are gone, and links to logs that are. */
  #clearLogs(): void {
    const { podLogs, containerLogs } = this.#node.paths;
    for (const name of readdirSync(podLogs)) {
      if (!this.#workers.has(name.slice(name.lastIndexOf("_") + 1))) rmSync(join(podLogs, name), { recursive: true, force: true });
    }
    for (const name of readdirSync(containerLogs))
      if (!existsSync(join(containerLogs, name))) rmSync(join(containerLogs, name), { force: true });
  }

  #clearCgroups(): void {
    const { cgroups, cgroupPaths } = this.#node;
    const known = new Set(this.#workers.keys());
    for (const parent of [cgroupPaths.kubepods, cgroupPaths.burstable, cgroupPaths.bestEffort]) {
      for (const name of cgroups.children(parent)) {
        if (name.startsWith("pod") && !known.has(name.slice(3))) cgroups.remove(`${parent}/${name}`);
      }
    }
  }

  stop(): void {
    for (const worker of this.#workers.values()) worker.stop();
  }
}
