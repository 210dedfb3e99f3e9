import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, invalidField, required } from "../../schema/field-error.ts";
import type { ServiceCIDR } from "../../schema/types/networking-v1.ts";
import { isIpv6Text, parseCidrSloppy, validateCidr } from "../addresses.ts";

const path = new FieldPath("spec.cidrs");
const immutable = "field is immutable";

export function validateServiceCidr({ spec }: ServiceCIDR): FieldError[] {
  const cidrs = spec?.cidrs ?? [];
  if (cidrs.length === 0) return [required(path, "at least one CIDR required")];
  if (cidrs.length > 2) return [invalidField(path, { CIDRs: cidrs }, "may only hold up to 2 values")];
  const errors: FieldError[] = [];
  cidrs.forEach((cidr, i) => validateCidr(cidr, path.index(i), errors));
  const [first = "", second] = cidrs;
  if (second === undefined || !parseCidrSloppy(first) || !parseCidrSloppy(second)) return errors;
  if (isIpv6Text(first.split("/")[0] ?? "") === isIpv6Text(second.split("/")[0] ?? "")) {
    const why = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64";
    errors.push(invalidField(path, cidrs, why));
  }
  return errors;
}

export function validateServiceCidrUpdate(cidr: ServiceCIDR, old: ServiceCIDR): FieldError[] {
  const now = cidr.spec?.cidrs ?? [];
  const before = old.spec?.cidrs ?? [];
  const grows = before.length === 1 && now.length === 2;
  if (!grows && now.length !== before.length) return [invalidField(path, now, immutable)];
  const errors = before.flatMap((text, i) => (text === now[i] ? [] : [invalidField(path.index(i), now[i], immutable)]));
  return grows ? [...errors, ...validateServiceCidr(cidr)] : errors;
}
