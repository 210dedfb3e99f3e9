/** IP addresses and CIDRs: reading them as Go does, sloppily and strictly, and what is wrong with them. */
import type { FieldError, FieldPath } from "../schema/field-error.ts";
import { invalidField } from "../schema/field-error.ts";

/** An address as sixteen bytes; IPv4 as `::ffff:a.b.c.d`. */
export interface Address {
  readonly bytes: Uint8Array;
  /** The text was IPv4 (dotted), not IPv6. */
  readonly dotted: boolean;
  /** A part of it had a leading zero, which standard IPv4 parsers refuse. */
  readonly leadingZeros: boolean;
}

const dottedRegex = /^(\d{1,})\.(\d{1,})\.(\d{1,})\.(\d{1,})$/;

function parseDotted(text: string): { parts: number[]; leadingZeros: boolean } | undefined {
  const match = dottedRegex.exec(text);
  if (!match) return undefined;
  const parts: number[] = [];
  let leadingZeros = false;
  for (let i = 1; i <= 4; i++) {
    const part = match[i] as string;
    const value = Number(part);
    if (value > 255) return undefined;
    leadingZeros ||= part.length > 1 && part.startsWith("0");
    parts.push(value);
  }
  return { parts, leadingZeros };
}

/** Reads an address; leading zeros of IPv4 parts are let pass, zones are not. */
export function parseIpSloppy(text: string): Address | undefined {
  const dotted = parseDotted(text);
  if (dotted) {
    const bytes = new Uint8Array(16);
    bytes[10] = 0xff;
    bytes[11] = 0xff;
    bytes.set(dotted.parts, 12);
    return { bytes, dotted: true, leadingZeros: dotted.leadingZeros };
  }
  if (!text.includes(":")) return undefined;
  return parseIpv6(text);
}

function parseIpv6(text: string): Address | undefined {
  let rest = text;
  const tail: number[] = [];
  let leadingZeros = false;
  const dotAt = text.indexOf(".");
  if (dotAt >= 0) {
    const colon = text.lastIndexOf(":");
    const dotted = parseDotted(text.slice(colon + 1));
    if (!dotted) return undefined;
    leadingZeros = dotted.leadingZeros;
    const [a, b, c, d] = dotted.parts as [number, number, number, number];
    tail.push((a << 8) | b, (c << 8) | d);
    rest = text.slice(0, colon + 1);
    // The colon belongs to `::`, or it ends the groups before the dotted part.
    if (!rest.endsWith("::")) rest = rest.slice(0, -1);
  }
  const halves = rest.split("::");
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] as string);
  const end = halves.length === 2 ? groupsOf(halves[1] as string) : [];
  if (!head || !end) return undefined;
  const known = [...end, ...tail];
  const missing = 8 - head.length - known.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...new Array<number>(Math.max(0, missing)).fill(0), ...known];
  const bytes = new Uint8Array(16);
  groups.forEach((group, i) => {
    bytes[2 * i] = group >> 8;
    bytes[2 * i + 1] = group & 0xff;
  });
  return { bytes, dotted: false, leadingZeros };
}

function groupsOf(text: string): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  for (const part of text.split(":")) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
    groups.push(Number.parseInt(part, 16));
  }
  return groups;
}

/** IPv4, whether dotted or mapped into IPv6. */
export function isIpv4(address: Address): boolean {
  const b = address.bytes;
  for (let i = 0; i < 10; i++) if (b[i] !== 0) return false;
  return b[10] === 0xff && b[11] === 0xff;
}

export function isIpv6Text(text: string): boolean {
  const address = parseIpSloppy(text);
  return address !== undefined && !isIpv4(address);
}

/** The canonical text: dotted IPv4, RFC 5952 for IPv6. */
export function formatIp(address: Address): string {
  const b = address.bytes;
  if (isIpv4(address)) return `${b[12]}.${b[13]}.${b[14]}.${b[15]}`;
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((b[i] as number) << 8) | (b[i + 1] as number));
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > length) {
      start = i;
      length = end - i;
    }
    if (end > i) i = end;
  }
  const hex = groups.map((g) => g.toString(16));
  if (start < 0) return hex.join(":");
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
}

