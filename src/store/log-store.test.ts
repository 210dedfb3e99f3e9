import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FakeClock } from "../core/clock.ts";
import { hasCode, observe, put, storeContract } from "./contract.ts";
import { openStore, restoreStore } from "./open-store.ts";
import type { Store } from "./store.ts";

const root = mkdtempSync(join(tmpdir(), "tsukube-store-"));
after(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const directory = (): string => join(root, String(made++));

const open = (path: string, checkpointBytes?: number, clock = new FakeClock()): Promise<Store> =>
  openStore({ clock, directory: path, historyAge: 0, checkpointBytes });

storeContract({ name: "log", open: (clock) => open(directory(), undefined, clock) });
storeContract({ name: "log with a checkpoint after every write", open: (clock) => open(directory(), 1, clock) });

async function contents(store: Store): Promise<Record<string, string>> {
  const { items } = await store.range("");
  return Object.fromEntries(items.map((kv) => [kv.key, `${Buffer.from(kv.value).toString()}@${kv.createRevision}/${kv.modRevision}`]));
}

void test("a store that is opened again holds what it held, revisions included", async () => {
  const path = directory();
  let store = await open(path);
  await put(store, "/a", "1");
  await put(store, "/b", "1");
  await put(store, "/a", "2");
  await store.transact([{ type: "delete", key: "/b" }]);
  const before = await contents(store);
  await store.close();
  store = await open(path);
  assert.deepEqual(await contents(store), before);
  assert.equal(store.revision, 5);
  assert.equal(await put(store, "/c", "1"), 6);
  await store.close();
});

void test("watches resume across a restart, unless the history was compacted", async () => {
  const path = directory();
  let store = await open(path);
  for (let i = 0; i < 6; i++) await put(store, "/a", String(i));
  await store.compact(4);
  await store.close();
  store = await open(path);
  assert.deepEqual(observe(store, "/", 5).events, ["put /a@5 2→3", "put /a@6 3→4", "put /a@7 4→5"]);
  assert.throws(() => observe(store, "/", 3), hasCode("compacted"));
  await store.close();
});

void test("life spans go on across a restart", async () => {
  const path = directory();
  const clock = new FakeClock();
  let store = await open(path, undefined, clock);
  await store.transact([{ type: "put", key: "/a", value: Buffer.from("1"), ttl: 60 }]);
  await store.close();
  await clock.advance(120_000);
  store = await open(path, undefined, clock);
  await clock.advance(2_000, () => new Promise((done) => setTimeout(done, 20)));
  assert.equal(await store.get("/a"), undefined);
  await store.close();
});

void test("checkpoints shorten the log: what is compacted leaves the disk", async () => {
  const path = directory();
  let store = await open(path, 20_000);
  const value = "x".repeat(1000);
  for (let i = 0; i < 300; i++) await put(store, `/k/${i % 10}`, value + i);
  await store.compact(store.revision - 5);
  const before = await contents(store);
  await store.close();
  const size = readdirSync(path).reduce((sum, name) => sum + readFileSync(join(path, name)).length, 0);
  assert.ok(size < 100_000, `${size} bytes in ${readdirSync(path).join(", ")}`);
  store = await open(path, 20_000);
  assert.deepEqual(await contents(store), before);
  await store.close();
});

void test("a data directory in use is refused with the process that uses it", async () => {
  const path = directory();
  const store = await open(path);
  await assert.rejects(open(path), (error: Error) => {
    assert.match(error.message, new RegExp(`data directory .* is in use by process ${process.pid}`));
    return hasCode("in-use")(error);
  });
  await store.close();
  await (await open(path)).close();
});

void test("the lock of a process that is gone is taken over", async () => {
  const path = directory();
  await (await open(path)).close();
  writeFileSync(join(path, "lock"), "999999999\nsome boot 1\n");
  await (await open(path)).close();
  // The number is in use again, by a process that started at another time.
  writeFileSync(join(path, "lock"), `${process.pid}\nanother boot 1\n`);
  await (await open(path)).close();
  assert.deepEqual(
    readdirSync(path).filter((name) => name.startsWith("lock")),
    [],
  );
});

async function filled(path: string): Promise<string> {
  const store = await open(path);
  for (let i = 0; i < 20; i++) await put(store, `/k/${i}`, `value ${i}`);
  await store.close();
  const [name] = readdirSync(path).filter((n) => n.startsWith("log-"));
  return join(path, name as string);
}

void test("a byte that has changed is found, and named as damage", async () => {
  for (const at of [3, 20, 60, 200, 400]) {
    const path = directory();
    const log = await filled(path);
    const bytes = readFileSync(log);
    bytes[at] = (bytes[at] as number) ^ 0x55;
    writeFileSync(log, bytes);
    await assert.rejects(open(path), (error: Error) => {
      assert.match(error.message, /^the data file log-\d+ is damaged: .*; restore a backup/);
      return hasCode("damaged")(error);
    });
    assert.deepEqual(readFileSync(log), bytes, "nothing is thrown away");
  }
});

void test("data of a newer version is refused by name and version", async () => {
  const path = directory();
  const log = await filled(path);
  const bytes = readFileSync(log);
  bytes.writeUInt32LE(2, 8);
  writeFileSync(log, bytes);
  await assert.rejects(open(path), (error: Error) => {
    assert.match(error.message, /was written by a newer version \(format 2, this one reads up to 1\)/);
    return hasCode("newer")(error);
  });
});

void test("a snapshot is restored into an empty directory, and nowhere else", async () => {
  const store = await open(directory());
  for (let i = 0; i < 50; i++) await put(store, `/k/${i}`, "x".repeat(i));
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.snapshot()) chunks.push(chunk);
  const before = await contents(store);
  const { revision } = store;
  await store.close();
  const copy = directory();
  await restoreStore(copy, chunks);
  const restored = await open(copy);
  assert.deepEqual(await contents(restored), before);
  assert.equal(restored.revision, revision);
  assert.equal(await put(restored, "/more", "1"), revision + 1);
  await restored.close();
  await assert.rejects(restoreStore(copy, chunks), /holds data already; restore into an empty one/);
  await assert.rejects(restoreStore(directory(), [Buffer.from("something else entirely, but long enough")]), hasCode("damaged"));
  await assert.rejects(restoreStore(directory(), chunks.slice(0, -1)), hasCode("damaged"));
});

void test("a data directory that cannot be used is named with the reason", async () => {
  const path = directory();
  writeFileSync(path, "a file");
  await assert.rejects(open(path), (error: Error) => {
    assert.match(error.message, /^the data directory .* cannot be used \(E\w+: .*\); mend that, or use another directory$/);
    return hasCode("io")(error);
  });
});
