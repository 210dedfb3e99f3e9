/** The probes of one pod: a worker for every probe of its containers. */
import type { Clock } from "../../core/clock.ts";
import { isSidecar } from "../../kinds/pod/containers.ts";
import type { Container, Pod, PodStatus, Probe } from "../../schema/types/core-v1.ts";
import { containerEvent, type NodeContext } from "../node-context.ts";
import type { ProbeVerdict, ProbeVerdicts } from "../pod/plan.ts";
import type { ProbeState } from "../pod/status.ts";
import { ProbeWorker, type ProbeResult, type ProbeType } from "./probe-worker.ts";
import { runProbe } from "./run-probe.ts";

export interface PodProbesOptions {
  readonly node: NodeContext;
  readonly clock: Clock;
  readonly pod: () => Pod;
  readonly status: () => PodStatus | undefined;
  readonly agentStarted: number;
  onVerdict(): void;
}

const retries = 3;
const words: Record<ProbeType, string> = { liveness: "Liveness", readiness: "Readiness", startup: "Startup" };

export class PodProbes {
  /** As the pod's status reads them. */
  readonly state: ProbeState = {
    startup: (container, id) => this.#verdict("startup", container, id, "unknown"),
    readiness: (container, id) => this.#verdict("readiness", container, id, "failure"),
  };
  /** As the plan reads them. */
  readonly verdicts: ProbeVerdicts = {
    startup: (id) => this.#byId("startup", id),
    liveness: (id) => this.#byId("liveness", id),
  };
  readonly #options: PodProbesOptions;
  readonly #workers = new Map<string, ProbeWorker>();

  constructor(options: PodProbesOptions) {
    this.#options = options;
    const { spec } = options.pod();
    for (const container of [...(spec?.containers ?? []), ...(spec?.initContainers ?? []).filter(isSidecar)]) {
      this.#add("startup", container, container.startupProbe);
      this.#add("readiness", container, container.readinessProbe);
      this.#add("liveness", container, container.livenessProbe);
    }
  }

  #add(type: ProbeType, container: Container, probe: Probe | undefined): void {
    if (probe === undefined) return;
    const { pod, status, clock, agentStarted, onVerdict } = this.#options;
    this.#workers.set(
      `${type}/${container.name}`,
      new ProbeWorker({
        type,
        pod,
        status,
        container,
        probe,
        clock,
        agentStarted,
        onVerdict,
        run: (c, id, s) => this.#run(type, probe, c, id, s),
      }),
    );
  }

  start(): void {
    for (const worker of this.#workers.values()) worker.start();
  }

  /** A new status has been told: probes that waited for a container begin at once. */
  trigger(): void {
    for (const worker of this.#workers.values()) worker.trigger();
  }

  stop(): void {
    for (const worker of this.#workers.values()) worker.stop();
  }

  /** Readiness goes on while a pod ends; the others would only get in the way. */
  stopForTermination(): void {
    for (const [key, worker] of this.#workers) if (!key.startsWith("readiness/")) worker.stop();
  }

  #verdict(type: ProbeType, container: string, id: string, otherwise: ProbeVerdict): ProbeVerdict | undefined {
    const worker = this.#workers.get(`${type}/${container}`);
    return worker === undefined ? undefined : (worker.verdict(id) ?? otherwise);
  }

  #byId(type: ProbeType, id: string): ProbeVerdict | undefined {
    for (const [key, worker] of this.#workers) {
      const verdict = key.startsWith(`${type}/`) ? worker.verdict(id) : undefined;
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  }

  async #run(type: ProbeType, probe: Probe, container: Container, containerId: string, status: PodStatus): Promise<ProbeResult> {
    const { node, pod } = this.#options;
    const target = { container, containerId, podIP: status.podIP ?? "", version: "1.36" };
    let failure: unknown;
    for (let attempt = 0; attempt < retries; attempt++) {
      try {
        const { result, output } = await runProbe(node.cri, probe, target);
        const tell = (reason: string, verb: string): void =>
          containerEvent(node.events, pod(), container, "Warning", reason, `${words[type]} probe ${verb}: ${output}`);
        if (result === "warning") tell("ProbeWarning", "warning");
        if (result === "failure") tell("Unhealthy", "failed");
        return { healthy: result === "success" || result === "warning" };
      } catch (error) {
        failure = error;
      }
    }
    const text = `${words[type]} probe errored and resulted in unknown state: ${(failure as Error).message}`;
    containerEvent(node.events, pod(), container, "Warning", "Unhealthy", text);
    throw failure;
  }
}
