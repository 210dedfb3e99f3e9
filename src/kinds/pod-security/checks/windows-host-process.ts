import type { Check, PodCheck } from "../check.ts";
import { containersWhere, setters } from "../check.ts";

const check: PodCheck = (_metadata, spec) => {
  const containers = containersWhere(spec, (security) => security.windowsOptions?.hostProcess === true);
  const who = setters(spec.securityContext?.windowsOptions?.hostProcess === true, containers);
  if (who.length === 0) return undefined;
  return { reason: "hostProcess", detail: `${who.join(" and ")} must not set securityContext.windowsOptions.hostProcess=true` };
};

export const windowsHostProcess: Check = { id: "windowsHostProcess", level: "baseline", revisions: [{ since: 0, check }] };
