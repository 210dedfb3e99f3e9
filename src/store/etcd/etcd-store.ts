/**
 * etcd behind the store's face. Writes are transactions on the modification revision; one watch on everything feeds all local watches in
 * order, so that a revision that has been reached is reached for every prefix at once. A write is answered when that watch has told it.
 */
import type { Clock, Timer } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { GrpcTls } from "../../host/grpc.ts";
import {
  type KeyValue,
  type RangeOptions,
  type RangeResult,
  type Store,
  StoreError,
  type StoreEvent,
  type StoreStats,
  type StoreWatch,
  type StoreWatcher,
  type Write,
  type WriteResult,
} from "../store.ts";
import { WatchTable } from "../watch-table.ts";
import { Compactor } from "./compactor.ts";
import { EtcdConnection } from "./etcd-connection.ts";
import { progressIsTrusted } from "./etcd-version.ts";
import { type KeyPrefixes, KeySpace } from "./key-space.ts";
import { LeasePool } from "./lease-pool.ts";
import type { EtcdEvent, EtcdKeyValue, RangeResponse, RequestOp, StatusResponse, TxnResponse } from "./messages.ts";
import { RecentEvents } from "./recent-events.ts";
import { tellPast, WatchFeed } from "./watch-feed.ts";

export interface EtcdStoreOptions {
  /** `http://127.0.0.1:2379`, several for the members of one cluster. */
  readonly endpoints: readonly string[];
  readonly tls?: GrpcTls | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where the store's keys lie. Absent: the store is all of etcd. */
  readonly prefixes?: KeyPrefixes | undefined;
  /** Milliseconds between compactions; 0: left to others. 300 000 by default. */
  readonly compactionInterval?: number | undefined;
}

/** Values of a range come in pages: small first, as most resources have few objects. */
const firstPage = 500;
const largestPage = 10_000;
/** How long a write's answer waits for the watch to tell it. Later it is answered all the same: it is durable. */
const patience = 1000;
const statsInterval = 60_000;

export class EtcdStore implements Store {
  readonly #connection: EtcdConnection;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #keys: KeySpace;
  readonly #feed: WatchFeed;
  readonly #watches = new WatchTable();
  readonly #leases: LeasePool;
  readonly #compactor: Compactor;
  readonly #timers: Timer[] = [];
  #recent = new RecentEvents(0);
  #trusted = false;
  #compacted = 0;
  #closed = false;
  #stats: StoreStats = { keys: 0, bytes: 0, diskBytes: 0 };
  /** Values of writes under way, by key: the watch tells the same bytes, and consumers know them by identity. */
  readonly #writing = new Map<string, Uint8Array>();
  #asking: Promise<number> | undefined;
  #askingNext: Promise<number> | undefined;

