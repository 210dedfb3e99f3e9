import { goQuote } from "../../../core/go-quote.ts";
import { formatIp } from "../../../core/ip.ts";
import { isMapped, type NetipAddress, NetipError, type NetipPrefix, parseAddress, parsePrefix } from "../../../core/netip.ts";
import { CelError, noSuchOverload } from "../errors.ts";
import { type FunctionTable, global, method } from "../function.ts";
import { BOOL, type CelType, INT, opaqueType, STRING } from "../types.ts";
import { CelOpaque, type CelValue, compareBytes } from "../values.ts";

export const IP: CelType = opaqueType("net.IP");
export const CIDR: CelType = opaqueType("net.CIDR");

const same = (a: NetipAddress, b: NetipAddress): boolean => compareBytes(a.bytes, b.bytes) === 0;

class IpValue extends CelOpaque {
  readonly type: CelType = IP;
  readonly address: NetipAddress;
  constructor(address: NetipAddress) {
    super();
    this.address = address;
  }
  equals(other: CelValue): boolean {
    return other instanceof IpValue && same(this.address, other.address);
  }
  override get size(): number {
    return this.address.bytes.length;
  }
}

class CidrValue extends CelOpaque {
  readonly type: CelType = CIDR;
  readonly prefix: NetipPrefix;
  constructor(prefix: NetipPrefix) {
    super();
    this.prefix = prefix;
  }
  equals(other: CelValue): boolean {
    return other instanceof CidrValue && this.prefix.bits === other.prefix.bits && same(this.prefix.address, other.prefix.address);
  }
  override get size(): number {
    return Math.ceil(this.prefix.bits / 8);
  }
}

/** The canonical text. */
function show({ bytes }: NetipAddress): string {
  if (bytes.length === 16) return formatIp({ bytes, is4: false });
  return bytes.join(".");
}

function readAddress(text: string): IpValue {
  let address: NetipAddress;
  try {
    address = parseAddress(text);
  } catch (error) {
    if (!(error instanceof NetipError)) throw error;
    throw new CelError(`IP Address ${goQuote(text)} parse error during conversion from string: ${error.message}`);
  }
  if (address.zone !== "") throw new CelError(`IP address ${goQuote(text)} with zone value is not allowed`);
  if (isMapped(address)) throw new CelError(`IPv4-mapped IPv6 address ${goQuote(text)} is not allowed`);
  return new IpValue(address);
}

function readCidr(text: string): CidrValue {
  const context = "network address parse error during conversion from string: ";
  let prefix: NetipPrefix;
  try {
    prefix = parsePrefix(text);
  } catch (error) {
    if (!(error instanceof NetipError)) throw error;
    throw new CelError(context + context + error.message);
  }
  if (isMapped(prefix.address)) throw new CelError(`${context}IPv4-mapped IPv6 address ${goQuote(text)} is not allowed`);
  return new CidrValue(prefix);
}

function readable(read: (text: string) => unknown): (text: string) => boolean {
  return (text) => {
    try {
      read(text);
      return true;
    } catch (error) {
      if (error instanceof CelError) return false;
      throw error;
    }
  };
}

function masked({ address, bits }: NetipPrefix): NetipPrefix {
  const bytes = address.bytes.map((byte, i) => byte & (0xff << Math.max(0, Math.min(8, 8 * (i + 1) - bits))));
  return { address: { bytes, zone: "" }, bits };
}

/** Addresses of the other family are in no prefix. */
function contains({ prefix }: CidrValue, { address }: IpValue): boolean {
  if (address.bytes.length !== prefix.address.bytes.length) return false;
  return same(masked(prefix).address, masked({ address, bits: prefix.bits }).address);
}

/** Upstream does not tell why the text is no address. */
function containsText(cidr: CidrValue, text: string): boolean {
  if (!readable(readAddress)(text)) throw noSuchOverload();
  return contains(cidr, readAddress(text));
}

function containsCidr(outer: CidrValue, inner: CidrValue): boolean {
  return outer.prefix.bits <= inner.prefix.bits && contains(outer, new IpValue(inner.prefix.address));
}

