import type { Check, PodCheck } from "../check.ts";
import { containersOf, distinct, plural, theContainers } from "../check.ts";

const check: PodCheck = (_metadata, spec) => {
  const bad: string[] = [];
  const ports: string[] = [];
  for (const container of containersOf(spec)) {
    const taken = container.ports?.filter((p) => (p.hostPort ?? 0) !== 0) ?? [];
    if (taken.length === 0) continue;
    bad.push(container.name);
    ports.push(...taken.map((p) => String(p.hostPort)));
  }
  if (bad.length === 0) return undefined;
  const all = distinct(ports);
  const verb = plural("uses", "use", bad.length);
  return { reason: "hostPort", detail: `${theContainers(bad)} ${verb} ${plural("hostPort", "hostPorts", all.length)} ${all.join(", ")}` };
};

export const hostPorts: Check = { id: "hostPorts", level: "baseline", revisions: [{ since: 0, check }] };
