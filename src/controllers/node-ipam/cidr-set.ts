/** Equal slices of an address range, handed out in turn. IPv4 and IPv6. */

export interface Cidr {
  readonly family: 4 | 6;
  readonly base: bigint;
  readonly prefix: number;
}

const bitsOf = (family: 4 | 6): number => (family === 4 ? 32 : 128);

function parseAddress(text: string): { family: 4 | 6; value: bigint } | undefined {
  if (!text.includes(":")) {
    const parts = text.split(".").map((p) => (/^\d{1,3}$/.test(p) ? Number(p) : 256));
    if (parts.length !== 4 || parts.some((p) => p > 255)) return undefined;
    return { family: 4, value: parts.reduce((n, p) => n * 256n + BigInt(p), 0n) };
  }
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const groups = (half: string | undefined): string[] => (half === undefined || half === "" ? [] : half.split(":"));
  const head = groups(halves[0]);
  const tail = groups(halves[1]);
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const all = [...head, ...Array.from({ length: missing }, () => "0"), ...tail];
  if (!all.every((g) => /^[0-9a-fA-F]{1,4}$/.test(g))) return undefined;
  return { family: 6, value: all.reduce((n, g) => n * 0x10000n + BigInt(`0x${g}`), 0n) };
}

/** The range that `text` (`10.244.0.0/16`) names, host bits cleared; undefined when it names none. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = "", length = ""] = text.split("/");
  const parsed = parseAddress(address);
  if (parsed === undefined || !/^\d{1,3}$/.test(length)) return undefined;
  const prefix = Number(length);
  const bits = bitsOf(parsed.family);
  if (prefix > bits) return undefined;
  const host = BigInt(bits - prefix);
  return { family: parsed.family, base: (parsed.value >> host) << host, prefix };
}

export function formatCidr({ family, base, prefix }: Cidr): string {
  if (family === 4) return `${[24n, 16n, 8n, 0n].map((s) => (base >> s) & 255n).join(".")}/${prefix}`;
  const groups = Array.from({ length: 8 }, (_, i) => ((base >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  // The longest run of zero groups is written as `::` (RFC 5952).
  let best = { at: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && groups[i + n] === "0") n++;
    if (n > best.length) best = { at: i, length: n };
    i += n;
  }
  const text = best.at < 0 ? groups.join(":") : `${groups.slice(0, best.at).join(":")}::${groups.slice(best.at + best.length).join(":")}`;
  return `${text}/${prefix}`;
}

/** Slices of `size` bits of prefix out of `range`. Not thread-safe in meaning only: one allocator owns one range. */
export class CidrSet {
  readonly #range: Cidr;
  readonly #size: number;
  readonly #count: number;
  readonly #used = new Set<number>();
  #next = 0;

  /** Throws when the slices would be larger than the range, or (as upstream) more than 2^16 steps apart for IPv6. */
  constructor(range: Cidr, size: number) {
    if (size < range.prefix || size > bitsOf(range.family)) throw new Error(`New CIDR set failed; the node CIDR size is too big`);
    if (size - range.prefix > 24) throw new Error(`a range of /${range.prefix} in slices of /${size} has too many slices`);
    this.#range = range;
    this.#size = size;
    this.#count = 2 ** (size - range.prefix);
  }

  /** The next free slice after the one handed out last; undefined when none is left. */
  allocate(): Cidr | undefined {
    if (this.#used.size >= this.#count) return undefined;
    while (this.#used.has(this.#next)) this.#next = (this.#next + 1) % this.#count;
    const index = this.#next;
    this.#used.add(index);
    this.#next = (index + 1) % this.#count;
    return { family: this.#range.family, base: this.#range.base + BigInt(index) * this.#step, prefix: this.#size };
  }

  /** Marks every slice that `cidr` touches; false when it lies outside. */
  occupy(cidr: Cidr): boolean {
    const span = this.#span(cidr);
    if (span === undefined) return false;
    for (let i = span.first; i <= span.last; i++) this.#used.add(i);
    return true;
  }

  release(cidr: Cidr): void {
    const span = this.#span(cidr);
    if (span === undefined) return;
    for (let i = span.first; i <= span.last; i++) this.#used.delete(i);
  }

  get #step(): bigint {
    return 1n << BigInt(bitsOf(this.#range.family) - this.#size);
  }

  #span(cidr: Cidr): { first: number; last: number } | undefined {
    if (cidr.family !== this.#range.family) return undefined;
    const size = 1n << BigInt(bitsOf(cidr.family) - cidr.prefix);
    const end = this.#range.base + this.#step * BigInt(this.#count);
    const from = cidr.base > this.#range.base ? cidr.base : this.#range.base;
    const to = cidr.base + size < end ? cidr.base + size : end;
    if (from >= to) return undefined;
    return { first: Number((from - this.#range.base) / this.#step), last: Number((to - 1n - this.#range.base) / this.#step) };
  }
}