type Predicate = (bytes: Uint8Array) => boolean;
const all = (bytes: Uint8Array, value: number): boolean => bytes.every((b) => b === value);
const at = (bytes: Uint8Array, i: number): number => bytes[i] as number;
const isUnspecified: Predicate = (bytes) => all(bytes, 0);
const isLoopback: Predicate = (bytes) => (bytes.length === 4 ? at(bytes, 0) === 127 : all(bytes.subarray(0, 15), 0) && at(bytes, 15) === 1);
const isMulticast: Predicate = (bytes) => (bytes.length === 4 ? (at(bytes, 0) & 0xf0) === 0xe0 : at(bytes, 0) === 0xff);
const isLinkLocalMulticast: Predicate = (bytes) =>
  bytes.length === 4
    ? at(bytes, 0) === 224 && at(bytes, 1) === 0 && at(bytes, 2) === 0
    : at(bytes, 0) === 0xff && (at(bytes, 1) & 0x0f) === 2;
const isLinkLocalUnicast: Predicate = (bytes) =>
  bytes.length === 4 ? at(bytes, 0) === 169 && at(bytes, 1) === 254 : at(bytes, 0) === 0xfe && (at(bytes, 1) & 0xc0) === 0x80;
const isGlobalUnicast: Predicate = (bytes) =>
  !(bytes.length === 4 && all(bytes, 255)) &&
  !isUnspecified(bytes) &&
  !isLoopback(bytes) &&
  !isMulticast(bytes) &&
  !isLinkLocalUnicast(bytes);

const predicate = (id: string, holds: Predicate): FunctionTable[string] => [
  method(id, [IP], BOOL, (value: IpValue) => holds(value.address.bytes)),
];

/** Kubernetes' libraries of IP addresses and of CIDRs. */
export const ADDRESS_FUNCTIONS: FunctionTable = {
  ip: [
    global("string_to_ip", [STRING], IP, readAddress),
    method("cidr_ip", [CIDR], IP, (cidr: CidrValue) => new IpValue(cidr.prefix.address)),
  ],
  isIP: [global("is_ip", [STRING], BOOL, readable(readAddress))],
  "ip.isCanonical": [global("ip_is_canonical", [STRING], BOOL, (text: string) => show(readAddress(text).address) === text)],
  family: [method("ip_family", [IP], INT, (value: IpValue) => (value.address.bytes.length === 4 ? 4n : 6n))],
  isUnspecified: predicate("ip_is_unspecified", isUnspecified),
  isLoopback: predicate("ip_is_loopback", isLoopback),
  isLinkLocalMulticast: predicate("ip_is_link_local_multicast", isLinkLocalMulticast),
  isLinkLocalUnicast: predicate("ip_is_link_local_unicast", isLinkLocalUnicast),
  isGlobalUnicast: predicate("ip_is_global_unicast", isGlobalUnicast),
  cidr: [global("string_to_cidr", [STRING], CIDR, readCidr)],
  isCIDR: [global("is_cidr", [STRING], BOOL, readable(readCidr))],
  containsIP: [
    method("cidr_contains_ip_string", [CIDR, STRING], BOOL, containsText),
    method("cidr_contains_ip_ip", [CIDR, IP], BOOL, contains),
  ],
  containsCIDR: [
    method("cidr_contains_cidr_string", [CIDR, STRING], BOOL, (cidr: CidrValue, text: string) => containsCidr(cidr, readCidr(text))),
    method("cidr_contains_cidr", [CIDR, CIDR], BOOL, containsCidr),
  ],
  prefixLength: [method("cidr_prefix_length", [CIDR], INT, (cidr: CidrValue) => BigInt(cidr.prefix.bits))],
  masked: [method("cidr_masked", [CIDR], CIDR, (cidr: CidrValue) => new CidrValue(masked(cidr.prefix)))],
  string: [
    global("ip_to_string", [IP], STRING, (value: IpValue) => show(value.address)),
    global("cidr_to_string", [CIDR], STRING, ({ prefix }: CidrValue) => `${show(prefix.address)}/${prefix.bits}`),
  ],
};