export interface Cidr {
  readonly address: Address;
  /** The address with all bits beyond the prefix cleared. */
  readonly network: Address;
  readonly prefix: number;
  /** The prefix length had a leading zero. */
  readonly leadingZeros: boolean;
}

export function parseCidrSloppy(text: string): Cidr | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const address = parseIpSloppy(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (!address || !/^\d{1,3}$/.test(length)) return undefined;
  const prefix = Number(length);
  const bits = address.dotted ? 32 : 128;
  if (prefix > bits) return undefined;
  const bytes = address.bytes.slice();
  const kept = address.dotted ? 96 + prefix : prefix;
  for (let i = 0; i < 16; i++) {
    const keep = Math.min(8, Math.max(0, kept - 8 * i));
    bytes[i] = (bytes[i] as number) & ((0xff << (8 - keep)) & 0xff);
  }
  const leadingZeros = address.leadingZeros || (length.length > 1 && length.startsWith("0"));
  return { address, network: { ...address, bytes }, prefix, leadingZeros };
}

/** Why an address with its prefix (`10.9.8.7/24`) is none, or not written as it should be. */
export function interfaceAddressFault(text: string): string | undefined {
  const cidr = parseCidrSloppy(text);
  if (!cidr) return "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)";
  const mapped = isIpv4(cidr.address) && !cidr.address.dotted;
  const canonical = `${formatIp(cidr.address)}/${mapped ? cidr.prefix - 96 : cidr.prefix}`;
  return text === canonical ? undefined : `must be in canonical form (${JSON.stringify(canonical)})`;
}

export function formatCidr(cidr: Cidr): string {
  const prefix = isIpv4(cidr.network) && !cidr.network.dotted ? cidr.prefix - 96 : cidr.prefix;
  return `${formatIp(cidr.network)}/${prefix}`;
}

const q = (text: string): string => JSON.stringify(text);

