/** How long a pod takes to go. */
import type { Strategy } from "../../apiserver/resource.ts";
import type { Pod } from "../../schema/types/core-v1.ts";
import type { DeleteOptions } from "../../schema/types/meta-v1.ts";

export function podStrategy(base: Strategy): Strategy {
  return { ...base, checkGracefulDelete: (_context, object, options) => gracePeriod(object as unknown as Pod, options) };
}

/**
 * The client's wish, else the pod's own period; nothing to wait for where no kubelet is or all containers are done. Always
 * true: a pod whose period is 0 goes at once through the same door.
 */
function gracePeriod(pod: Pod, options: DeleteOptions): boolean {
  let seconds = options.gracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? 0;
  const phase = pod.status?.phase;
  if (!pod.spec?.nodeName || phase === "Failed" || phase === "Succeeded") seconds = 0;
  options.gracePeriodSeconds = seconds < 0 ? 1 : seconds;
  return true;
}
