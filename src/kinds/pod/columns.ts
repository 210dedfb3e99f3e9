import type { ContainerState, ContainerStatus, Pod } from "../../schema/types/core-v1.ts";
import { age, timeSince } from "../age.ts";
import { nameOf } from "../cell-text.ts";
import { isSidecar } from "./containers.ts";

export function podCells(pod: Pod, now: number): unknown[] {
  const { spec, status } = pod;
  const { word, ready, restarts, lastRestart } = podSummary(pod);
  const total = (spec?.containers.length ?? 0) + (spec?.initContainers?.filter(isSidecar).length ?? 0);
  const ago = restarts === 0 || lastRestart === undefined ? "" : ` (${timeSince(lastRestart, now)} ago)`;
  return [
    nameOf(pod),
    `${ready}/${total}`,
    word,
    `${restarts}${ago}`,
    age(pod, now),
    status?.podIPs?.[0]?.ip || "<none>",
    spec?.nodeName || "<none>",
    status?.nominatedNodeName || "<none>",
    readinessGatesText(pod),
  ];
}

interface Summary {
  readonly word: string;
  readonly ready: number;
  readonly restarts: number;
  readonly lastRestart: string | undefined;
}

/** The one word for what a pod does: its phase, or what holds it up. */
function podSummary(pod: Pod): Summary {
  const { metadata, status } = pod;
  const starting = initProgress(pod);
  let { word, restarts, lastRestart } = starting;
  let { ready } = starting;
  if (!starting.initializing || hasCondition(pod, "Initialized")) {
    const running = containerProgress(pod, word);
    word = running.word;
    ready += running.ready;
    restarts = starting.sidecarRestarts + running.restarts;
    lastRestart = later(starting.lastSidecarRestart, running.lastRestart);
  }
  if (metadata?.deletionTimestamp !== undefined) {
    if (status?.reason === "NodeLost") word = "Unknown";
    else if (status?.phase !== "Failed" && status?.phase !== "Succeeded") word = "Terminating";
  }
  return { word, ready, restarts, lastRestart };
}

interface InitProgress extends Summary {
  readonly initializing: boolean;
  readonly sidecarRestarts: number;
  readonly lastSidecarRestart: string | undefined;
}

/** As far as the init containers have got; the word is the pod's own when they are done. */
function initProgress({ spec, status }: Pod): InitProgress {
  let restarts = 0;
  let sidecarRestarts = 0;
  let ready = 0;
  let lastRestart: string | undefined;
  let lastSidecarRestart: string | undefined;
  const gated = status?.conditions?.some((c) => c.type === "PodScheduled" && c.reason === "SchedulingGated") === true;
  let word = gated ? "SchedulingGated" : status?.reason || (status?.phase ?? "");
  let initializing = false;
  for (const [i, container] of (status?.initContainerStatuses ?? []).entries()) {
    const sidecar = spec?.initContainers?.some((c) => c.name === container.name && isSidecar(c)) === true;
    restarts += container.restartCount;
    lastRestart = later(lastRestart, endOfLastRun(container));
    if (sidecar) {
      sidecarRestarts += container.restartCount;
      lastSidecarRestart = later(lastSidecarRestart, endOfLastRun(container));
    }
    const { terminated, waiting } = container.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (sidecar && container.started === true) {
      if (container.ready) ready += 1;
      continue;
    }
    initializing = true;
    if (terminated !== undefined) word = `Init:${endOf(terminated)}`;
    else if (waiting?.reason !== undefined && waiting.reason !== "" && waiting.reason !== "PodInitializing")
      word = `Init:${waiting.reason}`;
    else word = `Init:${i}/${spec?.initContainers?.length ?? 0}`;
    break;
  }
  return { word, ready, restarts, lastRestart, initializing, sidecarRestarts, lastSidecarRestart };
}

/** What the containers do; the first one that has something to tell gives the word. */
function containerProgress(pod: Pod, before: string): Summary {
  let word = before;
  let ready = 0;
  let restarts = 0;
  let lastRestart: string | undefined;
  let failure = "";
  for (const container of (pod.status?.containerStatuses ?? []).toReversed()) {
    restarts += container.restartCount;
    lastRestart = later(lastRestart, endOfLastRun(container));
    const { terminated, waiting, running } = container.state ?? {};
    if (waiting?.reason !== undefined && waiting.reason !== "") word = waiting.reason;
    else if (terminated !== undefined) {
      word = endOf(terminated);
      if (terminated.exitCode !== 0) failure = word;
    } else if (container.ready && running !== undefined) ready += 1;
  }
  if (word === "Completed") {
    if (ready > 0 && hasCondition(pod, "Ready")) word = "Running";
    else if (failure !== "") word = failure;
    else if (ready > 0) word = "NotReady";
  }
  return { word, ready, restarts, lastRestart };
}

function endOf({ reason, signal = 0, exitCode }: NonNullable<ContainerState["terminated"]>): string {
  return reason || (signal === 0 ? `ExitCode:${exitCode}` : `Signal:${signal}`);
}

function endOfLastRun(container: ContainerStatus): string | undefined {
  // The time is null when it is not known.
  return container.lastState?.terminated?.finishedAt ?? undefined;
}

function later(a: string | undefined, b: string | undefined): string | undefined {
  return a === undefined || (b !== undefined && Date.parse(b) > Date.parse(a)) ? b : a;
}

function hasCondition(pod: Pod, type: string): boolean {
  return pod.status?.conditions?.some((c) => c.type === type && c.status === "True") === true;
}

function readinessGatesText({ spec, status }: Pod): string {
  const gates = spec?.readinessGates ?? [];
  if (gates.length === 0) return "<none>";
  const open = gates.filter((g) => status?.conditions?.find((c) => c.type === g.conditionType)?.status === "True");
  return `${open.length}/${gates.length}`;
}