  private constructor(connection: EtcdConnection, options: EtcdStoreOptions) {
    this.#connection = connection;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#keys = new KeySpace(options.prefixes);
    this.#leases = new LeasePool(connection, options.clock);
    this.#compactor = new Compactor(connection);
    this.#feed = new WatchFeed({
      connection,
      range: this.#keys.range(""),
      clock: options.clock,
      log: options.log,
      trusted: () => this.#trusted,
      tick: () => this.#tick(),
      events: (events) => this.#events(events),
      progress: (revision) => this.#watches.progress(revision),
      compacted: (revision) => void this.#lostTrack(revision),
    });
  }

  /**
   * Connects and begins to watch. Throws StoreError `remote` when no member answers in time, with the text of the last failure.
   */
  static async open(options: EtcdStoreOptions): Promise<EtcdStore> {
    const connection = await EtcdConnection.open(options, options.clock);
    const store = new EtcdStore(connection, options);
    try {
      await store.#begin();
    } catch (error) {
      await store.close();
      throw error;
    }
    const every = options.compactionInterval ?? 300_000;
    if (every > 0) store.#timers.push(options.clock.setInterval(() => void store.#compactionTurn(), every));
    store.#timers.push(options.clock.setInterval(() => void store.#poll(), statsInterval));
    return store;
  }

  async #begin(): Promise<void> {
    const { header } = await this.#connection.call<RangeResponse>("KV", "Range", this.#revisionRequest(), {
      repeatable: true,
      timeout: 10_000,
    });
    await this.#poll();
    this.#compacted = Math.max(this.#compacted, await this.#compactor.known());
    this.#recent = new RecentEvents(header.revision);
    this.#feed.start(header.revision);
  }

  /** Sizes, and the members' versions: all must be new enough for their progress to be believed. */
  async #poll(): Promise<void> {
    const members = this.#connection.endpoints.map((_, i) => this.#connection.callMember<StatusResponse>(i, "Maintenance", "Status", {}));
    const told = (await Promise.allSettled(members)).filter((m) => m.status === "fulfilled").map((m) => m.value);
    if (told.length === 0) return;
    this.#trusted = told.every(({ version }) => progressIsTrusted(version));
    const largest = told.reduce((a, b) => (b.dbSize > a.dbSize ? b : a));
    try {
      const request = { ...this.#keys.range(""), countOnly: true, serializable: true };
      const { count } = await this.#connection.call<RangeResponse>("KV", "Range", request, { repeatable: true, timeout: 5000 });
      this.#stats = { keys: count, bytes: largest.dbSizeInUse, diskBytes: largest.dbSize };
    } catch {
      this.#stats = { ...this.#stats, bytes: largest.dbSizeInUse, diskBytes: largest.dbSize };
    }
  }

  get revision(): number {
    return this.#feed.revision;
  }

  get compactedRevision(): number {
    return this.#compacted;
  }

  #revisionRequest(): object {
    return { key: this.#keys.health, countOnly: true };
  }

  /** Callers that come while a question is under way share the next one: an answer must be from after the call. */
  newestRevision(): Promise<number> {
    if (this.#asking === undefined) return (this.#asking = this.#ask());
    return (this.#askingNext ??= this.#asking.then(
      () => this.#askAgain(),
      () => this.#askAgain(),
    ));
  }

  #askAgain(): Promise<number> {
    this.#askingNext = undefined;
    return (this.#asking = this.#ask());
  }

  async #ask(): Promise<number> {
    try {
      const { header } = await this.#connection.call<RangeResponse>("KV", "Range", this.#revisionRequest(), { repeatable: true });
      // Without progress that can be believed, events are given a moment to come by themselves.
      if (header.revision > this.#feed.revision) {
        if (this.#feed.trusted) this.#feed.hurry();
        void this.#feed.reach(header.revision, 3000, true);
      }
      return header.revision;
    } finally {
      this.#asking = undefined;
    }
  }

  /** Resolves when a quorum answers. Throws StoreError otherwise, within `timeout` ms. */
  async probe(timeout: number): Promise<void> {
    await this.#connection.call("KV", "Range", this.#revisionRequest(), { repeatable: true, timeout });
  }

  async #tick(): Promise<void> {
    const put = { key: Buffer.from(this.#keys.tick), value: Buffer.alloc(0) };
    await this.#connection.call("KV", "Put", put, { repeatable: true, timeout: 3000 });
  }

  #keyValue(kv: EtcdKeyValue, key: string, value?: Uint8Array): KeyValue {
    const { createRevision, modRevision } = kv;
    // A copy: what came is a part of the whole message, which it would keep in memory.
    return { key, value: value ?? copyOf(kv.value), createRevision, modRevision, expires: 0 };
  }

  async get(key: string): Promise<KeyValue | undefined> {
    this.#checkOpen();
    const { kvs } = await this.#connection.call<RangeResponse>("KV", "Range", { key: this.#keys.toEtcd(key) }, { repeatable: true });
    const [kv] = kvs;
    return kv === undefined ? undefined : this.#keyValue(kv, key);
  }

  async range(prefix: string, options: RangeOptions = {}): Promise<RangeResult> {
    this.#checkOpen();
    const items: KeyValue[] = [];
    const limit = options.limit || Number.POSITIVE_INFINITY;
    let revision = options.revision || 0;
    const { key: first, rangeEnd } = this.#keys.range(prefix, options.start);
    let key = first;
    for (let page = firstPage; ; page = Math.min(page * 2, largestPage)) {
      const request = { key, rangeEnd, limit: Math.min(page, limit - items.length), revision };
      const response = await this.#rangePage(request);
      revision ||= response.header.revision;
      for (const kv of response.kvs) items.push(this.#keyValue(kv, this.#keys.fromEtcd(kv.key)));
      const last = response.kvs.at(-1);
      if (!response.more || items.length >= limit || last === undefined) return { items, revision, more: response.more };
      key = Buffer.concat([last.key, Buffer.from([0])]);
    }
  }

  async #rangePage(request: object): Promise<RangeResponse> {
    try {
      return await this.#connection.call<RangeResponse>("KV", "Range", request, { repeatable: true });
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== "compacted") throw error;
      this.#compacted = Math.max(this.#compacted, await this.#compactor.known());
      throw new StoreError("compacted", error.message, { revision: this.#compacted, cause: error });
    }
  }

  async transact(writes: readonly Write[]): Promise<WriteResult> {
    this.#checkOpen();
    const compare = [];
    const success: RequestOp[] = [];
    const failure: RequestOp[] = [];
    for (const write of writes) {
      const key = this.#keys.toEtcd(write.key);
      if (write.expect !== undefined) {
        compare.push({ key, target: "MOD", result: "EQUAL", modRevision: write.expect });
        failure.push({ requestRange: { key } });
      }
      if (write.type === "delete") success.push({ requestDeleteRange: { key } });
      else if (write.ttl === undefined) success.push({ requestPut: { key, value: write.value } });
      else success.push({ requestPut: { key, value: write.value, lease: await this.#leases.leaseFor(write.ttl) } });
    }
    for (const write of writes) if (write.type === "put") this.#writing.set(write.key, write.value);
    try {
      const response = await this.#connection.call<TxnResponse>("KV", "Txn", { compare, success, failure }, { repeatable: false });
      if (!response.succeeded) return this.#refusal(writes, response);
      const { revision } = response.header;
      await this.#feed.reach(this.#changed(writes, response) ? revision : 0, patience, false);
      return { ok: true, revision };
    } finally {
      for (const write of writes) if (write.type === "put" && this.#writing.get(write.key) === write.value) this.#writing.delete(write.key);
    }
  }

  /** Whether the transaction made a revision of its own. */
  #changed(writes: readonly Write[], { responses }: TxnResponse): boolean {
    return writes.some((write, i) => write.type === "put" || (responses[i]?.responseDeleteRange?.deleted ?? 0) > 0);
  }

  /** The first expectation that failed, by what the transaction found in its stead. */
  async #refusal(writes: readonly Write[], { responses }: TxnResponse): Promise<WriteResult> {
    let at = 0;
    for (const [index, { key, expect }] of writes.entries()) {
      if (expect === undefined) continue;
      const kv = responses[at++]?.responseRange?.kvs[0];
      if ((kv?.modRevision ?? 0) === expect) continue;
      // The refusal tells of a value that local watches know, or will in a moment.
      if (kv !== undefined) await this.#feed.reach(kv.modRevision, patience, false);
      return { ok: false, index, current: kv === undefined ? undefined : this.#keyValue(kv, key) };
    }
    throw new StoreError("remote", "etcd refused a transaction without a reason");
  }

  #events(events: readonly EtcdEvent[]): void {
    for (const event of events) {
      const told = this.#toEvent(event);
      if (told.key === this.#keys.tick) continue;
      this.#recent.push(told);
      this.#watches.dispatch(told);
    }
  }

  #toEvent({ type, kv, prevKv }: EtcdEvent): StoreEvent {
    const key = this.#keys.fromEtcd(kv.key);
    const revision = kv.modRevision;
    const previous = prevKv === null ? undefined : this.#keyValue(prevKv, key);
    if (type === "DELETE") return { type: "delete", key, revision, current: undefined, previous };
    const own = this.#writing.get(key);
    const current = this.#keyValue(kv, key, own !== undefined && Buffer.compare(own, kv.value) === 0 ? own : undefined);
    return { type: "put", key, revision, current, previous };
  }

  watch(prefix: string, fromRevision: number, watcher: StoreWatcher): StoreWatch {
    this.#checkOpen();
    if (fromRevision > 0 && fromRevision <= this.#compacted) {
      throw new StoreError("compacted", `revision ${fromRevision} has been compacted, the oldest is ${this.#compacted}`, {
        revision: this.#compacted,
      });
    }
    if (fromRevision === 0 || fromRevision > this.#recent.after) {
      if (fromRevision > 0) for (const event of this.#recent.from(prefix, fromRevision)) watcher.event(event);
      watcher.progress?.(this.#feed.revision);
      return this.#watches.add(prefix, watcher);
    }
    return this.#watchPast(prefix, fromRevision, watcher);
  }

  /** What is older than the last events comes from etcd; meanwhile what is new waits in line. */
  #watchPast(prefix: string, from: number, watcher: StoreWatcher): StoreWatch {
    const upTo = this.#recent.last;
    let line: StoreEvent[] | undefined = [];
    const live = this.#watches.add(prefix, {
      event: (event) => (line === undefined ? watcher.event(event) : void line.push(event)),
      progress: (revision) => {
        if (line === undefined) watcher.progress?.(revision);
      },
      end: (error) => {
        stop();
        watcher.end(error);
      },
    });
    const stop = tellPast({ connection: this.#connection, range: this.#keys.range("") }, from, upTo, {
      events: (events) => {
        for (const event of events) {
          const told = this.#toEvent(event);
          if (told.revision <= upTo && told.key.startsWith(prefix)) watcher.event(told);
        }
      },
      done: (error) => {
        if (error !== undefined) {
          live.close();
          watcher.end(error);
          return;
        }
        const waiting = line ?? [];
        line = undefined;
        for (const event of waiting) watcher.event(event);
        watcher.progress?.(this.#feed.revision);
      },
    });
    return {
      close: () => {
        live.close();
        stop();
      },
    };
  }

  /** The feed missed events that etcd has forgotten: every watch ends, its owner reads anew, and the feed goes on from now. */
  async #lostTrack(compacted: number): Promise<void> {
    this.#compacted = Math.max(this.#compacted, compacted);
    this.#log.warn("etcd has forgotten what the watch missed; everything is read again", { compacted });
    while (!this.#closed) {
      try {
        await this.#begin();
        break;
      } catch (error) {
        this.#log.warn("etcd does not answer", { error });
        await new Promise<void>((resolve) => this.#timers.push(this.#clock.setTimeout(resolve, 1000)));
      }
    }
    this.#watches.end(new StoreError("compacted", "the watch missed events that etcd has forgotten", { revision: compacted }));
  }

  async #compactionTurn(): Promise<void> {
    try {
      this.#compacted = Math.max(this.#compacted, await this.#compactor.turn());
    } catch (error) {
      if (!this.#closed) this.#log.warn("etcd could not be compacted", { error });
    }
  }

  async compact(revision: number): Promise<void> {
    this.#checkOpen();
    if (revision <= this.#compacted) return;
    try {
      await this.#connection.call("KV", "Compact", { revision }, { repeatable: true });
    } catch (error) {
      // Somebody has forgotten more already.
      if (!(error instanceof StoreError) || error.code !== "compacted") throw error;
    }
    this.#compacted = Math.max(this.#compacted, revision);
  }

  /** etcd's own snapshot, for `etcdutl snapshot restore`: the file and its digest behind it. */
  async *snapshot(): AsyncIterable<Uint8Array> {
    this.#checkOpen();
    for await (const { blob } of this.#connection.stream<{ blob: Buffer }>("Maintenance", "Snapshot", {})) yield blob;
  }

  stats(): StoreStats {
    return this.#stats;
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreError("closed", "the store is closed");
  }

  stopping(): void {
    this.#connection.hurry();
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#feed.close();
    this.#watches.end(undefined);
    this.#connection.close();
    return Promise.resolve();
  }
}

/** Not from Node's pool: a kept slice would hold the eight kilobytes around it. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
