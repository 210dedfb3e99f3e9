/** The words for pods that find no node: those of upstream's FitError, since people and tools read them. */
import type { Diagnosis } from "./cycle.ts";

export const noNodesMessage = "no nodes available to schedule pods";

/** Events hold 1024 bytes of note. */
const noteLimit = 1024;

/** `0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. preemption: …` */
export function describeDiagnosis(diagnosis: Diagnosis, postFilter: string): string {
  let message = `0/${diagnosis.totalNodes} nodes are available:`;
  if (diagnosis.preFilter !== undefined) message += ` ${diagnosis.preFilter.reasons.join(", ")}.`;
  else {
    const counts = new Map<string, number>();
    const count = (reasons: readonly string[], by: number): void => {
      for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + by);
    };
    for (const { reasons } of diagnosis.rejections.values()) count(reasons, 1);
    const absent = diagnosis.totalNodes - diagnosis.rejections.size;
    if (absent > 0 && diagnosis.absent !== undefined) count(diagnosis.absent.reasons, absent);
    const parts = [...counts].map(([reason, nodes]) => `${nodes} ${reason}`).sort(bytewise);
    if (parts.length > 0) message += ` ${parts.join(", ")}.`;
  }
  return postFilter === "" ? message : `${message} ${postFilter}`;
}

/** Go sorts strings by bytes; for the ASCII that reasons are made of, code units do the same. */
function bytewise(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The message as an event's note. */
export function eventNote(message: string): string {
  return message.length <= noteLimit ? message : `${message.slice(0, noteLimit - 4)} ...`;
}

/** The plugins that stood in the way: their hints say when to try again. */
export function rejectingPlugins(diagnosis: Diagnosis): Set<string> {
  const plugins = new Set<string>();
  if (diagnosis.preFilter !== undefined) plugins.add(diagnosis.preFilter.plugin);
  for (const { plugin } of diagnosis.rejections.values()) plugins.add(plugin);
  for (const plugin of diagnosis.absent?.plugin.split(",") ?? []) plugins.add(plugin);
  return plugins;
}
