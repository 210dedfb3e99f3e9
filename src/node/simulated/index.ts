/**
 * Nodes that exist in the API alone: they register, keep their leases, and take the pods bound to them through the
 * {@link Stage}s of a list. One loop for all of them, over the shared pod informer.
 */
import type { Duplex } from "node:stream";
import type { ControllerContext } from "../../operator/controller.ts";
import { runControllers } from "../../operator/run-controllers.ts";
import { goArchitecture } from "../node-object/machine.ts";
import { SimulatedKubelet } from "./kubelet-api.ts";
import type { SimulatedNodeShape } from "./node-object.ts";
import { SimulatedNodesLoop } from "./simulated-nodes-loop.ts";
import { podStages, type Stage } from "./stage.ts";

export { podStages, type Stage, type StageStatus } from "./stage.ts";

export interface SimulatedNodesOptions {
  readonly count: number;
  /** Names are this and a number from 1 on; `simulated-` when absent. */
  readonly prefix?: string;
  /** 32 cpus, 256Gi and 110 pods when absent. */
  readonly capacity?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly version?: string;
  /** What happens to pods; {@link podStages} when absent. */
  readonly stages?: readonly Stage[];
  /** Pod ranges by node index, where no controller hands them out. */
  readonly podCidr?: (index: number) => string;
  /** Chance for jitter, in [0, 1). */
  readonly random?: () => number;
}

export interface SimulatedNodes {
  readonly names: readonly string[];
  /** The kubelet API of one of the nodes, for `resources/deps.ts` KubeletTransport.local. */
  localNode(name: string): { dial(): Promise<Duplex> } | undefined;
  /** The node falls silent: no lease, no status, nothing happens to its pods. */
  fail(name: string): void;
  /** It is back, with what it had. */
  recover(name: string): void;
  /** Resolves when the loop has ended. The objects stay. */
  stop(): Promise<void>;
}

const defaultCapacity: Readonly<Record<string, string>> = { cpu: "32", "ephemeral-storage": "1Ti", memory: "256Gi", pods: "110" };

/** Starts at once and goes on until `stop`, or until the context's signal aborts. Acts with the context's client. */
export function startSimulatedNodes(context: ControllerContext, options: SimulatedNodesOptions): SimulatedNodes {
  const stopping = new AbortController();
  const signal = AbortSignal.any([context.signal, stopping.signal]);
  const shape: SimulatedNodeShape = {
    capacity: options.capacity ?? defaultCapacity,
    labels: options.labels ?? {},
    version: options.version ?? "v1.36.3",
    architecture: goArchitecture(),
  };
  const names = Array.from({ length: options.count }, (_, i) => `${options.prefix ?? "simulated-"}${i + 1}`);
  const loop = new SimulatedNodesLoop({
    names,
    shape,
    stages: options.stages ?? podStages,
    podCidr: options.podCidr,
    random: options.random ?? Math.random,
  });
  const kubelet = new SimulatedKubelet(context.clock, context.log);
  const controller = {
    name: "simulated-nodes",
    eventSource: "kubelet",
    workers: 16,
    setup: loop.setup.bind(loop),
  };
  const running = runControllers({ ...context, signal }, [controller], { serviceAccountNamespace: null, manager: "simulated-nodes" });
  running.catch((error: unknown) => {
    if (!signal.aborted) context.log.error("the simulated nodes ended", { error });
  });
  return {
    names,
    localNode: (name) => (names.includes(name) && !loop.hasFailed(name) ? { dial: () => kubelet.dial() } : undefined),
    fail: (name) => loop.fail(name),
    recover: (name) => loop.recover(name),
    stop: async () => {
      stopping.abort(new Error("the simulated nodes are stopping"));
      kubelet.close();
      await running;
    },
  };
}
