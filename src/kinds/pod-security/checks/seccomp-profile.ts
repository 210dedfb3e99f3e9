import type { Check, PodCheck } from "../check.ts";
import { containersOf, distinct, plural, quoted, setters, theContainers, unlessWindows } from "../check.ts";

const reason = "seccompProfile";
const podAnnotation = "seccomp.security.alpha.kubernetes.io/pod";
const containerAnnotation = "container.seccomp.security.alpha.kubernetes.io/";

const annotationAllowed = (value: string): boolean =>
  value === "runtime/default" || value === "docker/default" || value.startsWith("localhost/");
const typeAllowed = (type: string): boolean => type === "Localhost" || type === "RuntimeDefault";

/** Before v1.19 profiles were annotations. */
const annotations: PodCheck = (metadata, spec) => {
  const keys = [podAnnotation, ...containersOf(spec).map((c) => containerAnnotation + c.name)];
  const bad = keys.flatMap((key) => {
    const value = metadata.annotations?.[key];
    return value === undefined || annotationAllowed(value) ? [] : [`${key}=${JSON.stringify(value)}`];
  });
  const all = distinct(bad);
  if (all.length === 0) return undefined;
  return { reason, detail: `forbidden ${plural("annotation", "annotations", all.length)} ${all.join(", ")}` };
};

function fields(mustBeSet: boolean): PodCheck {
  return (_metadata, spec) => {
    const values: string[] = [];
    const bad = (profile: { type: string }): boolean => {
      if (typeAllowed(profile.type)) return false;
      values.push(profile.type);
      return true;
    };
    const own = spec.securityContext?.seccompProfile;
    const podBad = own !== undefined && bad(own);
    const podSet = own !== undefined && !podBad;
    const explicit: string[] = [];
    const implicit: string[] = [];
    for (const container of containersOf(spec)) {
      const profile = container.securityContext?.seccompProfile;
      if (profile === undefined) {
        if (mustBeSet && !podSet) implicit.push(container.name);
      } else if (bad(profile)) explicit.push(container.name);
    }
    const who = setters(podBad, explicit);
    if (who.length > 0)
      return { reason, detail: `${who.join(" and ")} must not set securityContext.seccompProfile.type to ${quoted(distinct(values))}` };
    if (implicit.length === 0) return undefined;
    const detail = `pod or ${theContainers(implicit)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`;
    return { reason, detail };
  };
}

export const seccompProfileBaseline: Check = {
  id: "seccompProfile_baseline",
  level: "baseline",
  revisions: [
    { since: 0, check: annotations },
    { since: 19, check: fields(false) },
  ],
};

export const seccompProfileRestricted: Check = {
  id: "seccompProfile_restricted",
  level: "restricted",
  overrides: "seccompProfile_baseline",
  revisions: [
    { since: 19, check: fields(true) },
    { since: 25, check: unlessWindows(fields(true)) },
  ],
};
