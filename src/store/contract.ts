/** What every {@link Store} must do. Each implementation's test runs it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/clock.ts";
import { type KeyValue, type Store, StoreError, type StoreEvent } from "./store.ts";

export interface StoreUnderTest {
  readonly name: string;
  /** A fresh, empty store on this clock, with a history that is never compacted by itself. */
  open(clock: FakeClock): Promise<Store>;
  /** Titles of what cannot be asked of this store in this way, with the reason. */
  readonly skips?: Readonly<Record<string, string>> | undefined;
  /** Transactions that are begun together may be done in any order. */
  readonly unordered?: boolean | undefined;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (kv: KeyValue | undefined): string | undefined => (kv === undefined ? undefined : Buffer.from(kv.value).toString());

export async function put(store: Store, key: string, value: string, expect?: number): Promise<number> {
  const result = await store.transact([{ type: "put", key, value: bytes(value), expect }]);
  assert.ok(result.ok, `put ${key}`);
  return result.revision;
}

interface Seen {
  readonly events: string[];
  readonly progress: number[];
  ended: boolean;
  close(): void;
}

export function observe(store: Store, prefix: string, from: number): Seen {
  const seen: Seen = { events: [], progress: [], ended: false, close: () => undefined };
  const describe = (e: StoreEvent): string => `${e.type} ${e.key}@${e.revision} ${text(e.previous) ?? "-"}→${text(e.current) ?? "-"}`;
  const watch = store.watch(prefix, from, {
    event: (event) => void seen.events.push(describe(event)),
    progress: (revision) => void seen.progress.push(revision),
    end: () => void (seen.ended = true),
  });
  return Object.assign(seen, { close: () => watch.close() });
}

/** Registers the suite with `node:test`. */
export function storeContract(under: StoreUnderTest): void {
  const check = (title: string, run: (store: Store, clock: FakeClock) => Promise<void>): void => {
    void test(`${under.name}: ${title}`, { skip: under.skips?.[title] ?? false }, async () => {
      const clock = new FakeClock();
      const store = await under.open(clock);
      try {
        await run(store, clock);
      } finally {
        await store.close();
      }
    });
  };
  readsAndWrites(check, under.unordered === true);
  ranges(check);
  watches(check);
  history(check);
}

type Check = (title: string, run: (store: Store, clock: FakeClock) => Promise<void>) => void;

function readsAndWrites(check: Check, unordered: boolean): void {
  check("a new store is empty at revision 1", async (store) => {
    assert.equal(store.revision, 1);
    assert.equal(await store.get("/a"), undefined);
    assert.deepEqual((await store.range("")).items, []);
  });

  check("every transaction counts one revision up and tells it", async (store) => {
    assert.equal(await put(store, "/a", "1"), 2);
    assert.equal(await put(store, "/a", "2"), 3);
    const kv = await store.get("/a");
    assert.equal(text(kv), "2");
    assert.deepEqual([kv?.createRevision, kv?.modRevision, store.revision], [2, 3, 3]);
  });

  check("several writes happen at one revision, or none of them", async (store) => {
    const result = await store.transact([
      { type: "put", key: "/a", value: bytes("1") },
      { type: "put", key: "/b", value: bytes("2") },
    ]);
    assert.deepEqual(result, { ok: true, revision: 2 });
    const refused = await store.transact([
      { type: "put", key: "/c", value: bytes("3") },
      { type: "delete", key: "/a", expect: 7 },
    ]);
    assert.equal(refused.ok, false);
    assert.equal(!refused.ok && refused.index, 1);
    assert.equal(!refused.ok && text(refused.current), "1");
    assert.equal(await store.get("/c"), undefined);
    assert.equal(store.revision, 2);
  });

  check("expecting no key refuses one that is there, expecting a revision refuses another", async (store) => {
    await put(store, "/a", "1", 0);
    const again = await store.transact([{ type: "put", key: "/a", value: bytes("2"), expect: 0 }]);
    assert.equal(again.ok, false);
    await put(store, "/a", "2", 2);
    const late = await store.transact([{ type: "put", key: "/a", value: bytes("3"), expect: 2 }]);
    assert.equal(!late.ok && late.current?.modRevision, 3);
  });

  check("of many writers that expect the same revision, one wins", async (store) => {
    await put(store, "/a", "0");
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) => store.transact([{ type: "put", key: "/a", value: bytes(String(i)), expect: 2 }])),
    );
    assert.equal(results.filter((r) => r.ok).length, 1);
    assert.equal(store.revision, 3);
    for (const result of results) if (!result.ok) assert.equal(result.current?.modRevision, 3);
  });

  check("writes that are begun together are all there, in order", async (store) => {
    const revisions = await Promise.all(Array.from({ length: 200 }, (_, i) => put(store, `/k/${String(i).padStart(3, "0")}`, String(i))));
    assert.deepEqual(
      unordered ? revisions.toSorted((a, b) => a - b) : revisions,
      revisions.map((_, i) => i + 2),
    );
    assert.equal((await store.range("/k/")).items.length, 200);
  });

  check("deleting what is not there changes nothing", async (store) => {
    assert.deepEqual(await store.transact([{ type: "delete", key: "/a" }]), { ok: true, revision: 1 });
  });

  check("a key that comes back has a new creation revision", async (store) => {
    await put(store, "/a", "1");
    await store.transact([{ type: "delete", key: "/a", expect: 2 }]);
    assert.equal(await store.get("/a"), undefined);
    await put(store, "/a", "2", 0);
    assert.equal((await store.get("/a"))?.createRevision, 4);
  });

  check("values are any bytes, and large ones are kept whole", async (store) => {
    const value = new Uint8Array(300_000).map((_, i) => i * 7);
    await store.transact([{ type: "put", key: "/big", value }]);
    assert.deepEqual(Buffer.from((await store.get("/big"))?.value ?? []), Buffer.from(value));
  });

  check("a key with a life span goes when it has passed, and stays when it is written again without one", async (store, clock) => {
    await store.transact([{ type: "put", key: "/short", value: bytes("1"), ttl: 10 }]);
    await store.transact([{ type: "put", key: "/kept", value: bytes("1"), ttl: 10 }]);
    await put(store, "/kept", "2");
    await clock.advance(9_000);
    assert.equal(text(await store.get("/short")), "1");
    const seen = observe(store, "/", 0);
    await clock.advance(5_000, settle);
    // The removal is a write like any other: a slow disk takes its time.
    for (let i = 0; i < 1000 && (await store.get("/short")) !== undefined; i++) await settle();
    assert.equal(await store.get("/short"), undefined);
    assert.equal(text(await store.get("/kept")), "2");
    assert.deepEqual(seen.events, ["delete /short@5 1→-"]);
  });

  check("a closed store refuses writes and ends its watches", async (store) => {
    const seen = observe(store, "/", 0);
    await store.close();
    assert.equal(seen.ended, true);
    await assert.rejects(put(store, "/a", "1"), hasCode("closed"));
  });
}

