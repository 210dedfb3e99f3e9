/** Waiting for the cluster: until an object is as wanted, until it is gone, until a condition holds. */
import { hasReason } from "../core/api-error.ts";
import type { Clock } from "../core/clock.ts";
import { sleep, systemClock } from "../core/clock.ts";
import type { KubeObject } from "../schema/object.ts";
import type { ListOptions, ResourceClient } from "./client.ts";

export interface WaitOptions {
  signal?: AbortSignal;
  clock?: Clock;
}

/**
 * Watches one object until `done` holds and answers it; `done` gets undefined while it does not exist. Goes on when the
 * watch breaks; ends with the signal's reason.
 */
export async function waitFor<T extends object>(
  client: ResourceClient<T>,
  name: string,
  done: (object: T | undefined) => boolean,
  options: WaitOptions = {},
): Promise<T | undefined> {
  const { clock = systemClock, signal } = options;
  const one: Pick<ListOptions, "fieldSelector" | "signal"> = {
    fieldSelector: `metadata.name=${name}`,
    ...(signal === undefined ? {} : { signal }),
  };
  for (;;) {
    signal?.throwIfAborted();
    try {
      const { items, metadata } = await client.list(one);
      if (done(items[0])) return items[0];
      const resourceVersion = metadata.resourceVersion ?? "";
      for await (const event of client.watch({ ...one, resourceVersion, timeoutSeconds: 300 })) {
        if (event.type === "BOOKMARK") continue;
        const object = event.type === "DELETED" ? undefined : event.object;
        if (done(object)) return object;
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!hasReason(error, "Expired", "Gone", "ServiceUnavailable", "Timeout", "TooManyRequests", "InternalError")) throw error;
      await sleep(clock, 200, signal);
    }
  }
}

/** Until the object is gone, or another one has its name. */
export async function waitForDeletion<T extends KubeObject>(
  client: ResourceClient<T>,
  object: T,
  options: WaitOptions = {},
): Promise<void> {
  await waitFor(client, object.metadata?.name ?? "", (now) => now === undefined || now.metadata?.uid !== object.metadata?.uid, options);
}

/** Asks again every `interval` ms until `done` answers something, which is the result. */
export async function poll<R>(done: () => Promise<R | undefined> | R | undefined, interval: number, options: WaitOptions = {}): Promise<R> {
  for (;;) {
    options.signal?.throwIfAborted();
    const result = await done();
    if (result !== undefined) return result;
    await sleep(options.clock ?? systemClock, interval, options.signal);
  }
}
