/**
 * Node ports: numbers in use, rebuilt from the Services at first use and by the repair loop. Ports below the dynamic band are
 * left for those who ask for a certain one (KEP-3668).
 */
import { AllocationError } from "./cluster-ip-allocator.ts";

export class PortAllocator {
  readonly first: number;
  readonly last: number;
  readonly #random: () => number;
  readonly #used = new Set<number>();
  #suspects = new Set<number>();

  constructor(range: readonly [number, number] = [30000, 32767], random: () => number = Math.random) {
    this.first = range[0];
    this.last = range[1];
    this.#random = random;
  }

  has(port: number): boolean {
    return this.#used.has(port);
  }

  get used(): ReadonlySet<number> {
    return this.#used;
  }

  contains(port: number): boolean {
    return port >= this.first && port <= this.last;
  }

  /** Throws {@link AllocationError}. */
  check(port: number): void {
    if (!this.contains(port))
      throw new AllocationError(`provided port is not in the valid range. The range of valid ports is ${this.first}-${this.last}`);
    if (this.#used.has(port)) throw new AllocationError("provided port is already allocated");
  }

  allocate(port: number): void {
    this.check(port);
    this.#used.add(port);
  }

  /** A free port, from the dynamic band while it has one. `also`: ports to stay clear of. */
  next(also: ReadonlySet<number> = new Set()): number {
    const dynamic = this.first + staticBand(this.last - this.first + 1);
    const found = this.#find(dynamic, this.last, also) ?? this.#find(this.first, dynamic - 1, also);
    if (found === undefined) throw new AllocationError("range is full", true);
    return found;
  }

  release(port: number): void {
    this.#used.delete(port);
    this.#suspects.delete(port);
  }

  /**
   * Takes `owned` as what is in use. A port that is taken and owned by nobody may belong to a write under way: it is freed
   * when it is still so the next time. Answers those freed.
   */
  keepOnly(owned: ReadonlySet<number>): number[] {
    for (const port of owned) this.#used.add(port);
    const orphans = [...this.#used].filter((port) => !owned.has(port));
    const freed = orphans.filter((port) => this.#suspects.has(port));
    this.#suspects = new Set(orphans);
    for (const port of freed) this.release(port);
    return freed;
  }

  #find(from: number, to: number, also: ReadonlySet<number>): number | undefined {
    const size = to - from + 1;
    if (size <= 0) return undefined;
    const start = Math.floor(this.#random() * size);
    for (let i = 0; i < size; i++) {
      const port = from + ((start + i) % size);
      if (!this.#used.has(port) && !also.has(port)) return port;
    }
    return undefined;
  }
}

/** `min(max(16, size / 32), 128)`; none in ranges too small for it. */
function staticBand(size: number): number {
  if (size <= 16) return 0;
  return Math.min(Math.max(16, Math.floor(size / 32)), 128);
}

/** What one write takes and gives back: nothing is final before {@link PortOperation.commit}. A dry run touches nothing. */
export class PortOperation {
  readonly #ports: PortAllocator;
  readonly #dryRun: boolean;
  readonly #taken = new Set<number>();
  readonly #leaving: number[] = [];

  constructor(ports: PortAllocator, dryRun: boolean) {
    this.#ports = ports;
    this.#dryRun = dryRun;
  }

  allocate(port: number): void {
    if (this.#taken.has(port)) throw new AllocationError("provided port is already allocated");
    // A dry run does not look whether the port is one that could be given.
    if (!this.#dryRun) this.#ports.allocate(port);
    else if (this.#ports.contains(port)) this.#ports.check(port);
    this.#taken.add(port);
  }

  next(): number {
    const port = this.#ports.next(this.#taken);
    this.allocate(port);
    return port;
  }

  /** Given back when the write succeeds. */
  releaseLater(port: number): void {
    this.#leaving.push(port);
  }

  commit(): void {
    if (!this.#dryRun) for (const port of this.#leaving) this.#ports.release(port);
    this.#taken.clear();
  }

  revert(): void {
    if (!this.#dryRun) for (const port of this.#taken) this.#ports.release(port);
    this.#taken.clear();
  }
}
