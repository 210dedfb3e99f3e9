/**
 * Life spans of keys as etcd's leases. A lease costs etcd more than a key, so keys written within a twentieth of their span
 * (at most a minute) share one, a thousand at most, as upstream does for events.
 */
import type { Clock } from "../../core/clock.ts";
import type { EtcdConnection } from "./etcd-connection.ts";
import type { LeaseGrantResponse } from "./messages.ts";

interface Lease {
  readonly id: Promise<number>;
  /** Monotonic ms at which it is over. */
  readonly ends: number;
  attached: number;
}

const reuseShare = 0.05;
const reuseSeconds = 60;
const maxAttached = 1000;

export class LeasePool {
  readonly #connection: EtcdConnection;
  readonly #clock: Clock;
  readonly #leases = new Map<number, Lease>();

  constructor(connection: EtcdConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  /** The id of a lease that lasts at least `ttl` seconds from now. Throws StoreError. */
  leaseFor(ttl: number): Promise<number> {
    const now = this.#clock.monotonic();
    const extra = Math.min(Math.floor(ttl * reuseShare), reuseSeconds);
    const known = this.#leases.get(ttl);
    if (known !== undefined && known.attached < maxAttached && now + ttl * 1000 < known.ends) {
      known.attached++;
      return known.id;
    }
    const id = this.#grant(ttl + extra);
    const lease: Lease = { id, ends: now + (ttl + extra) * 1000, attached: 1 };
    this.#leases.set(ttl, lease);
    id.catch(() => {
      if (this.#leases.get(ttl) === lease) this.#leases.delete(ttl);
    });
    return id;
  }

  async #grant(ttl: number): Promise<number> {
    // Chosen here, below 2^53: etcd's own ids do not fit into a number.
    const id = 1 + Math.floor(Math.random() * (Number.MAX_SAFE_INTEGER - 1));
    const request = { TTL: Math.max(1, Math.ceil(ttl)), ID: id };
    await this.#connection.call<LeaseGrantResponse>("Lease", "LeaseGrant", request, { repeatable: false });
    return id;
  }
}
