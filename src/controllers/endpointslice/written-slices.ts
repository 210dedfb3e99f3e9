/**
 * Slices that were written and that the cache does not show yet. A reconcile that started from the older state would
 * make slices twice: their names are the server's, so nothing else would stop it.
 */
import type { Clock } from "../../core/clock.ts";
import type { Lister } from "../../client/informer.ts";
import type { EndpointSlice } from "../../schema/types/discovery-v1.ts";

/** A write that has not shown up after this is given up: an event may have been lost (milliseconds). */
const patience = 30_000;

interface Written {
  readonly namespace: string;
  readonly name: string;
  /** Undefined: it was deleted. */
  readonly version: number | undefined;
  readonly uid: string;
  readonly at: number;
}

export class WrittenSlices {
  readonly #clock: Clock;
  readonly #services = new Map<string, Map<string, Written>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wrote(service: string, slice: EndpointSlice): void {
    this.#note(service, slice, Number(slice.metadata?.resourceVersion ?? 0));
  }

  removed(service: string, slice: EndpointSlice): void {
    this.#note(service, slice, undefined);
  }

  #note(service: string, slice: EndpointSlice, version: number | undefined): void {
    let slices = this.#services.get(service);
    if (slices === undefined) this.#services.set(service, (slices = new Map()));
    const { namespace = "", name = "", uid = "" } = slice.metadata ?? {};
    slices.set(name, { namespace, name, version, uid, at: this.#clock.monotonic() });
  }

  /** The cache shows everything that was written for `service`. */
  shown(service: string, lister: Lister<EndpointSlice>): boolean {
    const slices = this.#services.get(service);
    if (slices === undefined) return true;
    const now = this.#clock.monotonic();
    for (const written of slices.values()) {
      const cached = lister.get(written.namespace, written.name);
      if (now - written.at > patience || isShown(written, cached)) slices.delete(written.name);
    }
    if (slices.size > 0) return false;
    this.#services.delete(service);
    return true;
  }

  /** Whether an event tells what we wrote ourselves, or something older. */
  expects(service: string, slice: EndpointSlice): boolean {
    const written = this.#services.get(service)?.get(slice.metadata?.name ?? "");
    return written !== undefined && (written.version === undefined || Number(slice.metadata?.resourceVersion ?? 0) <= written.version);
  }

  /** Seen to be gone, whoever did it. */
  gone(service: string, slice: EndpointSlice): void {
    this.#services.get(service)?.delete(slice.metadata?.name ?? "");
  }

  forget(service: string): void {
    this.#services.delete(service);
  }
}

function isShown(written: Written, cached: EndpointSlice | undefined): boolean {
  if (written.version === undefined) {
    return cached === undefined || cached.metadata?.uid !== written.uid || cached.metadata.deletionTimestamp !== undefined;
  }
  return cached !== undefined && Number(cached.metadata?.resourceVersion ?? 0) >= written.version;
}
