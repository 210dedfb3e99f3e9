/**
 * The one watch on everything that the store holds, in one order, over whichever member answers. It goes on where it was after a
 * break, and ends only when etcd has forgotten what it missed.
 */
import type { Clock, Timer } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { GrpcDuplex } from "../../host/grpc.ts";
import { StoreError } from "../store.ts";
import type { EtcdConnection } from "./etcd-connection.ts";
import type { EtcdRange } from "./key-space.ts";
import type { EtcdEvent, WatchResponse } from "./messages.ts";

export interface FeedOptions {
  readonly connection: EtcdConnection;
  readonly range: EtcdRange;
  readonly clock: Clock;
  readonly log: Logger;
  /** etcd's progress notices can be believed. */
  readonly trusted: () => boolean;
  /** Makes something happen in the range, where progress cannot be asked for. */
  readonly tick: () => Promise<void>;
  events(events: readonly EtcdEvent[]): void;
  /** All events up to this revision have been told. */
  progress(revision: number): void;
  /** What came after {@link WatchFeed.revision} is lost; the feed has to be started anew. */
  compacted(revision: number): void;
}

interface Waiter {
  readonly revision: number;
  /** There may be no event at this revision: the member has to be asked. */
  readonly ask: boolean;
  readonly resolve: () => void;
}

/** How often progress is asked for while someone waits, and how long events may take by themselves before that. */
const askEvery = 100;
const longestPause = 2000;

export class WatchFeed {
  readonly #options: FeedOptions;
  #stream: GrpcDuplex | undefined;
  #revision = 0;
  #waiting: Waiter[] = [];
  #asking: Timer | undefined;
  #retry: Timer | undefined;
  #failures = 0;
  #closed = false;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Everything up to here has been told. */
  get revision(): number {
    return this.#revision;
  }

  /** Tells what happens after `revision`. */
  start(revision: number): void {
    this.#revision = revision;
    this.#stream?.cancel();
    this.#connect();
  }

  #connect(): void {
    if (this.#closed) return;
    const { connection, range } = this.#options;
    const observer = {
      message: (response: WatchResponse) => this.#message(response, member),
      end: (error: Error | undefined) => this.#broken(member, error?.message ?? "the member ended the watch"),
    };
    const { stream, member } = connection.duplex<WatchResponse>("Watch", "Watch", observer);
    this.#stream = stream;
    stream.send({ createRequest: { ...range, startRevision: this.#revision + 1, prevKv: true, fragment: true, progressNotify: true } });
  }

  #message(response: WatchResponse, member: number): void {
    if (response.canceled) {
      this.#stream?.cancel();
      this.#stream = undefined;
      if (response.compactRevision > 0) this.#options.compacted(response.compactRevision);
      else this.#broken(member, response.cancelReason);
      return;
    }
    if (response.created) {
      if (this.#failures > 0) this.#options.log.info("the watch on etcd goes on", { endpoint: this.#options.connection.endpoints[member] });
      this.#failures = 0;
      if (this.#waiting.some((w) => w.ask)) this.hurry();
      return;
    }
    const last = response.events.at(-1);
    if (last === undefined) {
      if (this.#options.trusted()) this.#advance(response.header.revision);
      return;
    }
    this.#options.events(response.events);
    if (!response.fragment) this.#advance(last.kv.modRevision);
  }

  #broken(member: number, why: string): void {
    if (this.#closed) return;
    this.#stream = undefined;
    this.#options.connection.leave(member);
    const failures = this.#failures++;
    if (failures === 0) {
      this.#options.log.warn("the watch on etcd broke; trying again", { endpoint: this.#options.connection.endpoints[member], why });
    }
    this.#retry = this.#options.clock.setTimeout(() => this.#connect(), Math.min(50 * 2 ** failures, longestPause));
  }

  #advance(revision: number): void {
    if (revision <= this.#revision) return;
    this.#revision = revision;
    this.#options.progress(revision);
    if (this.#waiting.length === 0) return;
    const met = this.#waiting.filter((w) => w.revision <= revision);
    if (met.length === 0) return;
    this.#waiting = this.#waiting.filter((w) => w.revision > revision);
    for (const { resolve } of met) resolve();
    this.#stopAsking();
  }

  /**
   * Resolves when everything up to `revision` has been told, or after `patience` ms all the same. `ask`: there may be no event at
   * that revision in the range.
   */
  reach(revision: number, patience: number, ask: boolean): Promise<void> | undefined {
    if (revision <= this.#revision) return undefined;
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimeout(() => {
        this.#waiting = this.#waiting.filter((w) => w !== waiter);
        this.#stopAsking();
        resolve();
      }, patience);
      const waiter: Waiter = {
        revision,
        ask,
        resolve: () => {
          timer.cancel();
          resolve();
        },
      };
      this.#waiting.push(waiter);
      if (ask) this.#asking ??= this.#options.clock.setInterval(() => this.hurry(), askEvery);
    });
  }

  /** Asks how far the watch is: the answer tells that no event is on its way. */
  hurry(): void {
    if (this.#stream === undefined) return;
    if (this.#options.trusted()) this.#stream.send({ progressRequest: {} });
    else void this.#options.tick().catch(() => undefined /* whoever waits is told by its own time-out */);
  }

  get trusted(): boolean {
    return this.#options.trusted();
  }

  #stopAsking(): void {
    if (this.#asking === undefined || this.#waiting.some((w) => w.ask)) return;
    this.#asking.cancel();
    this.#asking = undefined;
  }

  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
    this.#stream?.cancel();
    for (const { resolve } of this.#waiting.splice(0)) resolve();
    this.#stopAsking();
  }
}

/**
 * Everything that happened from one revision up to another one, at which there was an event, on a stream of its own.
 * Answers how to stop it early.
 */
export function tellPast(
  options: Pick<FeedOptions, "connection" | "range">,
  from: number,
  upTo: number,
  observer: { events(events: readonly EtcdEvent[]): void; done(error: StoreError | undefined): void },
): () => void {
  let over = false;
  const finish = (error: StoreError | undefined): void => {
    if (over) return;
    over = true;
    stream.cancel();
    observer.done(error);
  };
  const { stream } = options.connection.duplex<WatchResponse>("Watch", "Watch", {
    message: (response) => {
      if (over) return;
      if (response.canceled) {
        const { compactRevision, cancelReason } = response;
        const text = compactRevision > 0 ? `revision ${from} has been compacted, the oldest is ${compactRevision}` : cancelReason;
        finish(new StoreError(compactRevision > 0 ? "compacted" : "remote", text, { revision: compactRevision }));
        return;
      }
      const last = response.events.at(-1);
      if (last === undefined) return;
      observer.events(response.events);
      if (last.kv.modRevision >= upTo && !response.fragment) finish(undefined);
    },
    end: (error) => finish(new StoreError("remote", error?.message ?? "the member ended the watch")),
  });
  stream.send({ createRequest: { ...options.range, startRevision: from, prevKv: true, fragment: true } });
  return () => {
    over = true;
    stream.cancel();
  };
}
