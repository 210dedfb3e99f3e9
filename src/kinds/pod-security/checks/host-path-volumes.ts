import type { Check, PodCheck } from "../check.ts";
import { plural, quoted } from "../check.ts";

const check: PodCheck = (_metadata, spec) => {
  const bad = (spec.volumes ?? []).filter((v) => v.hostPath !== undefined).map((v) => v.name);
  if (bad.length === 0) return undefined;
  return { reason: "hostPath volumes", detail: `${plural("volume", "volumes", bad.length)} ${quoted(bad)}` };
};

export const hostPathVolumes: Check = { id: "hostPathVolumes", level: "baseline", revisions: [{ since: 0, check }] };
