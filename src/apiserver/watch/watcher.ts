/**
 * One watch from its start to its end: initial events, what it missed, then its group's events. Where the events go is
 * behind {@link WatchOutput}: bytes to a connection, or objects to someone in this process.
 */
import { expired, type FailureStatus } from "../../core/api-error.ts";
import type { Clock, Timer } from "../../core/clock.ts";
import type { Change } from "../encoding/frames.ts";
import type { Entry } from "../storage/entry.ts";
import type { OrderedMap } from "../../store/ordered-map.ts";
import type { Selection } from "../storage/selection.ts";
import { type GroupMember, selectChanges, type WatchGroup, type WatchHub } from "./watch-hub.ts";

export interface WatchOutput {
  /** Equal for outputs that may share a group's bytes. */
  readonly groupKey: string | undefined;
  changes(changes: readonly Change[], group: WatchGroup | undefined): void;
  bookmark(revision: number, endsInitialEvents: boolean, group: WatchGroup | undefined): void;
  error(status: FailureStatus): void;
  end(): void;
  /** Ends at once, without what is still on its way. */
  cut(): void;
  /** More is on its way than the peer takes: stop until {@link onDrain} runs. */
  readonly full: boolean;
  onDrain(run: () => void): void;
}

export interface WatchPlan {
  readonly selection: Selection;
  /** The present state first, as ADDED events. */
  readonly initialEvents: boolean;
  /** Marks the end of the initial events by a bookmark. */
  readonly initialEventsEnd: boolean;
  /** Without initial events: events after this revision. */
  readonly after: number;
  readonly bookmarks: boolean;
  /** Milliseconds until the watch ends by itself. */
  readonly timeout: number;
  /** All there is to tell: why the watch cannot begin. */
  readonly failure?: FailureStatus | undefined;
}

/** Events that are looked at in one go while catching up. */
const stride = 500;

export class Watcher implements GroupMember {
  readonly wantsBookmarks: boolean;
  readonly #hub: WatchHub;
  readonly #plan: WatchPlan;
  readonly #output: WatchOutput;
  readonly #timer: Timer;
  readonly #onEnd: () => void;
  #leave: (() => void) | undefined;
  #position: number;
  #ended = false;
  /** The peer has been given more than it takes since this many bookmark intervals. */
  #stuck = 0;

  constructor(hub: WatchHub, plan: WatchPlan, output: WatchOutput, clock: Clock, onEnd: () => void) {
    this.#hub = hub;
    this.#plan = plan;
    this.#output = output;
    this.wantsBookmarks = plan.bookmarks;
    this.#position = plan.after;
    this.#onEnd = onEnd;
    this.#timer = clock.setTimeout(() => this.#timedOut(), plan.timeout);
  }

  start(): void {
    const { cache } = this.#hub;
    if (this.#plan.failure !== undefined) {
      this.#output.error(this.#plan.failure);
      this.end();
    } else if (this.#plan.initialEvents) this.#initial(cache.tree.clone(), cache.revision, "");
    else this.#catchUp();
  }

  #initial(tree: OrderedMap<Entry>, revision: number, from: string): void {
    if (this.#ended) return;
    const { selection } = this.#plan;
    let start = from;
    for (;;) {
      const changes: Change[] = [];
      let seen = 0;
      let last = "";
      this.#hub.cache.scan(tree, selection.prefix, start, (entry) => {
        last = entry.key;
        if (selection.matches(entry)) changes.push({ type: "ADDED", entry });
        return ++seen >= stride;
      });
      if (changes.length > 0) this.#output.changes(changes, undefined);
      if (seen < stride) break;
      start = `${last}\u0000`;
      if (this.#output.full) {
        const next = start;
        this.#waitForPeer(() => this.#initial(tree, revision, next));
        return;
      }
    }
    if (this.#plan.initialEventsEnd) this.#output.bookmark(revision, true, undefined);
    this.#position = revision;
    this.#catchUp();
  }

  #catchUp(): void {
    const { cache } = this.#hub;
    while (!this.#ended) {
      if (this.#output.full) {
        this.#waitForPeer(() => this.#catchUp());
        return;
      }
      const past = cache.eventsAfter(this.#position, stride);
      if (past === undefined) {
        this.#output.error(expired(`too old resource version: ${this.#position} (${cache.oldest})`).toStatus());
        this.end();
        return;
      }
      const changes = selectChanges(past.events, this.#plan.selection);
      if (changes.length > 0) this.#output.changes(changes, undefined);
      this.#position = past.events.at(-1)?.revision ?? this.#position;
      if (!past.more && !this.#output.full) {
        this.#leave = this.#hub.join(this.#output.groupKey, this.#plan.selection, this);
        return;
      }
    }
  }

  deliver(changes: readonly Change[], group: WatchGroup): void {
    // A start at a revision that is yet to come sees nothing before it.
    if (this.#plan.after >= this.#hub.cache.revision) return;
    this.#output.changes(changes, group);
    if (this.#output.full) this.#fallBehind();
  }

  bookmark(revision: number, group: WatchGroup): void {
    this.#output.bookmark(revision, false, group);
  }

  /** Leaves the group; what happens meanwhile is read from the history when the peer has taken what it was sent. */
  #fallBehind(): void {
    this.#leave?.();
    this.#leave = undefined;
    this.#position = this.#hub.cache.revision;
    this.#waitForPeer(() => this.#catchUp());
  }

  #waitForPeer(then: () => void): void {
    this.#stuck = 0;
    this.#hub.slow.add(this);
    this.#output.onDrain(() => {
      this.#hub.slow.delete(this);
      then();
    });
  }

  /** Called once a bookmark interval while the peer takes nothing: the second time the connection is cut. */
  stuck(): void {
    if (++this.#stuck < 2) return;
    this.#output.cut();
    this.end();
  }

  #timedOut(): void {
    // Whoever comes back goes on from here, not from an old event. Upstream tells it two seconds before the end: shorter watches hear nothing.
    const { after, timeout } = this.#plan;
    const due = this.wantsBookmarks && timeout > 2000 && after <= this.#hub.cache.revision;
    if (this.#leave !== undefined && due) this.#output.bookmark(this.#hub.cache.revision, false, undefined);
    this.end();
  }

  closed(): void {
    this.end();
  }

  /** Ends the watch; once. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer.cancel();
    this.#hub.slow.delete(this);
    this.#leave?.();
    this.#output.end();
    this.#onEnd();
  }
}
