/**
 * All watches on one cache. Watches that ask for the same thing in the same form stand in one group: a commit is filtered
 * and encoded once for the group, however many watch. A watch that starts in the past, gets initial events, or reads
 * slower than it is sent catches up on its own, from the history, and then joins its group.
 */
import type { Change } from "../encoding/frames.ts";
import type { CacheEvent, CacheFollower, ResourceCache } from "../storage/resource-cache.ts";
import type { Selection } from "../storage/selection.ts";

/** One that is up to date and wants to stay so. */
export interface GroupMember {
  readonly wantsBookmarks: boolean;
  deliver(changes: readonly Change[], group: WatchGroup): void;
  bookmark(revision: number, group: WatchGroup): void;
  closed(): void;
}

/** What a batch of events means to those who see only a selection: an object that leaves it is deleted for them. */
export function selectChanges(events: readonly CacheEvent[], selection: Selection): readonly Change[] {
  const changes: Change[] = [];
  for (const event of events) {
    if (selection.everything) {
      if (selection.matches(event.entry)) changes.push(event);
      continue;
    }
    const now = event.type !== "DELETED" && selection.matches(event.entry);
    const before = event.previous !== undefined && selection.matches(event.previous);
    if (now) changes.push(before === (event.type === "MODIFIED") ? event : { type: before ? "MODIFIED" : "ADDED", entry: event.entry });
    else if (before) {
      changes.push(event.type === "DELETED" ? event : { type: "DELETED", entry: event.previous.at(event.revision) });
    }
  }
  return changes;
}

export class WatchGroup implements CacheFollower {
  readonly selection: Selection;
  readonly members: Set<GroupMember> = new Set();
  readonly #hub: WatchHub;
  #unfollow: (() => void) | undefined;
  #sharedFor: unknown;
  #shared: Uint8Array | undefined;

  constructor(hub: WatchHub, selection: Selection) {
    this.#hub = hub;
    this.selection = selection;
  }

  /** Bytes made once for all members that are handed the same thing. */
  shared(for_: unknown, make: () => Uint8Array): Uint8Array {
    if (this.#sharedFor !== for_ || this.#shared === undefined) {
      this.#shared = make();
      this.#sharedFor = for_;
    }
    return this.#shared;
  }

  changed(events: readonly CacheEvent[]): void {
    const changes = selectChanges(events, this.selection);
    if (changes.length === 0) return;
    this.#hub.dispatched += changes.length * this.members.size;
    for (const member of this.members) this.#safely(member, () => member.deliver(changes, this));
    this.#forget();
  }

  bookmark(revision: number): void {
    for (const member of this.members) if (member.wantsBookmarks) this.#safely(member, () => member.bookmark(revision, this));
    this.#forget();
  }

  /** One watch that fails must fail neither the others nor the commit that they are told of: it ends. */
  #safely(member: GroupMember, tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#hub.fault(error);
      member.closed();
    }
  }

  #forget(): void {
    this.#sharedFor = undefined;
    this.#shared = undefined;
  }

  closed(): void {
    for (const member of this.members) member.closed();
  }

  follow(cache: ResourceCache): void {
    this.#unfollow ??= cache.follow(this);
  }

  unfollow(): void {
    this.#unfollow?.();
    this.#unfollow = undefined;
  }
}

export class WatchHub {
  readonly cache: ResourceCache;
  /** Events that have been handed to watches. */
  dispatched = 0;
  /** Hears of watches that had to be ended because they threw. */
  readonly fault: (error: unknown) => void;
  /** Watches that wait for their peers. */
  readonly slow: Set<{ stuck(): void }> = new Set();
  readonly #groups = new Map<string, WatchGroup>();
  #anonymous = 0;

  constructor(cache: ResourceCache, fault: (error: unknown) => void) {
    this.cache = cache;
    this.fault = fault;
  }

  /** Joins the group of `key` (undefined: one of its own) from the cache's present revision on. Answers the leaving. */
  join(key: string | undefined, selection: Selection, member: GroupMember): () => void {
    const id = key === undefined ? `#${++this.#anonymous}` : `${key}\u0000${selection.key}`;
    let group = this.#groups.get(id);
    if (group === undefined) this.#groups.set(id, (group = new WatchGroup(this, selection)));
    const joined = group;
    joined.members.add(member);
    joined.follow(this.cache);
    return () => {
      joined.members.delete(member);
      if (joined.members.size > 0) return;
      joined.unfollow();
      if (this.#groups.get(id) === joined) this.#groups.delete(id);
    };
  }

  /** Once an interval: tells everyone who asked for it how far the cache is, and cuts off who takes nothing. */
  bookmark(): void {
    for (const group of this.#groups.values()) group.bookmark(this.cache.revision);
    for (const watcher of this.slow) watcher.stuck();
  }

  /** Watches that stand in a group. */
  get size(): number {
    let size = 0;
    for (const group of this.#groups.values()) size += group.members.size;
    return size;
  }
}