/** An address in a field that has long taken odd ones: those already there (`accepted`) may stay (KEP-4858). */
export function validateLegacyIp(text: string, path: FieldPath, errors: FieldError[], accepted?: readonly string[]): boolean {
  if (accepted?.includes(text)) return true;
  const address = parseIpSloppy(text);
  if (!address) {
    errors.push(invalidField(path, text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)", "format=ip-sloppy"));
    return false;
  }
  if (address.leadingZeros) {
    errors.push(invalidField(path, text, "must not have leading 0s", "format=ip-sloppy"));
    return false;
  }
  if (!address.dotted && isIpv4(address)) {
    errors.push(invalidField(path, text, "must not be an IPv4-mapped IPv6 address", "format=ip-sloppy"));
    return false;
  }
  return true;
}

/** An address in a newer field: canonical text only. */
export function validateIp(text: string, path: FieldPath, errors: FieldError[]): boolean {
  if (!validateLegacyIp(text, path, errors)) return false;
  const canonical = formatIp(parseIpSloppy(text) as Address);
  if (canonical === text) return true;
  errors.push(invalidField(path, text, `must be in canonical form (${q(canonical)})`, "format=ip-strict"));
  return false;
}

/** A CIDR in a field that has long taken odd ones. */
export function validateLegacyCidr(text: string, path: FieldPath, errors: FieldError[], accepted?: readonly string[]): boolean {
  if (accepted?.includes(text)) return true;
  const cidr = parseCidrSloppy(text);
  if (!cidr) {
    errors.push(invalidField(path, text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"));
    return false;
  }
  let detail: string | undefined;
  if (cidr.leadingZeros) detail = "must not have leading 0s in IP or prefix length";
  else if (!cidr.address.dotted && isIpv4(cidr.address)) detail = "must not have an IPv4-mapped IPv6 address";
  else if (formatIp(cidr.address) !== formatIp(cidr.network)) detail = "must not have bits set beyond the prefix length";
  if (detail === undefined) return true;
  errors.push(invalidField(path, text, detail));
  return false;
}

/** A CIDR in a newer field: canonical text only. */
export function validateCidr(text: string, path: FieldPath, errors: FieldError[]): boolean {
  if (!validateLegacyCidr(text, path, errors)) return false;
  const canonical = formatCidr(parseCidrSloppy(text) as Cidr);
  if (canonical === text) return true;
  errors.push(invalidField(path, text, `must be in canonical form (${q(canonical)})`));
  return false;
}

/** An address that endpoints may have: no loopback, link-local or unspecified one. */
export function validateEndpointIp(text: string, path: FieldPath, errors: FieldError[]): void {
  const address = parseIpSloppy(text);
  if (!address) {
    errors.push(invalidField(path, text, "must be a valid IP address", "format=ip-sloppy"));
    return;
  }
  const fail = (detail: string): void => void errors.push(invalidField(path, text, detail, "format=endpoint-ip"));
  const b = address.bytes;
  const v4 = isIpv4(address);
  if (v4 ? b.slice(12).every((x) => x === 0) : b.every((x) => x === 0)) fail(`may not be unspecified (${text})`);
  if (v4 ? b[12] === 127 : b.slice(0, 15).every((x) => x === 0) && b[15] === 1) {
    fail("may not be in the loopback range (127.0.0.0/8, ::1/128)");
  }
  if (v4 ? b[12] === 169 && b[13] === 254 : b[0] === 0xfe && ((b[1] as number) & 0xc0) === 0x80) {
    fail("may not be in the link-local range (169.254.0.0/16, fe80::/10)");
  }
  if (v4 ? b[12] === 224 && b[13] === 0 && b[14] === 0 : b[0] === 0xff && ((b[1] as number) & 0x0f) === 0x02) {
    fail("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
  }
}

/** One IPv4 and one IPv6 address. */
export function isDualStack(addresses: readonly string[]): boolean {
  const families = new Set(addresses.map(isIpv6Text));
  return families.size === 2;
}

/** Messages about an address that is read, but written oddly. */
export function ipWarnings(text: string, path: FieldPath | string): string[] {
  const address = parseIpSloppy(text);
  if (!address) return [];
  const canonical = formatIp(address);
  if (address.leadingZeros || (!address.dotted && isIpv4(address))) {
    return [`${path.toString()}: non-standard IP address ${q(text)} is invalid: use ${q(canonical)}`];
  }
  if (!address.dotted && canonical !== text) {
    return [`${path.toString()}: IPv6 address ${q(text)} should be in RFC 5952 canonical format (${q(canonical)})`];
  }
  return [];
}

/** Messages about a CIDR that is read, but written oddly. */
export function cidrWarnings(text: string, path: FieldPath | string): string[] {
  const cidr = parseCidrSloppy(text);
  if (!cidr) return [];
  const warnings: string[] = [];
  const canonical = formatCidr(cidr);
  const single = formatIp(cidr.address);
  if (single !== formatIp(cidr.network)) {
    const bits = cidr.address.dotted ? 32 : 128;
    const advice = `${q(canonical)} or ${q(`${single}/${bits}`)}`;
    warnings.push(`${path.toString()}: CIDR value ${q(text)} is ambiguous in this context (should be ${advice}?)`);
  }
  if (cidr.leadingZeros || (!cidr.address.dotted && isIpv4(cidr.address))) {
    warnings.push(`${path.toString()}: non-standard CIDR value ${q(text)} is invalid: use ${q(canonical)}`);
  }
  const text5952 = `${single}/${cidr.prefix}`;
  if (warnings.length === 0 && !cidr.address.dotted && text5952 !== text) {
    warnings.push(`${path.toString()}: IPv6 CIDR value ${q(text)} should be in RFC 5952 canonical format (${q(text5952)})`);
  }
  return warnings;
}
