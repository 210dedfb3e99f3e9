import type { Check, PodCheck } from "../check.ts";
import { containersOf, distinct, quoted, theContainers, unlessWindows } from "../check.ts";

/** What container runtimes give by themselves. */
const usual: ReadonlySet<string> = new Set([
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
]);

const baseline: PodCheck = (_metadata, spec) => {
  const bad: string[] = [];
  const capabilities: string[] = [];
  for (const container of containersOf(spec)) {
    const more = container.securityContext?.capabilities?.add?.filter((c) => !usual.has(c)) ?? [];
    if (more.length === 0) continue;
    bad.push(container.name);
    capabilities.push(...more);
  }
  if (bad.length === 0) return undefined;
  const detail = `${theContainers(bad)} must not include ${quoted(distinct(capabilities))} in securityContext.capabilities.add`;
  return { reason: "non-default capabilities", detail };
};

export const capabilitiesBaseline: Check = {
  id: "capabilities_baseline",
  level: "baseline",
  revisions: [{ since: 0, check: baseline }],
};

const restricted: PodCheck = (_metadata, spec) => {
  const keeping: string[] = [];
  const adding: string[] = [];
  const capabilities: string[] = [];
  for (const container of containersOf(spec)) {
    const own = container.securityContext?.capabilities;
    if (own?.drop?.includes("ALL") !== true) keeping.push(container.name);
    const more = own?.add?.filter((c) => c !== "NET_BIND_SERVICE") ?? [];
    if (more.length === 0) continue;
    adding.push(container.name);
    capabilities.push(...more);
  }
  const details: string[] = [];
  if (keeping.length > 0) details.push(`${theContainers(keeping)} must set securityContext.capabilities.drop=["ALL"]`);
  if (adding.length > 0)
    details.push(`${theContainers(adding)} must not include ${quoted(distinct(capabilities))} in securityContext.capabilities.add`);
  return details.length === 0 ? undefined : { reason: "unrestricted capabilities", detail: details.join("; ") };
};

/** Everything is dropped; only binding to low ports may be added. */
export const capabilitiesRestricted: Check = {
  id: "capabilities_restricted",
  level: "restricted",
  overrides: "capabilities_baseline",
  revisions: [
    { since: 22, check: restricted },
    { since: 25, check: unlessWindows(restricted) },
  ],
};
