/** IP addresses and CIDRs as Go's `net` and `net/netip` read them, with upstream's messages. */

/** Sixteen bytes; an IPv4 address is kept in its mapped form (`::ffff:a.b.c.d`), as `net.IP` does. */
export interface ParsedIp {
  readonly bytes: Uint8Array;
  readonly is4: boolean;
  /** It was written as an IPv6 address that maps an IPv4 one. */
  readonly mapped: boolean;
  /** Some part has leading zeros, which only the sloppy parser takes. */
  readonly leadingZeros: boolean;
}

function parse4(text: string): { bytes: number[]; leadingZeros: boolean } | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let leadingZeros = false;
  const bytes: number[] = [];
  for (const part of parts) {
    if (!/^\d{1,10}$/.test(part)) return undefined;
    const value = Number(part);
    if (value > 255) return undefined;
    if (part.length > 1 && part.startsWith("0")) leadingZeros = true;
    bytes.push(value);
  }
  return { bytes, leadingZeros };
}

/** The groups of one side of `::`, with an IPv4 tail where it has one. */
function groups(text: string, last: boolean): { bytes: number[]; leadingZeros: boolean; dotted: boolean } | undefined {
  if (text === "") return { bytes: [], leadingZeros: false, dotted: false };
  const bytes: number[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    if (last && i === parts.length - 1 && part.includes(".")) {
      const tail = parse4(part);
      return tail === undefined ? undefined : { bytes: [...bytes, ...tail.bytes], leadingZeros: tail.leadingZeros, dotted: true };
    }
    if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
    const value = Number.parseInt(part, 16);
    bytes.push(value >> 8, value & 255);
  }
  return { bytes, leadingZeros: false, dotted: false };
}

/** Reads an address; undefined when it is none. Leading zeros in IPv4 parts are taken and reported. */
export function parseIp(text: string): ParsedIp | undefined {
  if (!text.includes(":")) {
    const four = parse4(text);
    if (four === undefined) return undefined;
    return { bytes: mappedBytes(four.bytes), is4: true, mapped: false, leadingZeros: four.leadingZeros };
  }
  const sides = text.split("::");
  if (sides.length > 2) return undefined;
  const head = groups(sides[0] as string, sides.length === 1);
  const tail = sides.length === 2 ? groups(sides[1] as string, true) : undefined;
  if (head === undefined || (sides.length === 2 && tail === undefined)) return undefined;
  const used = head.bytes.length + (tail?.bytes.length ?? 0);
  if (tail === undefined ? used !== 16 : used > 14) return undefined;
  const bytes = new Uint8Array(16);
  bytes.set(head.bytes, 0);
  if (tail !== undefined) bytes.set(tail.bytes, 16 - tail.bytes.length);
  const mapped = bytes.subarray(0, 10).every((b) => b === 0) && bytes[10] === 255 && bytes[11] === 255;
  return { bytes, is4: mapped, mapped, leadingZeros: head.leadingZeros || (tail?.leadingZeros ?? false) };
}

function mappedBytes(four: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes[10] = bytes[11] = 255;
  bytes.set(four, 12);
  return bytes;
}

/** The canonical text: dotted for IPv4, RFC 5952 for IPv6. */
export function formatIp(ip: { bytes: Uint8Array; is4: boolean }): string {
  if (ip.is4) return [...ip.bytes.subarray(12)].join(".");
  const words: number[] = [];
  for (let i = 0; i < 16; i += 2) words.push(((ip.bytes[i] as number) << 8) | (ip.bytes[i + 1] as number));
  let best = { start: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && words[end] === 0) end++;
    if (end - i > best.length) best = { start: i, length: end - i };
    if (end > i) i = end;
  }
  const hex = words.map((w) => w.toString(16));
  if (best.start < 0) return hex.join(":");
  return `${hex.slice(0, best.start).join(":")}::${hex.slice(best.start + best.length).join(":")}`;
}

/** Messages for an address that must be canonical. */
export function isValidIP(value: string): string[] {
  const ip = parseIp(value);
  if (ip === undefined) return ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"];
  const messages: string[] = [];
  if (ip.leadingZeros) messages.push("must not have leading 0s");
  if (ip.mapped) messages.push("must not be an IPv4-mapped IPv6 address");
  const canonical = formatIp(ip);
  if (messages.length === 0 && canonical !== value) messages.push(`must be in canonical form ("${canonical}")`);
  return messages;
}

/** Messages for an address in an older field, which need not be canonical. */
export function isValidLegacyIP(value: string): string[] {
  const ip = parseIp(value);
  if (ip === undefined) return ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"];
  return [...(ip.leadingZeros ? ["must not have leading 0s"] : []), ...(ip.mapped ? ["must not be an IPv4-mapped IPv6 address"] : [])];
}

export interface ParsedCidr {
  readonly ip: ParsedIp;
  /** As it was written: of 32 for IPv4, of 128 for IPv6. */
  readonly prefix: number;
  /** The network's address. */
  readonly network: ParsedIp;
  readonly leadingZeros: boolean;
}

/** Reads `10.0.0.0/8`; undefined when it is no CIDR. */
export function parseCidr(text: string): ParsedCidr | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const ip = parseIp(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (ip === undefined || !/^\d{1,10}$/.test(length)) return undefined;
  const prefix = Number(length);
  const written4 = ip.is4 && !ip.mapped;
  if (prefix > (written4 ? 32 : 128)) return undefined;
  const bytes = Uint8Array.from(ip.bytes);
  const bits = written4 ? prefix + 96 : prefix;
  for (let i = 0; i < 16; i++) {
    const keep = Math.min(8, Math.max(0, bits - i * 8));
    bytes[i] = (bytes[i] as number) & (0xff << (8 - keep)) & 0xff;
  }
  return { ip, prefix, network: { ...ip, bytes }, leadingZeros: ip.leadingZeros || (length.length > 1 && length.startsWith("0")) };
}

export function formatCidr(cidr: ParsedCidr): string {
  return `${formatIp(cidr.network)}/${cidr.prefix}`;
}

/** Messages for a CIDR in an older field, which need not be canonical. */
export function isValidLegacyCidr(value: string): string[] {
  const cidr = parseCidr(value);
  if (cidr === undefined) return ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"];
  if (cidr.leadingZeros) return ["must not have leading 0s in IP or prefix length"];
  if (cidr.ip.mapped) return ["must not have an IPv4-mapped IPv6 address"];
  if (!Buffer.from(cidr.ip.bytes).equals(cidr.network.bytes)) return ["must not have bits set beyond the prefix length"];
  return [];
}

/** Messages for a CIDR that must be canonical. */
export function isValidCidr(value: string): string[] {
  const messages = isValidLegacyCidr(value);
  if (messages.length > 0) return messages;
  const canonical = formatCidr(parseCidr(value) as ParsedCidr);
  return canonical === value ? [] : [`must be in canonical form ("${canonical}")`];
}

/** Whether the network holds the address. */
export function cidrContains(cidr: ParsedCidr, ip: ParsedIp): boolean {
  if (cidr.ip.is4 !== ip.is4) return false;
  const bits = cidr.ip.is4 && !cidr.ip.mapped ? cidr.prefix + 96 : cidr.prefix;
  for (let i = 0; i * 8 < bits; i++) {
    const mask = (0xff << (8 - Math.min(8, bits - i * 8))) & 0xff;
    if (((cidr.network.bytes[i] as number) & mask) !== ((ip.bytes[i] as number) & mask)) return false;
  }
  return true;
}
