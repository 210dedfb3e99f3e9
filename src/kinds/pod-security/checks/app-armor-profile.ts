import type { Check, PodCheck } from "../check.ts";
import { containersWhere, distinct, plural, quoted, setters } from "../check.ts";

const annotationPrefix = "container.apparmor.security.beta.kubernetes.io/";

const typeAllowed = (type: string): boolean => type === "RuntimeDefault" || type === "Localhost";
const annotationAllowed = (value: string): boolean => value === "" || value === "runtime/default" || value.startsWith("localhost/");

const check: PodCheck = (metadata, spec) => {
  const types: string[] = [];
  const bad = (profile: { type: string } | undefined): boolean => {
    if (profile === undefined || typeAllowed(profile.type)) return false;
    types.push(profile.type);
    return true;
  };
  const pod = bad(spec.securityContext?.appArmorProfile);
  const who = setters(
    pod,
    containersWhere(spec, (security) => bad(security.appArmorProfile)),
  );
  const annotations = Object.entries(metadata.annotations ?? {})
    .filter(([key, value]) => key.startsWith(annotationPrefix) && !annotationAllowed(value))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort();
  if (annotations.length > 0) who.push(plural("annotation", "annotations", annotations.length));
  if (who.length === 0) return undefined;
  const values = [...distinct(types), ...annotations];
  return {
    reason: plural("forbidden AppArmor profile", "forbidden AppArmor profiles", values.length),
    detail: `${who.join(" and ")} must not set AppArmor profile type to ${quoted(values)}`,
  };
};

/** The runtime's own AppArmor profile, or one of the node; never none. */
export const appArmorProfile: Check = { id: "appArmorProfile", level: "baseline", revisions: [{ since: 0, check }] };
