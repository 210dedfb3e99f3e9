import type { Check, PodCheck } from "../check.ts";
import { containersWhere, distinct, quoted, theContainers, unlessInUserNamespace } from "../check.ts";

const check: PodCheck = (_metadata, spec) => {
  const values: string[] = [];
  const bad = containersWhere(spec, ({ procMount }) => {
    if (procMount === undefined || procMount === "Default") return false;
    values.push(procMount);
    return true;
  });
  if (bad.length === 0) return undefined;
  return { reason: "procMount", detail: `${theContainers(bad)} must not set securityContext.procMount to ${quoted(distinct(values))}` };
};

/** The masks over /proc stay. */
export const procMount: Check = {
  id: "procMount",
  level: "baseline",
  revisions: [
    { since: 0, check },
    { since: 35, check: unlessInUserNamespace(check) },
  ],
};

/** Where baseline lets user namespaces through, restricted does not. */
export const procMountRestricted: Check = {
  id: "procMount_restricted",
  level: "restricted",
  overrides: "procMount",
  revisions: [{ since: 35, check }],
};