/** Lets pending input and output come to rest. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await new Promise<void>((done) => setImmediate(done));
  await new Promise<void>((done) => setTimeout(done, 5));
};

export function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof StoreError && error.code === code;
}

function ranges(check: Check): void {
  const keys = (items: readonly KeyValue[]): string[] => items.map((kv) => kv.key);

  check("a range is a prefix, in order", async (store) => {
    for (const key of ["/b/2", "/a/1", "/b/1", "/c/1", "/b"]) await put(store, key, key);
    assert.deepEqual(keys((await store.range("/b/")).items), ["/b/1", "/b/2"]);
    assert.deepEqual(keys((await store.range("")).items), ["/a/1", "/b", "/b/1", "/b/2", "/c/1"]);
  });

  check("a range is read page by page", async (store) => {
    for (let i = 0; i < 5; i++) await put(store, `/p/${i}`, "x");
    const first = await store.range("/p/", { limit: 2 });
    assert.deepEqual([keys(first.items), first.more], [["/p/0", "/p/1"], true]);
    const last = await store.range("/p/", { limit: 3, start: "/p/1\u0000" });
    assert.deepEqual([keys(last.items), last.more], [["/p/2", "/p/3", "/p/4"], false]);
  });

  check("a range can be read as it was", async (store) => {
    const first = await put(store, "/a", "1");
    await put(store, "/b", "1");
    await put(store, "/a", "2");
    await store.transact([{ type: "delete", key: "/b" }]);
    assert.deepEqual((await store.range("/", { revision: first })).items.map(text), ["1"]);
    assert.deepEqual((await store.range("/", { revision: first + 2 })).items.map(text), ["2", "1"]);
    assert.deepEqual((await store.range("/")).items.map(text), ["2"]);
    await assert.rejects(store.range("/", { revision: 99 }), hasCode("future"));
  });
}

function watches(check: Check): void {
  check("a watch tells the changes under its prefix, each with what was before", async (store) => {
    const seen = observe(store, "/a/", 0);
    await put(store, "/a/1", "x");
    await put(store, "/b/1", "x");
    await put(store, "/a/1", "y");
    await store.transact([{ type: "delete", key: "/a/1" }]);
    assert.deepEqual(seen.events, ["put /a/1@2 -→x", "put /a/1@4 x→y", "delete /a/1@5 y→-"]);
    assert.equal(seen.progress.at(-1), 5);
  });

  check("a write is told to watches before its writer hears of it", async (store) => {
    const seen = observe(store, "/", 0);
    await put(store, "/a", "1");
    assert.equal(seen.events.length, 1);
  });

  check("a watch from a past revision tells what it missed and goes on", async (store) => {
    await put(store, "/a", "1");
    await put(store, "/a", "2");
    const seen = observe(store, "/", 3);
    await put(store, "/a", "3");
    assert.deepEqual(seen.events, ["put /a@3 1→2", "put /a@4 2→3"]);
  });

  check("a closed watch hears nothing more", async (store) => {
    const seen = observe(store, "/", 0);
    seen.close();
    await put(store, "/a", "1");
    assert.deepEqual(seen.events, []);
    assert.equal(seen.ended, false);
  });

  check("a watch may be closed from within another one's event", async (store) => {
    const second = observe(store, "/", 0);
    const first = store.watch("/", 0, { event: () => second.close(), end: () => undefined });
    await put(store, "/a", "1");
    await put(store, "/a", "2");
    first.close();
    assert.equal(second.events.length, 1);
  });
}

function history(check: Check): void {
  check("what is compacted cannot be read or watched any more, what is there can", async (store) => {
    for (let i = 0; i < 5; i++) await put(store, "/a", String(i));
    await store.compact(4);
    assert.equal(store.compactedRevision, 4);
    await assert.rejects(store.range("/", { revision: 3 }), hasCode("compacted"));
    assert.deepEqual((await store.range("/", { revision: 4 })).items.map(text), ["2"]);
    assert.throws(() => observe(store, "/", 4), hasCode("compacted"));
    assert.deepEqual(observe(store, "/", 5).events, ["put /a@5 2→3", "put /a@6 3→4"]);
    assert.equal(text(await store.get("/a")), "4");
  });

  check("the future cannot be compacted", async (store) => {
    await assert.rejects(store.compact(9), hasCode("future"));
  });

  check("it says how much it holds", async (store) => {
    await put(store, "/a", "12345");
    const { keys, bytes: held } = store.stats();
    assert.equal(keys, 1);
    assert.equal(held, 7);
  });
}
