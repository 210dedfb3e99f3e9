import type { Check, PodCheck } from "../check.ts";

const check: PodCheck = (_metadata, spec) => {
  const shared = (["hostNetwork", "hostPID", "hostIPC"] as const).filter((field) => spec[field] === true);
  return shared.length === 0 ? undefined : { reason: "host namespaces", detail: shared.map((field) => `${field}=true`).join(", ") };
};

export const hostNamespaces: Check = { id: "hostNamespaces", level: "baseline", revisions: [{ since: 0, check }] };
