import type { AnyContainer, Check, PodCheck } from "../check.ts";
import { containersOf, distinct, plural, quoted, theContainers } from "../check.ts";

interface Handler {
  readonly httpGet?: { readonly host?: string | undefined } | undefined;
  readonly tcpSocket?: { readonly host?: string | undefined } | undefined;
}

function hosts(container: AnyContainer): string[] {
  const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
  const handlers: (Handler | undefined)[] = [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop];
  return handlers
    .flatMap((h) => [h?.httpGet?.host, h?.tcpSocket?.host])
    .filter((host): host is string => host !== undefined && host !== "");
}

const check: PodCheck = (_metadata, spec) => {
  const bad = new Set<string>();
  const named: string[] = [];
  for (const container of containersOf(spec)) {
    const found = hosts(container);
    if (found.length > 0) bad.add(container.name);
    named.push(...found);
  }
  if (bad.size === 0) return undefined;
  const all = distinct(named);
  const what = plural("probe or lifecycle host", "probe or lifecycle hosts", all.length);
  return {
    reason: "probe or lifecycle host",
    detail: `${theContainers(distinct(bad))} ${plural("uses", "use", bad.size)} ${what} ${quoted(all)}`,
  };
};

/** The kubelet is not to be sent to hosts that the pod names (KEP-4940). */
export const hostProbesAndHostLifecycle: Check = {
  id: "hostProbesAndHostLifecycle",
  level: "baseline",
  revisions: [{ since: 34, check }],
};
