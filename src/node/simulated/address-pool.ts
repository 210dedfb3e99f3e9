/** Addresses for the pods of one node, out of its pod range. IPv4; the first is the node's own bridge. */

export class AddressPool {
  readonly #base: number;
  readonly #size: number;
  readonly #used = new Set<number>();
  #next = 2;

  /** `cidr`: `10.244.3.0/24`. Throws when it is no IPv4 range. */
  constructor(cidr: string) {
    const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(cidr);
    if (match === null) throw new Error(`"${cidr}" is no IPv4 range`);
    const [a = 0, b = 0, c = 0, d = 0, prefix = 32] = match.slice(1).map(Number);
    this.#base = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
    this.#size = 2 ** (32 - prefix);
  }

  /** Undefined when none is left. */
  take(): string | undefined {
    const most = this.#size - 1;
    for (let tried = 2; tried < most; tried++) {
      const offset = this.#next;
      this.#next = offset + 1 >= most ? 2 : offset + 1;
      if (this.#used.has(offset)) continue;
      this.#used.add(offset);
      const value = this.#base + offset;
      return [24, 16, 8, 0].map((s) => (value >>> s) & 255).join(".");
    }
    return undefined;
  }

  /** A pod has it already. */
  mark(address: string): void {
    this.#used.add(this.#offset(address));
  }

  release(address: string): void {
    this.#used.delete(this.#offset(address));
  }

  #offset(address: string): number {
    return address.split(".").reduce((n, part) => n * 256 + Number(part), 0) - this.#base;
  }
}
