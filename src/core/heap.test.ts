import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KeyedHeap } from "./heap.ts";

void test("whatever is set, moved and deleted, items leave in order", () => {
  const step = fc.record({ key: fc.nat(20), rank: fc.nat(100), remove: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = new KeyedHeap<number, { key: number; rank: number }>(
        (i) => i.key,
        (a, b) => a.rank < b.rank,
      );
      const model = new Map<number, number>();
      for (const { key, rank, remove } of steps) {
        if (remove) {
          assert.equal(heap.delete(key)?.rank, model.get(key));
          model.delete(key);
        } else {
          heap.set({ key, rank });
          model.set(key, rank);
        }
      }
      assert.equal(heap.size, model.size);
      const out: number[] = [];
      for (let item = heap.pop(); item !== undefined; item = heap.pop()) out.push(item.rank);
      assert.deepEqual(
        out,
        [...model.values()].sort((a, b) => a - b),
      );
    }),
  );
});
