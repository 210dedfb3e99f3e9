/** Whether `clusterIP`, `clusterIPs`, `ipFamilies` and `ipFamilyPolicy` fit together: checked before addresses are taken. */
import { isDualStack, validateLegacyIp } from "../../kinds/addresses.ts";
import { isHeadless, needsClusterIp } from "../../kinds/service/traffic.ts";
import { FieldPath, duplicate, invalidField, notSupported, required, type FieldError } from "../../schema/field-error.ts";
import type { Service, ServiceSpec } from "../../schema/types/core-v1.ts";
import { familyOf } from "./ip-range.ts";

const path = new FieldPath("spec");
const ipsPath = path.child("clusterIPs");

export function validateRelatedFields(service: Service, old: Service | undefined): FieldError[] {
  const spec = service.spec;
  if (spec === undefined || !needsClusterIp(spec)) return [];
  const faults: FieldError[] = [];
  checkPlural(spec, faults);
  checkFamilies(spec, faults);
  const ips = spec.clusterIPs ?? [];
  let valid = true;
  for (const [i, ip] of ips.entries()) {
    if (i === 0 && ip === "None") {
      if (ips.length === 1) continue;
      valid = false;
      faults.push(invalidField(ipsPath, ips, "'None' must be the first and only value"));
    } else if (!validateLegacyIp(ip, ipsPath.index(i), faults, old?.spec?.clusterIPs)) valid = false;
  }
  if (ips.length > 2) faults.push(invalidField(ipsPath, ips, "may only hold up to 2 values"));
  if (!valid) return faults;
  if (ips.length > 1 && !isDualStack(ips)) faults.push(invalidField(ipsPath, ips, "may specify no more than one IP for each IP family"));
  if (!isHeadless(service)) checkMatch(spec, faults);
  return faults;
}

function checkPlural(spec: ServiceSpec, faults: FieldError[]): void {
  const ips = spec.clusterIPs ?? [];
  if (spec.clusterIP) {
    if (ips.length === 0) faults.push(required(ipsPath));
    else if (ips[0] !== spec.clusterIP) faults.push(invalidField(ipsPath, ips, "first value must match `clusterIP`"));
  } else if (ips.length > 0) faults.push(invalidField(ipsPath, ips, "must be empty when `clusterIP` is not specified"));
}

function checkFamilies(spec: ServiceSpec, faults: FieldError[]): void {
  const seen = new Set<string>();
  for (const [i, family] of (spec.ipFamilies ?? []).entries()) {
    const at = path.child("ipFamilies").index(i);
    if (family !== "IPv4" && family !== "IPv6") faults.push(notSupported(at, family, ["IPv4", "IPv6"]));
    if (seen.has(family)) faults.push(duplicate(at, family));
    seen.add(family);
  }
  const policies = ["PreferDualStack", "RequireDualStack", "SingleStack"];
  if (spec.ipFamilyPolicy !== undefined && !policies.includes(spec.ipFamilyPolicy))
    faults.push(notSupported(path.child("ipFamilyPolicy"), spec.ipFamilyPolicy, policies));
}

function checkMatch(spec: ServiceSpec, faults: FieldError[]): void {
  for (const [i, ip] of (spec.clusterIPs ?? []).entries()) {
    const family = spec.ipFamilies?.[i];
    if ((family === "IPv4" || family === "IPv6") && family !== familyOf(ip))
      faults.push(invalidField(ipsPath.index(i), ip, `expected an ${family} value as indicated by \`ipFamilies[${i}]\``));
  }
}
