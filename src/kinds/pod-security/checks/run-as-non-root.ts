import type { Check, PodCheck } from "../check.ts";
import { containersOf, setters, theContainers, unlessInUserNamespace } from "../check.ts";

const reason = "runAsNonRoot != true";

const check: PodCheck = (_metadata, spec) => {
  const pod = spec.securityContext?.runAsNonRoot;
  const explicit: string[] = [];
  const implicit: string[] = [];
  for (const container of containersOf(spec)) {
    const own = container.securityContext?.runAsNonRoot;
    if (own === false) explicit.push(container.name);
    else if (own === undefined && pod !== true) implicit.push(container.name);
  }
  const who = setters(pod === false, explicit);
  if (who.length > 0) return { reason, detail: `${who.join(" and ")} must not set securityContext.runAsNonRoot=false` };
  if (implicit.length === 0) return undefined;
  return { reason, detail: `pod or ${theContainers(implicit)} must set securityContext.runAsNonRoot=true` };
};

export const runAsNonRoot: Check = {
  id: "runAsNonRoot",
  level: "restricted",
  revisions: [
    { since: 0, check },
    { since: 35, check: unlessInUserNamespace(check) },
  ],
};
