/** Signing requests say who asks, and when each verdict was given. Both are the server's to write. */
import type { Strategy } from "../apiserver/resource.ts";
import { formatTime } from "../core/clock.ts";
import type { Kind } from "../kinds/kind.ts";
import type { CertificateSigningRequest } from "../schema/types/certificates-v1.ts";
import type { Special, SubresourceMaker } from "./special.ts";
import { subresourceStrategyOf } from "./strategy/from-kind.ts";

/** Conditions that came without times get them. */
function stampConditions(request: CertificateSigningRequest, old: CertificateSigningRequest, now: number): void {
  const time = formatTime(now);
  for (const condition of request.status?.conditions ?? []) {
    condition.lastUpdateTime ??= time;
    if (condition.lastTransitionTime) continue;
    const before = old.status?.conditions?.find((c) => c.type === condition.type && c.status === condition.status);
    condition.lastTransitionTime = before?.lastTransitionTime ?? time;
  }
}

function stamping(base: Strategy): Strategy {
  return {
    ...base,
    prepareForUpdate: (context, object, old) => {
      base.prepareForUpdate?.(context, object, old);
      stampConditions(object as unknown as CertificateSigningRequest, old as unknown as CertificateSigningRequest, context.now);
    },
  };
}

const approval: SubresourceMaker = (served, kind: Kind | undefined, traits) => {
  const base = kind === undefined ? undefined : subresourceStrategyOf(kind, "approval", traits);
  return { type: "object", verbs: served.verbs, strategy: stamping(base ?? {}) };
};

export const certificateSigningRequests: Special = {
  strategy: (base) => ({
    ...base,
    prepareForCreate: (context, object) => {
      base.prepareForCreate?.(context, object);
      const { spec } = object as unknown as CertificateSigningRequest;
      const { user } = context.request;
      if (user === undefined) return;
      spec.username = user.name;
      if (user.uid) spec.uid = user.uid;
      if (user.groups.length > 0) spec.groups = [...user.groups];
      const extra = Object.entries(user.extra ?? {}).map(([key, values]): [string, string[]] => [key, [...values]]);
      if (extra.length > 0) spec.extra = Object.fromEntries(extra);
    },
  }),
  status: stamping,
  subresources: { approval },
};
