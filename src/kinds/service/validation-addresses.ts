/** Cluster addresses and IP families of a service: what fits together, and what may change. */
import type { FieldError } from "../../schema/field-error.ts";
import { duplicate, FieldPath, invalidField, notSupported, required } from "../../schema/field-error.ts";
import type { Service, ServiceSpec } from "../../schema/types/core-v1.ts";
import { isDualStack, isIpv6Text, validateLegacyIp } from "../addresses.ts";
import { isHeadless } from "./traffic.ts";

const path = new FieldPath("spec");
const ipsPath = path.child("clusterIPs");
const familiesPath = path.child("ipFamilies");
const noSpec: ServiceSpec = Object.freeze({});
const families: readonly string[] = ["IPv4", "IPv6"];
const familyPolicies: readonly string[] = ["PreferDualStack", "RequireDualStack", "SingleStack"];

export function validateClusterIps(service: Service, old: Service | undefined, errors: FieldError[]): void {
  const spec = service.spec ?? noSpec;
  if (spec.type === "ExternalName") return;
  const ips = spec.clusterIPs ?? [];
  if (spec.clusterIP) {
    if (ips.length === 0) errors.push(required(ipsPath));
    else if (ips[0] !== spec.clusterIP) errors.push(invalidField(ipsPath, ips, "first value must match `clusterIP`"));
  } else if (ips.length > 0) errors.push(invalidField(ipsPath, ips, "must be empty when `clusterIP` is not specified"));
  const seen = new Set<string>();
  spec.ipFamilies?.forEach((family, i) => {
    if (!families.includes(family)) errors.push(notSupported(familiesPath.index(i), family, families));
    if (seen.has(family)) errors.push(duplicate(familiesPath.index(i), family));
    seen.add(family);
  });
  const policy = spec.ipFamilyPolicy;
  if (policy !== undefined && !familyPolicies.includes(policy))
    errors.push(notSupported(path.child("ipFamilyPolicy"), policy, familyPolicies));
  if (!validateEach(ips, old?.spec?.clusterIPs, errors)) return;
  if (ips.length > 1 && !isDualStack(ips)) {
    errors.push(invalidField(ipsPath, ips, "may specify no more than one IP for each IP family"));
  }
  if (isHeadless(service)) return;
  ips.slice(0, spec.ipFamilies?.length ?? 0).forEach((ip, i) => {
    const family = spec.ipFamilies?.[i];
    if (family === "IPv4" && isIpv6Text(ip)) {
      errors.push(invalidField(ipsPath.index(i), ip, `expected an IPv4 value as indicated by \`ipFamilies[${i}]\``));
    }
    if (family === "IPv6" && !isIpv6Text(ip)) {
      errors.push(invalidField(ipsPath.index(i), ip, `expected an IPv6 value as indicated by \`ipFamilies[${i}]\``));
    }
  });
}

/** True when every one is an address, or all there is is `None`. */
function validateEach(ips: readonly string[], accepted: readonly string[] | undefined, errors: FieldError[]): boolean {
  let sound = true;
  ips.forEach((ip, i) => {
    if (i === 0 && ip === "None") {
      if (ips.length === 1) return;
      sound = false;
      errors.push(invalidField(ipsPath, ips, "'None' must be the first and only value"));
    } else if (!validateLegacyIp(ip, ipsPath.index(i), errors, accepted)) sound = false;
  });
  if (ips.length > 2) errors.push(invalidField(ipsPath, ips, "may only hold up to 2 values"));
  return sound;
}

/** A service keeps its first address and family for life; a second one may come and go. */
export function validateAddressUpdate(service: Service, old: Service, errors: FieldError[]): void {
  const spec = service.spec ?? noSpec;
  const before = old.spec ?? noSpec;
  if (spec.type === "ExternalName" || before.type === "ExternalName") return;
  const headless = isHeadless(service);
  const wasHeadless = isHeadless(old);
  if (!(headless && wasHeadless)) {
    validateListUpdate(spec, spec.clusterIPs ?? [], before.clusterIPs ?? [], "clusterIP", errors);
  }
  if (!headless && !wasHeadless) validateListUpdate(spec, spec.ipFamilies ?? [], before.ipFamilies ?? [], "ipFamily", errors);
}

function validateListUpdate(
  spec: ServiceSpec,
  now: readonly string[],
  before: readonly string[],
  what: "clusterIP" | "ipFamily",
  errors: FieldError[],
): void {
  const at = what === "clusterIP" ? ipsPath : familiesPath;
  // Upstream shows the addresses where it means the families.
  const shown = (): unknown => (what === "ipFamily" && now.length !== before.length ? (spec.clusterIPs ?? null) : now);
  const changed = (i: number): void => void errors.push(invalidField(at.index(i), shown(), "may not change once set"));
  if (now.length === before.length) {
    before.forEach((value, i) => {
      if (value !== now[i]) changed(what === "clusterIP" ? i : 0);
    });
    return;
  }
  const primary = before.length > 0 && now.length > 0 && now[0] !== before[0];
  if (now.length > before.length) {
    if (primary) changed(0);
    return;
  }
  if (what === "clusterIP" ? now.length === 0 : !spec.clusterIPs?.length) {
    errors.push(invalidField(at.index(0), now.length === 0 ? null : now, `primary ${what} can not be unset`));
  }
  if (primary) changed(0);
  if (now.length === 1 && spec.ipFamilyPolicy !== "SingleStack") {
    const detail = `must be set to 'SingleStack' when releasing the secondary ${what}`;
    errors.push(invalidField(path.child("ipFamilyPolicy"), spec.ipFamilyPolicy ?? null, detail));
  }
}
