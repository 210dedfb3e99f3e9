/**
 * Addresses of a node's pods, drawn round from its range so that an address just given back is not the next one given.
 * Each lease is a file named by its address, holding container, interface and, as JSON, the ports of the node that lead to
 * it: an agent that restarts reads them back.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PortMapping } from "../host-port.ts";

export interface Lease {
  readonly address: string;
  readonly containerId: string;
  readonly ifname: string;
  readonly ports: readonly PortMapping[];
}

export class AddressPool {
  readonly #dir: string;
  readonly #leases = new Map<string, Lease>();
  readonly #first: number;
  readonly #size: number;
  #next: number;

  /** `range`: the node's pod range, `10.1.2.0/24`. Its first address (`.1`) stays free for the node. */
  constructor(dir: string, range: string) {
    const [network, bits] = range.split("/") as [string, string];
    this.#first = toNumber(network) + 2;
    this.#size = 2 ** (32 - Number(bits)) - 3;
    this.#dir = dir;
    mkdirSync(dir, { recursive: true });
    this.#next = 0;
    for (const address of readdirSync(dir)) {
      const [containerId = "", ifname = "", ports = ""] = readFileSync(join(dir, address), "utf8").split("\n");
      this.#leases.set(address, { address, containerId, ifname, ports: ports === "" ? [] : (JSON.parse(ports) as PortMapping[]) });
      const offset = toNumber(address) - this.#first;
      if (offset >= this.#next && offset < this.#size) this.#next = offset + 1;
    }
  }

  find(containerId: string, ifname: string): Lease | undefined {
    for (const lease of this.#leases.values()) if (lease.containerId === containerId && lease.ifname === ifname) return lease;
    return undefined;
  }

  list(): Lease[] {
    return [...this.#leases.values()];
  }

  /** Undefined when every address is taken. */
  take(containerId: string, ifname: string, ports: readonly PortMapping[] = []): Lease | undefined {
    for (let i = 0; i < this.#size; i++) {
      const offset = (this.#next + i) % this.#size;
      const address = toText(this.#first + offset);
      if (this.#leases.has(address)) continue;
      this.#next = (offset + 1) % this.#size;
      const lease = { address, containerId, ifname, ports };
      writeFileSync(join(this.#dir, address), `${containerId}\n${ifname}\n${ports.length === 0 ? "" : `${JSON.stringify(ports)}\n`}`);
      this.#leases.set(address, lease);
      return lease;
    }
    return undefined;
  }

  release(lease: Lease): void {
    rmSync(join(this.#dir, lease.address), { force: true });
    this.#leases.delete(lease.address);
  }
}

function toNumber(address: string): number {
  return address.split(".").reduce((n, p) => n * 256 + Number(p), 0);
}

function toText(n: number): string {
  return [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join(".");
}
