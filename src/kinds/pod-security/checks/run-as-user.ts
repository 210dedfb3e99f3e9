import type { Check, PodCheck } from "../check.ts";
import { containersWhere, setters, unlessInUserNamespace } from "../check.ts";

const check: PodCheck = (_metadata, spec) => {
  const containers = containersWhere(spec, (security) => isRoot(security.runAsUser));
  const who = setters(isRoot(spec.securityContext?.runAsUser), containers);
  return who.length === 0 ? undefined : { reason: "runAsUser=0", detail: `${who.join(" and ")} must not set runAsUser=0` };
};

/** Integers of 64 bits may come as bigint. */
const isRoot = (user: number | bigint | undefined): boolean => user !== undefined && Number(user) === 0;

export const runAsUser: Check = {
  id: "runAsUser",
  level: "restricted",
  revisions: [
    { since: 23, check },
    { since: 35, check: unlessInUserNamespace(check) },
  ],
};
