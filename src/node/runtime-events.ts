/** Says which pods' containers have changed: from the runtime's event stream, with a slow relist behind it. */
import { sleep, type Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { grpcCode, isGrpcError } from "../host/grpc.ts";
import { followTaskExits } from "./containerd-events.ts";
import type { CriClient } from "./cri/cri-client.ts";
import { listRuntimePods } from "./pod/runtime.ts";

export interface RuntimeEventsOptions {
  readonly cri: CriClient;
  readonly socket: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Something of that pod has changed. */
  onPod(uid: string): void;
  /** The pod whose container that is, if it is known. */
  podOf(containerId: string): string | undefined;
  /** Whether there is anything to watch: without pods a runtime without events is asked less often. */
  busy(): boolean;
}

const relistWithEvents = 60_000;
const relistWithout = 1_000;
const relistIdle = 10_000;
/** After the hint of an exit, until CRI and the pod's worker know of that container too. */
const settleDelays = [20, 150, 600];

export function startRuntimeEvents(options: RuntimeEventsOptions): void {
  const state = { events: true };
  void follow(options, state);
  void relist(options, state);
}

async function follow(options: RuntimeEventsOptions, state: { events: boolean }): Promise<void> {
  const { cri, signal, onPod, clock, log } = options;
  while (!signal.aborted) {
    try {
      for await (const event of cri.events(signal)) {
        state.events = true;
        const uid = event.podSandboxStatus?.metadata.uid;
        if (uid !== undefined) onPod(uid);
      }
    } catch (error) {
      if (isGrpcError(error, grpcCode.unimplemented)) {
        state.events = false;
        await followExits(options);
        return;
      }
      log.debug("the runtime's events broke off", { error });
    }
    await sleep(clock, 1000, signal).catch(() => undefined);
  }
}

async function followExits({ socket, signal, clock, log, podOf, onPod }: RuntimeEventsOptions): Promise<void> {
  while (!signal.aborted) {
    try {
      await followTaskExits(socket, signal, (id) => {
        const hint = (): void => {
          const uid = podOf(id);
          if (uid !== undefined) onPod(uid);
        };
        for (const delay of settleDelays) clock.setTimeout(hint, delay);
      });
    } catch (error) {
      // Another runtime than containerd has no such service: listing alone must do.
      if (isGrpcError(error, grpcCode.unimplemented)) return;
      log.debug("containerd's events broke off", { error });
    }
    await sleep(clock, 1000, signal).catch(() => undefined);
  }
}

async function relist({ cri, clock, log, signal, onPod, busy }: RuntimeEventsOptions, state: { events: boolean }): Promise<void> {
  let before = new Map<string, Set<string>>();
  // Whether there are events is known only when the first second has gone by.
  await sleep(clock, relistWithout, signal).catch(() => undefined);
  while (!signal.aborted) {
    const pause = state.events ? relistWithEvents : busy() ? relistWithout : relistIdle;
    await sleep(clock, pause, signal).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const now = await listRuntimePods(cri);
      for (const uid of new Set([...before.keys(), ...now.keys()])) if (differs(before.get(uid), now.get(uid))) onPod(uid);
      before = now;
    } catch (error) {
      log.debug("the runtime could not be listed", { error });
    }
  }
}

function differs(a: Set<string> | undefined, b: Set<string> | undefined): boolean {
  return a?.size !== b?.size || [...(a ?? [])].some((item) => b?.has(item) !== true);
}
