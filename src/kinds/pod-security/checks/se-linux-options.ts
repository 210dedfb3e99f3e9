import type { SELinuxOptions } from "../../../schema/types/core-v1.ts";
import type { Check, PodCheck } from "../check.ts";
import { containersWhere, distinct, plural, quoted, setters } from "../check.ts";

const types = ["", "container_t", "container_init_t", "container_kvm_t"];

/** Custom users and roles are refused, and types but those of containers. */
function check(allowed: readonly string[]): PodCheck {
  return (_metadata, spec) => {
    const badTypes: string[] = [];
    let user = false;
    let role = false;
    const bad = (options: SELinuxOptions | undefined): boolean => {
      if (options === undefined) return false;
      const type = options.type ?? "";
      const typeAllowed = allowed.includes(type);
      if (!typeAllowed) badTypes.push(type);
      if (options.user) user = true;
      if (options.role) role = true;
      return !typeAllowed || Boolean(options.user) || Boolean(options.role);
    };
    const pod = bad(spec.securityContext?.seLinuxOptions);
    const containers = containersWhere(spec, (security) => bad(security.seLinuxOptions));
    const who = setters(pod, containers);
    if (who.length === 0) return undefined;
    const all = distinct(badTypes);
    const data: string[] = [];
    if (all.length > 0) data.push(`${plural("type", "types", all.length)} ${quoted(all)}`);
    if (user) data.push("user may not be set");
    if (role) data.push("role may not be set");
    return {
      reason: "seLinuxOptions",
      detail: `${who.join(" and ")} set forbidden securityContext.seLinuxOptions: ${data.join("; ")}`,
    };
  };
}

export const seLinuxOptions: Check = {
  id: "seLinuxOptions",
  level: "baseline",
  revisions: [
    { since: 0, check: check(types) },
    { since: 31, check: check([...types, "container_engine_t"]) },
  ],
};
