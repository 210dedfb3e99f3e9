/** IPv4 ranges, as the command line and the host's routing table name them. */
export interface Cidr {
  /** The network address as an unsigned 32-bit number. */
  readonly address: number;
  readonly bits: number;
}

export function parseAddress(text: string): number {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((p) => /^(0|[1-9]\d{0,2})$/.test(p) && Number(p) <= 255))
    throw new Error(`not an IPv4 address: ${text}`);
  return parts.reduce((n, p) => n * 256 + Number(p), 0);
}

export function formatAddress(n: number): string {
  return [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join(".");
}

export function parseCidr(text: string): Cidr {
  const m = /^([\d.]+)\/(\d{1,2})$/.exec(text);
  const bits = Number(m?.[2] ?? -1);
  if (m === null || bits > 32) throw new Error(`not a range: ${text}`);
  const address = parseAddress(m[1] as string);
  return { address: networkOf(address, bits), bits };
}

export function formatCidr(range: Cidr): string {
  return `${formatAddress(range.address)}/${range.bits}`;
}

/** The `n`th address of a range. */
export function addressAt(range: Cidr, n: number): string {
  return formatAddress(range.address + n);
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  const bits = Math.min(a.bits, b.bits);
  return networkOf(a.address, bits) === networkOf(b.address, bits);
}

function networkOf(address: number, bits: number): number {
  return bits === 0 ? 0 : (address >>> (32 - bits)) * 2 ** (32 - bits);
}
