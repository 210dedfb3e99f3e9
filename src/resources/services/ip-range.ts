/** A service CIDR as a range of numbers, with the bands of KEP-3070: low addresses for static, high ones for dynamic allocation. */
import { formatIp, isIpv4, parseCidrSloppy, parseIpSloppy, type Address } from "../../kinds/addresses.ts";

export type IpFamily = "IPv4" | "IPv6";

export interface IpRange {
  readonly cidr: string;
  readonly family: IpFamily;
  /** First and last address that services may get. */
  readonly first: bigint;
  readonly last: bigint;
  /** Where the dynamic band starts. */
  readonly dynamicFirst: bigint;
}

/** Undefined when the text is no CIDR. */
export function ipRange(cidr: string): IpRange | undefined {
  const parsed = parseCidrSloppy(cidr);
  if (parsed === undefined) return undefined;
  const family: IpFamily = isIpv4(parsed.network) ? "IPv4" : "IPv6";
  const base = toNumber(parsed.network);
  const bits = family === "IPv4" ? 32 - parsed.prefix : 128 - parsed.prefix;
  const top = base + (1n << BigInt(bits)) - 1n;
  // The network's own address is never used, nor the broadcast address of IPv4.
  const first = base + 1n;
  const last = family === "IPv4" ? top - 1n : top;
  return { cidr, family, first, last, dynamicFirst: first + BigInt(staticBand(top - base + 1n)) };
}

/** `min(max(16, size / 16), 256)` of the CIDR's size; none in ranges too small for it. */
function staticBand(size: bigint): number {
  if (size <= 16n) return 0;
  const offset = size / 16n;
  if (offset < 16n) return 16;
  return offset > 256n ? 256 : Number(offset);
}

export function contains(range: IpRange, address: bigint, family: IpFamily): boolean {
  return family === range.family && address >= range.first && address <= range.last;
}

export function familyOf(ip: string): IpFamily {
  return ip.includes(":") ? "IPv6" : "IPv4";
}

/** Undefined when the text is no address. */
export function ipNumber(ip: string): bigint | undefined {
  const address = parseIpSloppy(ip);
  return address === undefined ? undefined : toNumber(address);
}

export function ipText(number: bigint, family: IpFamily): string {
  const bytes = new Uint8Array(16);
  let rest = family === "IPv4" ? number | (0xffffn << 32n) : number;
  for (let i = 15; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return formatIp({ bytes, dotted: family === "IPv4", leadingZeros: false });
}

function toNumber(address: Address): bigint {
  const from = isIpv4(address) ? 12 : 0;
  let n = 0n;
  for (let i = from; i < 16; i++) n = (n << 8n) | BigInt(address.bytes[i] as number);
  return n;
}

/** The first address of a CIDR that a service gets: the `kubernetes` service's. */
export function firstServiceIp(cidr: string): string {
  const range = ipRange(cidr);
  if (range === undefined) throw new RangeError(`${cidr} is no CIDR`);
  return ipText(range.first, range.family);
}

/** Every number of `[from, to]` once, from a random one on. */
export function* scan(from: bigint, to: bigint, random: () => number): Generator<bigint> {
  const size = to - from + 1n;
  if (size <= 0n) return;
  const start = randomBelow(size, random);
  for (let i = 0n; i < size; i++) yield from + ((start + i) % size);
}

function randomBelow(size: bigint, random: () => number): bigint {
  const wide =
    (BigInt(Math.floor(random() * 2 ** 32)) << 64n) |
    (BigInt(Math.floor(random() * 2 ** 32)) << 32n) |
    BigInt(Math.floor(random() * 2 ** 32));
  return wide % size;
}
