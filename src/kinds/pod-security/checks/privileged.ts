import type { Check, PodCheck } from "../check.ts";
import { containersWhere, theContainers } from "../check.ts";

const check: PodCheck = (_metadata, spec) => {
  const bad = containersWhere(spec, (security) => security.privileged === true);
  return bad.length === 0
    ? undefined
    : { reason: "privileged", detail: `${theContainers(bad)} must not set securityContext.privileged=true` };
};

export const privileged: Check = { id: "privileged", level: "baseline", revisions: [{ since: 0, check }] };
