/**
 * All watches on one cache. Watches that ask for the same thing in the same form stand in one group: a commit is filtered
 * and encoded once for the group, however many watch. A watch that starts in the past, gets initial events, or reads
 * slower than it is sent catches up on its own, from the history, and then joins its group.
 */
import type { Change } from "../encoding/frames.ts";
import type { Entry } from "../storage/entry.ts";
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

export class WatchGroup {
  readonly selection: Selection;
  readonly members: Set<GroupMember> = new Set();
  readonly #hub: WatchHub;
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
    let changes: readonly Change[];
    try {
      changes = selectChanges(events, this.selection);
    } catch (error) {
      this.#hub.fault(error);
      this.closed();
      return;
    }
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
}

/** Groups that want one value of a field, by the value. */
class FieldIndex {
  readonly #field: string;
  readonly #groups = new Map<string, Set<WatchGroup>>();

  constructor(field: string) {
    this.#field = field;
  }

  add(value: string, group: WatchGroup): void {
    const set = this.#groups.get(value);
    if (set === undefined) this.#groups.set(value, new Set([group]));
    else set.add(group);
  }

  remove(value: string, group: WatchGroup): void {
    const set = this.#groups.get(value);
    set?.delete(group);
    if (set?.size === 0) this.#groups.delete(value);
  }

  get empty(): boolean {
    return this.#groups.size === 0;
  }

  groups(): Iterable<Set<WatchGroup>> {
    return this.#groups.values();
  }

  /** Hands every group the events in which an object has, or had, its value. */
  changed(events: readonly CacheEvent[]): void {
    const concerned = new Map<Set<WatchGroup>, CacheEvent[]>();
    for (const event of events) {
      const now = this.#watching(event.entry);
      const before = event.previous === undefined ? undefined : this.#watching(event.previous);
      if (now !== undefined) file(concerned, now, event);
      if (before !== undefined && before !== now) file(concerned, before, event);
    }
    for (const [groups, own] of concerned) for (const group of groups) group.changed(own);
  }

  #watching(entry: Entry): Set<WatchGroup> | undefined {
    // Any group's selection can tell the value: they are of the same resource.
    for (const set of this.#groups.values()) {
      for (const group of set) return this.#groups.get(group.selection.valueOf(entry, this.#field));
    }
    return undefined;
  }
}

function file(concerned: Map<Set<WatchGroup>, CacheEvent[]>, groups: Set<WatchGroup>, event: CacheEvent): void {
  const events = concerned.get(groups);
  if (events === undefined) concerned.set(groups, [event]);
  else events.push(event);
}

export class WatchHub implements CacheFollower {
  readonly cache: ResourceCache;
  /** Events that have been handed to watches. */
  dispatched = 0;
  /** Hears of watches that had to be ended because they threw. */
  readonly fault: (error: unknown) => void;
  /** Watches that wait for their peers. */
  readonly slow: Set<{ stuck(): void }> = new Set();
  readonly #groups = new Map<string, WatchGroup>();
  /** Groups that are asked about every event, and those that are filed under a field. */
  readonly #general = new Set<WatchGroup>();
  readonly #indices = new Map<string, FieldIndex>();
  #unfollow: (() => void) | undefined;
  #anonymous = 0;

  constructor(cache: ResourceCache, fault: (error: unknown) => void) {
    this.cache = cache;
    this.fault = fault;
  }

  /** Joins the group of `key` (undefined: one of its own) from the cache's present revision on. Answers the leaving. */
  join(key: string | undefined, selection: Selection, member: GroupMember): () => void {
    const id = key === undefined ? `#${++this.#anonymous}` : `${key}\u0000${selection.key}`;
    let group = this.#groups.get(id);
    if (group === undefined) {
      group = new WatchGroup(this, selection);
      this.#groups.set(id, group);
      this.#file(group);
      this.#unfollow ??= this.cache.follow(this);
    }
    const joined = group;
    joined.members.add(member);
    return () => {
      if (!joined.members.delete(member) || joined.members.size > 0) return;
      if (this.#groups.get(id) === joined) this.#groups.delete(id);
      this.#unfile(joined);
      if (this.#groups.size > 0) return;
      this.#unfollow?.();
      this.#unfollow = undefined;
    };
  }

  #file(group: WatchGroup): void {
    const { exact } = group.selection;
    if (exact === undefined) {
      this.#general.add(group);
      return;
    }
    let index = this.#indices.get(exact.field);
    if (index === undefined) this.#indices.set(exact.field, (index = new FieldIndex(exact.field)));
    index.add(exact.value, group);
  }

  #unfile(group: WatchGroup): void {
    const { exact } = group.selection;
    if (exact === undefined) this.#general.delete(group);
    else {
      const index = this.#indices.get(exact.field);
      index?.remove(exact.value, group);
      if (index?.empty === true) this.#indices.delete(exact.field);
    }
  }

  changed(events: readonly CacheEvent[]): void {
    for (const group of this.#general) group.changed(events);
    for (const index of this.#indices.values()) {
      try {
        index.changed(events);
      } catch (error) {
        // The kind could not tell the field's value: whoever watches by it begins anew.
        this.fault(error);
        for (const groups of index.groups()) for (const group of groups) group.closed();
      }
    }
  }

  closed(): void {
    for (const group of this.#groups.values()) group.closed();
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
