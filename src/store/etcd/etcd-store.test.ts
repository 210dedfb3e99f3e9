import assert from "node:assert/strict";
import { after, test } from "node:test";
import { systemClock } from "../../core/clock.ts";
import { silent } from "../../core/log.ts";
import { hasCode, observe, put, storeContract } from "../contract.ts";
import { EtcdStore, type EtcdStoreOptions } from "./etcd-store.ts";
import { progressIsTrusted } from "./etcd-version.ts";
import { type EtcdBinary, type EtcdMember, etcdMissing, findEtcds, startEtcd } from "./test-etcd.ts";

let running: EtcdMember[] = [];
const stopAll = (): Promise<unknown> => Promise.all(running.splice(0).map((member) => member.remove()));
after(stopAll);

async function cluster(
  binary: EtcdBinary,
  ...rest: Parameters<typeof startEtcd> extends [unknown, ...infer R] ? R : never
): Promise<EtcdMember[]> {
  // Tests run one after another: what the last one used goes.
  await stopAll();
  running = await startEtcd(binary, ...rest);
  return [...running];
}

const open = (members: readonly EtcdMember[], options: Partial<EtcdStoreOptions> = {}): Promise<EtcdStore> =>
  EtcdStore.open({
    endpoints: members.map((m) => m.endpoint),
    clock: systemClock,
    log: silent,
    compactionInterval: 0,
    ...options,
  });

async function until(what: string, met: () => boolean): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (met()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`never: ${what}`);
}

const binaries = findEtcds();
if (binaries.length === 0) void test("etcd as a store", { skip: etcdMissing() ?? false }, () => undefined);

void test("progress is believed from the versions on that tell the truth", () => {
  const believed = (version: string): boolean => progressIsTrusted(version);
  assert.deepEqual(["3.4.31", "3.5.13", "3.6.0", "4.0.0"].map(believed), [true, true, true, true]);
  assert.deepEqual(["3.4.23", "3.4.30", "3.5.12", "3.3.99", "?"].map(believed), [false, false, false, false, false]);
});

for (const binary of binaries) {
  const name = `etcd ${binary.version}`;
  storeContract({
    name,
    unordered: true,
    skips: {
      "a key with a life span goes when it has passed, and stays when it is written again without one":
        "etcd's leases run on its own clock: there is a test of them below",
      "it says how much it holds": "etcd tells its sizes from time to time, and counts old revisions with them",
    },
    open: async () => open(await cluster(binary)),
  });
  reads(name, binary);
  faults(name, binary);
}

