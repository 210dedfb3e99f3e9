/**
 * Leader election on a Lease, as client-go's leaderelection: the holder renews, the others wait until the record has not
 * changed for a lease duration **by their own clock** (clocks of machines are never compared).
 */
import { hasReason } from "../core/api-error.ts";
import type { Clock } from "../core/clock.ts";
import { formatMicroTime, sleep, systemClock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { silent } from "../core/log.ts";
import { type Lease, leases } from "../schema/types/coordination-v1.ts";
import type { Client, ResourceClient } from "./client.ts";

export interface LeaderElectionOptions {
  readonly client: Client;
  readonly namespace: string;
  readonly name: string;
  /** Unique among the candidates: host name and a UUID. */
  readonly identity: string;
  readonly clock?: Clock;
  readonly log?: Logger;
  /** 15 000 ms: how long the others wait after the last renewal. */
  readonly leaseDuration?: number;
  /** 10 000 ms: how long the leader tries to renew before it gives up. */
  readonly renewDeadline?: number;
  /** 2 000 ms between attempts. */
  readonly retryPeriod?: number;
  /** Gives the lease up when the signal aborts, so that another takes over at once. True when absent. */
  readonly releaseOnCancel?: boolean;
  readonly random?: () => number;
  /** Called whenever another identity is seen to lead. */
  onNewLeader?(identity: string): void;
}

/**
 * Waits until this candidate leads, runs `lead`, and resolves when it has ended. `lead` gets a signal that aborts when
 * leadership is lost or `signal` aborts; it must stop then. Resolves `lost` when leadership went to someone else.
 */
export async function runAsLeader(
  options: LeaderElectionOptions,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<"done" | "lost" | "cancelled"> {
  const elector = new Elector(options);
  if (!(await elector.acquire(signal))) return "cancelled";
  const term = new AbortController();
  const renewing = elector.renew(AbortSignal.any([signal, term.signal])).then((lost) => {
    if (lost) term.abort(new Error("leadership was lost"));
    return lost;
  });
  try {
    await lead(AbortSignal.any([signal, term.signal]));
  } catch (error) {
    if (!term.signal.aborted && !signal.aborted) {
      term.abort();
      await renewing;
      await elector.release();
      throw error;
    }
  }
  term.abort();
  const lost = await renewing;
  if (!lost) await elector.release();
  return lost ? "lost" : signal.aborted ? "cancelled" : "done";
}

class Elector {
  readonly #options: LeaderElectionOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #leaseDuration: number;
  readonly #renewDeadline: number;
  readonly #retryPeriod: number;
  /** The record as last seen, and when it last changed by this clock. */
  #observed: Lease | undefined;
  #observedAt = 0;
  #reported = "";

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = (options.log ?? silent).child("leader-election", { lease: `${options.namespace}/${options.name}` });
    this.#leaseDuration = options.leaseDuration ?? 15_000;
    this.#renewDeadline = options.renewDeadline ?? 10_000;
    this.#retryPeriod = options.retryPeriod ?? 2_000;
    if (this.#leaseDuration <= this.#renewDeadline) throw new Error("leaseDuration must be greater than renewDeadline");
    if (this.#renewDeadline <= 1.2 * this.#retryPeriod) throw new Error("renewDeadline must be greater than retryPeriod*JitterFactor");
  }

  async acquire(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (await this.#attempt(signal)) {
        this.#log.info("became the leader", { identity: this.#options.identity });
        return true;
      }
      // With client-go's jitter, so that candidates do not come together.
      await this.#pause(this.#retryPeriod * (1 + 1.2 * (this.#options.random ?? Math.random)()), signal);
    }
    return false;
  }

  /** True when leadership was lost, false when `signal` aborted. */
  async renew(signal: AbortSignal): Promise<boolean> {
    let renewedAt = this.#clock.monotonic();
    for (;;) {
      await this.#pause(this.#retryPeriod, signal);
      if (signal.aborted) return false;
      const left = this.#renewDeadline - (this.#clock.monotonic() - renewedAt);
      const deadline = new AbortController();
      const timer = this.#clock.setTimeout(() => deadline.abort(new Error("the renewal took too long")), Math.max(0, left));
      const renewed = await this.#attempt(AbortSignal.any([signal, deadline.signal]));
      timer.cancel();
      if (signal.aborted) return false;
      if (renewed) renewedAt = this.#clock.monotonic();
      else if (this.#holder() !== this.#options.identity || this.#clock.monotonic() - renewedAt >= this.#renewDeadline) {
        this.#log.warn("lost the leadership", { holder: this.#holder() });
        return true;
      }
    }
  }

  async release(): Promise<void> {
    if (this.#options.releaseOnCancel === false || this.#observed === undefined || this.#holder() !== this.#options.identity) return;
    const now = formatMicroTime(this.#clock.now());
    const spec = { ...this.#observed.spec, holderIdentity: "", leaseDurationSeconds: 1, renewTime: now, acquireTime: now };
    try {
      await this.#resource().update({ ...this.#observed, spec });
    } catch (error) {
      this.#log.debug("the lease could not be released", { error });
    }
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await sleep(this.#clock, ms, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #resource(): ResourceClient<Lease> {
    return this.#options.client.resource(leases, this.#options.namespace);
  }

  #holder(): string {
    return this.#observed?.spec?.holderIdentity ?? "";
  }

  async #attempt(signal: AbortSignal): Promise<boolean> {
    try {
      return await this.#acquireOrRenew(signal);
    } catch (error) {
      if (hasReason(error, "Conflict", "AlreadyExists")) this.#log.debug("someone else wrote the lease", {});
      else if (!signal.aborted) this.#log.warn("the lease could not be read or written", { error });
      return false;
    }
  }

  async #acquireOrRenew(signal: AbortSignal): Promise<boolean> {
    const { namespace, name, identity } = this.#options;
    const own = this.#observed;
    if (own !== undefined && this.#holder() === identity && this.#observedAt + this.#leaseDuration > this.#clock.monotonic()) {
      try {
        this.#observe(await this.#resource().update({ ...own, spec: this.#spec(own) }, { signal }));
        return true;
      } catch (error) {
        this.#log.debug("the lease was not renewed at once: reading it", { error });
      }
    }
    let lease: Lease;
    try {
      lease = await this.#resource().get(name, { signal });
    } catch (error) {
      if (!hasReason(error, "NotFound")) throw error;
      this.#observe(await this.#resource().create({ metadata: { namespace, name }, spec: this.#spec(undefined) }, { signal }));
      return true;
    }
    if (lease.metadata?.resourceVersion !== this.#observed?.metadata?.resourceVersion) this.#observe(lease);
    const holder = lease.spec?.holderIdentity ?? "";
    const duration = (lease.spec?.leaseDurationSeconds ?? 0) * 1000;
    if (holder !== "" && holder !== identity && this.#observedAt + duration > this.#clock.monotonic()) return false;
    this.#observe(await this.#resource().update({ ...lease, spec: this.#spec(lease) }, { signal }));
    return true;
  }

  #spec(before: Lease | undefined): NonNullable<Lease["spec"]> {
    const now = formatMicroTime(this.#clock.now());
    const own = before?.spec?.holderIdentity === this.#options.identity;
    const transitions = before?.spec?.leaseTransitions ?? 0;
    return {
      ...before?.spec,
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: Math.ceil(this.#leaseDuration / 1000),
      acquireTime: own ? (before?.spec?.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: before === undefined || own ? transitions : transitions + 1,
    };
  }

  #observe(lease: Lease): void {
    this.#observed = lease;
    this.#observedAt = this.#clock.monotonic();
    const holder = this.#holder();
    if (holder !== this.#reported) {
      this.#reported = holder;
      this.#options.onNewLeader?.(holder);
    }
  }
}
