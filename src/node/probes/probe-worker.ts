/** One probe of one container: when it runs, and what its results come to. Pure but for the probe itself. */
import type { Clock, Timer } from "../../core/clock.ts";
import { isSidecar } from "../../kinds/pod/containers.ts";
import type { Container, ContainerStatus, Pod, PodSpec, PodStatus, Probe } from "../../schema/types/core-v1.ts";
import { shouldRestart } from "../../kinds/pod/restart.ts";
import type { ProbeVerdict } from "../pod/plan.ts";

export type ProbeType = "liveness" | "readiness" | "startup";

export interface ProbeResult {
  readonly healthy: boolean;
}

export interface ProbeWorkerOptions {
  readonly type: ProbeType;
  readonly pod: () => Pod;
  /** As last told to the API server. */
  readonly status: () => PodStatus | undefined;
  readonly container: Container;
  readonly probe: Probe;
  readonly clock: Clock;
  /** Throws when the probe could not be carried out: such a result does not count. */
  run(container: Container, containerId: string, status: PodStatus): Promise<ProbeResult>;
  onVerdict(): void;
  /** Milliseconds since the epoch: containers that have been running since before keep their verdict until the first result. */
  readonly agentStarted: number;
}

/** Verdict of a container before its first results. */
const before: Record<ProbeType, ProbeVerdict> = { liveness: "success", readiness: "failure", startup: "unknown" };

export class ProbeWorker {
  readonly #options: ProbeWorkerOptions;
  #containerId = "";
  #verdict: ProbeVerdict | undefined;
  #last: boolean | undefined;
  #run = 0;
  #onHold = false;
  #busy = false;
  /** The last look found nothing to probe yet. */
  #waiting = true;
  /** Milliseconds until the initial delay is over, when that is what it waits for. */
  #delay: number | undefined;
  #stopped = false;
  #timer: Timer | undefined;

  constructor(options: ProbeWorkerOptions) {
    this.#options = options;
  }

  /** Begins at once; then every period. */
  start(): void {
    void this.#tick();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Looks now rather than at the next period, if it is waiting for its container. */
  trigger(): void {
    if (this.#stopped || this.#busy || !this.#waiting) return;
    this.#timer?.cancel();
    void this.#tick();
  }

  /** The container's verdict; undefined before the worker has seen that container. */
  verdict(containerId: string): ProbeVerdict | undefined {
    return containerId === this.#containerId ? this.#verdict : undefined;
  }

  async #tick(): Promise<void> {
    this.#busy = true;
    this.#waiting = true;
    this.#delay = undefined;
    const goOn = await this.#once();
    this.#busy = false;
    if (!goOn || this.#stopped) return;
    const period = (this.#options.probe.periodSeconds ?? 10) * 1000;
    this.#timer = this.#options.clock.setTimeout(() => void this.#tick(), Math.min(period, this.#delay ?? period));
  }

  #set(verdict: ProbeVerdict): void {
    if (this.#verdict === verdict) return;
    this.#verdict = verdict;
    this.#options.onVerdict();
  }

  /** False: there is nothing to probe any more. */
  async #once(): Promise<boolean> {
    const { type, probe, container, clock } = this.#options;
    const status = this.#options.status();
    const pod = this.#options.pod();
    if (status === undefined) return true;
    if (status.phase === "Failed" || status.phase === "Succeeded") return false;
    const own = findStatus(status, container.name);
    const id = own?.containerID?.replace(/^[a-z]+:\/\//, "") ?? "";
    if (own === undefined || id === "") return true;
    if (id !== this.#containerId) this.#adopt(id, own);
    if (this.#onHold) return true;
    if (own.state?.running === undefined) {
      this.#set("failure");
      const end = own.state?.terminated;
      return end === undefined || isSidecar(container) || shouldRestart(container, pod.spec as PodSpec, end.exitCode);
    }
    if (pod.metadata?.deletionTimestamp !== undefined && type !== "readiness") {
      this.#set("success");
      return false;
    }
    const delay = (probe.initialDelaySeconds ?? 0) * 1000 - (clock.now() - Date.parse(own.state.running.startedAt ?? ""));
    if (delay > 0) {
      this.#delay = delay;
      return true;
    }
    if ((own.started === true) === (type === "startup")) return true;
    this.#waiting = false;
    await this.#probe(id, status);
    return true;
  }

  #adopt(id: string, own: ContainerStatus): void {
    const { type, agentStarted } = this.#options;
    this.#containerId = id;
    this.#onHold = false;
    this.#last = undefined;
    this.#run = 0;
    // A container that ran before this agent did is as it was told, until a probe says otherwise.
    const adopted = Date.parse(own.state?.running?.startedAt ?? "") < agentStarted;
    const was: Record<ProbeType, boolean> = { liveness: true, readiness: own.ready, startup: own.started === true };
    this.#verdict = undefined;
    this.#set(adopted && was[type] ? "success" : before[type]);
  }

  async #probe(id: string, status: PodStatus): Promise<void> {
    const { type, probe, container } = this.#options;
    let healthy: boolean;
    try {
      healthy = (await this.#options.run(container, id, status)).healthy;
    } catch {
      // Reported as an event by whoever ran it; a probe that could not be carried out says nothing about the container.
      return;
    }
    if (this.#stopped || id !== this.#containerId) return;
    this.#run = this.#last === healthy ? this.#run + 1 : 1;
    this.#last = healthy;
    const threshold = healthy ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
    if (this.#run < threshold) return;
    this.#set(healthy ? "success" : "failure");
    if ((type === "liveness" && !healthy) || type === "startup") {
      // Until there is another container: an exec into one that is being stopped can break it.
      this.#onHold = true;
      this.#run = 0;
    }
  }
}

function findStatus(status: PodStatus, name: string): ContainerStatus | undefined {
  const find = (list: readonly ContainerStatus[] | undefined): ContainerStatus | undefined => list?.find((s) => s.name === name);
  const regular = find(status.containerStatuses);
  return regular?.containerID ? regular : find(status.initContainerStatuses);
}