function reads(name: string, binary: EtcdBinary): void {
  void test(`${name}: two stores see each other's writes, and one knows when it has seen all`, async () => {
    const members = await cluster(binary);
    const [a, b] = [await open(members), await open(members)];
    const seen = observe(b, "/a/", 0);
    await put(a, "/a/1", "x");
    const last = await put(a, "/elsewhere", "x");
    assert.equal(await b.newestRevision(), last);
    await until("the second store reached the first one's write", () => b.revision >= last);
    assert.deepEqual(seen.events, ["put /a/1@2 -→x"]);
    assert.ok((seen.progress.at(-1) ?? 0) >= last);
    await Promise.all([a.close(), b.close()]);
  });

  void test(`${name}: what happens outside of its prefix moves a store's revision too`, async () => {
    const members = await cluster(binary);
    const a = await open(members, { prefixes: { store: "/registry/", etcd: "/one/" } });
    const b = await open(members, { prefixes: { store: "/registry/", etcd: "/two/" } });
    await put(b, "/registry/pods/x", "1");
    const newest = await put(b, "/registry/pods/y", "1");
    assert.ok((await a.newestRevision()) >= newest);
    await until("the first store reached it", () => a.revision >= newest);
    assert.deepEqual((await a.range("/registry/pods/")).items, []);
    assert.deepEqual(
      (await b.range("/registry/pods/")).items.map((kv) => kv.key),
      ["/registry/pods/x", "/registry/pods/y"],
    );
    await Promise.all([a.close(), b.close()]);
  });

  void test(`${name}: a range longer than a page is read at one revision`, async () => {
    const store = await open(await cluster(binary));
    await Promise.all(Array.from({ length: 1200 }, (_, i) => put(store, `/k/${String(i).padStart(4, "0")}`, "x".repeat(100))));
    const { items, revision, more } = await store.range("/k/");
    assert.deepEqual([items.length, items[1199]?.key, revision, more], [1200, "/k/1199", 1201, false]);
    await store.close();
  });

  void test(`${name}: a watch from before the last events is told them by etcd`, async () => {
    const members = await cluster(binary);
    const first = await open(members);
    for (let i = 0; i < 5; i++) await put(first, "/a", String(i));
    const second = await open(members);
    const seen = observe(second, "/", 4);
    await put(first, "/a", "5");
    await until("all were told", () => seen.events.length === 4);
    assert.deepEqual(seen.events, ["put /a@4 1→2", "put /a@5 2→3", "put /a@6 3→4", "put /a@7 4→5"]);
    await Promise.all([first.close(), second.close()]);
  });

  void test(`${name}: keys with the same life span share a lease, and go with it`, async () => {
    const store = await open(await cluster(binary));
    for (const key of ["/a", "/b", "/c"]) await store.transact([{ type: "put", key, value: Buffer.from("1"), ttl: 1 }]);
    await put(store, "/c", "kept");
    const seen = observe(store, "/", 0);
    await until("two were removed", () => seen.events.length === 2);
    assert.deepEqual(seen.events.map((e) => e.replace(/@\d+/, "")).toSorted(), ["delete /a 1→-", "delete /b 1→-"]);
    assert.deepEqual((await store.range("/")).items.length, 1);
    await store.close();
  });

  void test(`${name}: one of two stores compacts, and both know`, async () => {
    const members = await cluster(binary);
    const ticks: (() => void)[] = [];
    // Intervals run when the test says so.
    const clock = {
      ...systemClock,
      now: () => Date.now(),
      monotonic: () => performance.now(),
      setTimeout: systemClock.setTimeout.bind(systemClock),
    };
    const held = (): typeof clock & { setInterval: typeof systemClock.setInterval } => ({
      ...clock,
      setInterval: (run, ms) => {
        if (ms === 7777) ticks.push(run);
        return ms === 7777 ? { cancel: () => undefined } : systemClock.setInterval(run, ms);
      },
    });
    const stores = [
      await open(members, { clock: held(), compactionInterval: 7777 }),
      await open(members, { clock: held(), compactionInterval: 7777 }),
    ];
    const [a, b] = stores as [EtcdStore, EtcdStore];
    const marked = await put(a, "/a", "1");
    for (const run of ticks) run();
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (let i = 0; i < 5; i++) await put(a, "/a", String(i));
    for (let i = 0; i < 3; i++) {
      for (const run of ticks) run();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    await until("both know", () => a.compactedRevision >= marked && b.compactedRevision >= marked);
    await assert.rejects(b.range("/", { revision: 2 }), hasCode("compacted"));
    await Promise.all([a.close(), b.close()]);
  });

  void test(`${name}: its snapshot and its size are etcd's`, async () => {
    const store = await open(await cluster(binary));
    await put(store, "/a", "some value");
    const chunks: Uint8Array[] = [];
    for await (const chunk of store.snapshot()) chunks.push(chunk);
    assert.ok(Buffer.concat(chunks).includes("some value"));
    assert.ok(store.stats().diskBytes > 0);
    await store.close();
  });
}

function faults(name: string, binary: EtcdBinary): void {
  void test(`${name}: killed and started again, reads and writes wait and watches miss nothing`, async () => {
    const members = await cluster(binary);
    const [etcd] = members as [EtcdMember];
    const store = await open(members);
    const seen = observe(store, "/", 0);
    await put(store, "/a", "1");
    await etcd.kill();
    const later = store.get("/a");
    const write = new Promise((resolve) => setTimeout(resolve, 100)).then(() => put(store, "/a", "2"));
    await new Promise((resolve) => setTimeout(resolve, 400));
    await etcd.restart();
    assert.equal(Buffer.from((await later)?.value ?? []).toString().length, 1);
    await write;
    await until("the watch goes on", () => seen.events.length === 2);
    assert.deepEqual(seen.events, ["put /a@2 -→1", "put /a@3 1→2"]);
    assert.equal(seen.ended, false);
    await store.close();
  });

  void test(`${name}: a watch whose missed events were forgotten ends, and the store goes on`, async () => {
    const members = await cluster(binary);
    const [etcd] = members as [EtcdMember];
    // Reached through a gate that can be closed, so that etcd lives on while the store cannot see it.
    const gate = await openGate(Number(new URL(etcd.endpoint).port));
    const store = await EtcdStore.open({ endpoints: [gate.endpoint], clock: systemClock, log: silent, compactionInterval: 0 });
    const seen = observe(store, "/", 0);
    await gate.shut();
    const other = await open(members);
    for (let i = 0; i < 5; i++) await put(other, "/a", String(i));
    await other.compact(5);
    await gate.reopen();
    await until("the watch ended", () => seen.ended);
    assert.equal(store.compactedRevision, 5);
    assert.deepEqual((await store.range("/")).items.length, 1);
    const again = observe(store, "/", 0);
    await put(store, "/b", "1");
    assert.deepEqual(again.events, ["put /b@7 -→1"]);
    await Promise.all([store.close(), other.close()]);
    await gate.close();
  });

  void test(`${name}: with one of three members gone, the others answer`, async () => {
    const members = await cluster(binary, { members: 3 });
    const store = await open(members);
    const seen = observe(store, "/", 0);
    await put(store, "/a", "0");
    for (const [i, member] of members.entries()) {
      await member.kill();
      await writeUntilDone(store, "/a", String(i + 1));
      await member.restart();
    }
    await until("all were told", () => seen.events.at(-1)?.endsWith("→3") === true);
    assert.equal(seen.ended, false);
    await store.close();
  });

  void test(`${name}: what etcd refuses is told in its own words`, async () => {
    const members = await cluster(binary, { flags: ["--quota-backend-bytes", "2000000"] });
    const store = await open(members);
    const large = Buffer.alloc(1_600_000, "x");
    await assert.rejects(store.transact([{ type: "put", key: "/l", value: large }]), /^StoreError: etcdserver: request is too large$/);
    const half = Buffer.alloc(600_000, "x");
    const fill = async (): Promise<void> => {
      for (let i = 0; i < 60; i++) await store.transact([{ type: "put", key: `/${i}`, value: half }]);
    };
    await assert.rejects(fill(), /^StoreError: etcdserver: mvcc: database space exceeded$/);
    assert.ok((await store.range("/")).items.length > 0);
    await store.close();
  });

  void test(`${name}: where nobody answers, opening says so`, async () => {
    const store = EtcdStore.open({ endpoints: ["http://127.0.0.1:1"], clock: systemClock, log: silent });
    await assert.rejects(store, (error) => hasCode("remote")(error) && /ECONNREFUSED|context deadline exceeded/.test(String(error)));
  });
}

/** A write whose outcome is unknown is made again, as clients do. */
async function writeUntilDone(store: EtcdStore, key: string, value: string): Promise<void> {
  for (let i = 0; ; i++) {
    try {
      await put(store, key, value);
      return;
    } catch (error) {
      if (i === 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

async function openGate(
  port: number,
): Promise<{ endpoint: string; shut(): Promise<void>; reopen(): Promise<void>; close(): Promise<void> }> {
  const { connect, createServer } = await import("node:net");
  const sockets = new Set<import("node:net").Socket>();
  const make = (): import("node:net").Server =>
    createServer((inner) => {
      const outer = connect(port, "127.0.0.1");
      for (const socket of [inner, outer]) {
        sockets.add(socket);
        socket.on("error", () => undefined);
        socket.on("close", () => sockets.delete(socket));
      }
      inner.pipe(outer).pipe(inner);
    });
  let server = make();
  const listen = (at: number): Promise<void> => new Promise((resolve) => server.listen(at, "127.0.0.1", resolve));
  await listen(0);
  const own = (server.address() as { port: number }).port;
  const shut = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return {
    endpoint: `http://127.0.0.1:${own}`,
    shut,
    reopen: async () => {
      server = make();
      await listen(own);
    },
    close: shut,
  };
}
