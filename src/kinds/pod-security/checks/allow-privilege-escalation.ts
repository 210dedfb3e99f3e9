import type { Check, PodCheck } from "../check.ts";
import { containersOf, theContainers, unlessWindows } from "../check.ts";

const check: PodCheck = (_metadata, spec) => {
  const bad = containersOf(spec).filter((c) => c.securityContext?.allowPrivilegeEscalation !== false);
  if (bad.length === 0) return undefined;
  return {
    reason: "allowPrivilegeEscalation != false",
    detail: `${theContainers(bad.map((c) => c.name))} must set securityContext.allowPrivilegeEscalation=false`,
  };
};

/** No process gains more privileges than its parent has: the field exists since v1.8. */
export const allowPrivilegeEscalation: Check = {
  id: "allowPrivilegeEscalation",
  level: "restricted",
  revisions: [
    { since: 8, check },
    { since: 25, check: unlessWindows(check) },
  ],
};
