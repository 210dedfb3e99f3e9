/** What is left after a power cut at every single moment: see `recording-layer.ts`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/clock.ts";
import { hasCode, put } from "./contract.ts";
import { openLogStore } from "./open-store.ts";
import { RecordingLayer, tears } from "./recording-layer.ts";
import type { Store } from "./store.ts";

const open = (layer: RecordingLayer, checkpointBytes: number): Promise<Store> =>
  openLogStore({ clock: new FakeClock(), historyAge: 0, checkpointBytes }, layer);

/** Every state the store went through: contents by revision, told in order. */
type Model = Map<number, Record<string, string>>;

async function contents(store: Store): Promise<Record<string, string>> {
  const { items } = await store.range("");
  return Object.fromEntries(items.map((kv) => [kv.key, Buffer.from(kv.value).toString()]));
}

/** Writes that run beside one another, deletes, transactions of several keys, and compactions; each success is noted. */
async function work(store: Store, layer: RecordingLayer, model: Model): Promise<void> {
  store.watch("", 0, {
    event: (event) => {
      const last = model.get(event.revision) ?? { ...model.get(event.revision - 1) };
      if (event.current === undefined) delete last[event.key];
      else last[event.key] = Buffer.from(event.current.value).toString();
      model.set(event.revision, last);
    },
    end: () => undefined,
  });
  for (let round = 0; round < 8; round++) {
    const writes = Array.from({ length: 3 }, (_, i) =>
      put(store, `/k/${i}`, `round ${round} ${"x".repeat(20 * i)}`).then((revision) => layer.note(revision)),
    );
    writes.push(
      store
        .transact([
          { type: "put", key: "/pair/a", value: Buffer.from(`pair ${round}`) },
          { type: "put", key: "/pair/b", value: Buffer.from(`pair ${round}`) },
        ])
        .then((result) => layer.note(result.ok && result.revision)),
    );
    await Promise.all(writes);
    if (round % 3 === 2) await store.transact([{ type: "delete", key: "/k/1" }]).then((r) => layer.note(r.ok && r.revision));
    if (round % 4 === 3) await store.compact(store.revision - 3);
  }
}

for (const checkpointBytes of [1 << 20, 300]) {
  const kind = checkpointBytes < 1000 ? "with checkpoints on the way" : "with the log alone";
  void test(`after a power cut at any step, ${kind}, all that was acknowledged is there, and nothing half-written`, async () => {
    const layer = new RecordingLayer();
    const model: Model = new Map([[1, {}]]);
    const store = await open(layer, checkpointBytes);
    await work(store, layer, model);
    await store.close();
    for (let count = 0; count <= layer.steps.length; count++) {
      for (const tear of tears) {
        for (const namesSurvive of [true, false]) {
          const cut = layer.after(count, tear, namesSurvive);
          const where = `step ${count} of ${layer.steps.length}, ${tear}, names ${namesSurvive}`;
          const again = await open(cut.layer, checkpointBytes).catch((error: unknown) => assert.fail(`${where}: ${String(error)}`));
          const acknowledged = Math.max(1, ...(cut.notes as number[]));
          assert.ok(again.revision >= acknowledged, `${where}: at ${again.revision}, acknowledged ${acknowledged}`);
          assert.deepEqual(await contents(again), model.get(again.revision), where);
          assert.equal(await put(again, "/after", "1"), again.revision, where);
          await again.close();
        }
      }
    }
  });
}

void test("a full disk refuses the write in one sentence, loses nothing, and takes writes again when there is room", async () => {
  const layer = new RecordingLayer();
  const store = await open(layer, 1 << 20);
  await put(store, "/a", "1");
  let room = false;
  layer.fail = () => {
    if (!room) throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  };
  const refused = [put(store, "/a", "2"), put(store, "/b", "1", 0)];
  for (const write of refused) {
    await assert.rejects(write, (error: Error) => {
      assert.equal(error.message, "the disk with the data directory is full: nothing was written; free some space");
      return hasCode("disk-full")(error);
    });
  }
  assert.deepEqual(await contents(store), { "/a": "1" });
  room = true;
  assert.equal(await put(store, "/b", "1", 0), 3);
  await store.close();
  const again = await open(layer, 1 << 20);
  assert.deepEqual(await contents(again), { "/a": "1", "/b": "1" });
  await again.close();
});

void test("a disk that fails stops the store from writing on, and what was acknowledged can be read", async () => {
  const layer = new RecordingLayer();
  const store = await open(layer, 1 << 20);
  await put(store, "/a", "1");
  layer.fail = () => {
    throw Object.assign(new Error("EIO: i/o error, write"), { code: "EIO" });
  };
  await assert.rejects(put(store, "/a", "2"), hasCode("io"));
  layer.fail = undefined;
  await assert.rejects(put(store, "/a", "3"), hasCode("io"));
  assert.deepEqual(await contents(store), { "/a": "1" });
  await store.close();
});
