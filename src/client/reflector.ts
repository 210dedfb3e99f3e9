/**
 * Follows one resource: initial state by a streaming list where the server has it, else by pages; then a watch that goes
 * on from the last version whenever it breaks. Only a version that the server no longer knows (410) makes it start over.
 */
import { hasReason, isApiError } from "../core/api-error.ts";
import { Backoff } from "../core/backoff.ts";
import type { Clock } from "../core/clock.ts";
import { sleep } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { KubeObject } from "../schema/object.ts";
import type { ListOptions, ResourceClient, WatchEvent } from "./client.ts";
import { listPages } from "./pager.ts";

/** What the reflector tells. `replace` carries the whole state; the others one change each, in the server's order. */
export interface ReflectorTarget<T> {
  replace(objects: readonly T[]): void;
  change(type: "ADDED" | "MODIFIED" | "DELETED", object: T): void;
}

export interface ReflectorOptions {
  clock: Clock;
  log: Logger;
  labelSelector?: string;
  fieldSelector?: string;
  /** Ask for `sendInitialEvents`; falls back to a list when the server refuses. */
  streamingList: boolean;
  /** Objects a page of a list; 500 as client-go. */
  pageSize?: number;
  random?: () => number;
}

/** Runs until `signal` aborts; then resolves. */
export async function reflect<T extends object>(
  client: ResourceClient<T>,
  target: ReflectorTarget<T>,
  options: ReflectorOptions,
  signal: AbortSignal,
): Promise<void> {
  await new Reflector(client, target, options, signal).run();
}

class Reflector<T extends object> {
  readonly #client: ResourceClient<T>;
  readonly #target: ReflectorTarget<T>;
  readonly #options: ReflectorOptions;
  readonly #signal: AbortSignal;
  readonly #backoff: Backoff;
  readonly #selectors: { labelSelector?: string; fieldSelector?: string };
  readonly #random: () => number;
  #streaming: boolean;
  /** Where the watch goes on; undefined: the whole state is needed first. */
  #version: string | undefined;
  /** A new list must not be older than what was delivered. "": as the store stands now, once the server has lost our version. */
  #floor = "0";
  /** No event has come since the last attempt began. */
  #quiet = false;
  #failures = 0;

  constructor(client: ResourceClient<T>, target: ReflectorTarget<T>, options: ReflectorOptions, signal: AbortSignal) {
    this.#client = client;
    this.#target = target;
    this.#options = options;
    this.#signal = signal;
    this.#streaming = options.streamingList;
    this.#random = options.random ?? Math.random;
    this.#backoff = new Backoff(options.clock, { base: 100, max: 30_000, jitter: 1, resetAfter: 120_000 }, this.#random);
    this.#selectors = {
      ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
      ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
    };
  }

  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      const started = this.#options.clock.monotonic();
      try {
        if (this.#version !== undefined) await this.#watch(this.#version);
        else if (this.#streaming) await this.#streamAll();
        else await this.#listAll();
        // A watch that ends at once says that the server is in trouble, without an error.
        if (this.#options.clock.monotonic() - started > 1000) this.#backoff.reset();
        else if (this.#quiet) await this.#pause();
      } catch (error) {
        if (this.#signal.aborted) return;
        await this.#failed(error);
      }
    }
  }

  async #pause(): Promise<void> {
    try {
      await sleep(this.#options.clock, this.#backoff.next(), this.#signal);
    } catch (error) {
      if (!this.#signal.aborted) throw error;
    }
  }

  async #failed(error: unknown): Promise<void> {
    if (this.#version === undefined && this.#streaming && isApiError(error) && [400, 405, 406, 422].includes(error.code)) {
      this.#streaming = false;
      return;
    }
    this.#report(error);
    if (startsOver(error)) {
      // A list that fails so, or a version from the future: the server has been set back, only its present state counts.
      if (this.#version === undefined || !isGone(error)) this.#floor = "";
      this.#version = undefined;
    }
    if (!this.#quiet) this.#backoff.reset();
    await this.#pause();
  }

  /** One failure is how connections are; three in a row someone should know of, and again when it goes on. */
  #report(error: unknown): void {
    this.#failures = this.#quiet ? this.#failures + 1 : 1;
    const level = this.#failures === 3 || this.#failures % 20 === 0 ? "warn" : "debug";
    this.#options.log[level]("list or watch failed", { resource: this.#client.ref.resource, failures: this.#failures, error });
  }

  async #listAll(): Promise<void> {
    this.#quiet = true;
    const options: ListOptions = { ...this.#selectors, signal: this.#signal, resourceVersion: this.#floor };
    const items: T[] = [];
    // With a limit, a version means exactly that version, which may be compacted already.
    const pageSize = this.#floor === "" || this.#floor === "0" ? (this.#options.pageSize ?? 500) : 0;
    const version = await listPages(
      this.#client,
      options,
      pageSize,
      (page) => {
        for (const item of page) items.push(item);
      },
      () => void (items.length = 0),
    );
    if (this.#signal.aborted) return;
    this.#target.replace(items);
    this.#moved(version);
  }

  /** The state as ADDED events up to the bookmark that ends them, then the changes on the same stream. */
  async #streamAll(): Promise<void> {
    this.#quiet = true;
    const initial = new Map<string, T>();
    let complete = false;
    const events = this.#client.watch({
      ...this.#selectors,
      sendInitialEvents: true,
      resourceVersionMatch: "NotOlderThan",
      allowWatchBookmarks: true,
      timeoutSeconds: this.#timeout(),
      signal: this.#signal,
      ...(this.#floor === "" || this.#floor === "0" ? {} : { resourceVersion: this.#floor }),
    });
    for await (const event of events) {
      if (complete) {
        this.#deliver(event);
        continue;
      }
      const metadata = (event.object as KubeObject).metadata ?? {};
      const key = `${metadata.namespace ?? ""}/${metadata.name ?? ""}`;
      if (event.type === "DELETED") initial.delete(key);
      else if (event.type !== "BOOKMARK") initial.set(key, event.object);
      else if (metadata.annotations?.["k8s.io/initial-events-end"] === "true") {
        complete = true;
        this.#target.replace([...initial.values()]);
        initial.clear();
        this.#moved(metadata.resourceVersion);
      }
    }
  }

  async #watch(version: string): Promise<void> {
    this.#quiet = true;
    const events = this.#client.watch({
      ...this.#selectors,
      resourceVersion: version,
      allowWatchBookmarks: true,
      timeoutSeconds: this.#timeout(),
      signal: this.#signal,
    });
    for await (const event of events) this.#deliver(event);
  }

  #deliver(event: WatchEvent<T>): void {
    if (this.#signal.aborted) return;
    if (event.type !== "BOOKMARK") this.#target.change(event.type, event.object);
    this.#moved((event.object as KubeObject).metadata?.resourceVersion);
  }

  #moved(version: string | undefined): void {
    this.#quiet = false;
    if (version === undefined || version === "") return;
    this.#version = version;
    this.#floor = version;
  }

  /** Between five and ten minutes, so that not all watches end together. */
  #timeout(): number {
    return Math.floor(300 * (1 + this.#random()));
  }
}

function isGone(error: unknown): boolean {
  return isApiError(error) && (error.code === 410 || hasReason(error, "Expired", "Gone"));
}

/** 410, and a version that the server has not reached (it was restored to an earlier state). */
function startsOver(error: unknown): boolean {
  if (isGone(error)) return true;
  return isApiError(error) && (error.details?.causes ?? []).some((c) => c.reason === "ResourceVersionTooLarge");
}
