import assert from "node:assert/strict";
import { test } from "node:test";
import type { ObjectMeta } from "../schema/types/meta-v1.ts";
import { specAndStatus } from "./update-rules.ts";

interface Thing {
  metadata?: ObjectMeta | undefined;
  spec?: { size: number } | undefined;
  status?: { ready?: number } | undefined;
}

const hooks = specAndStatus<Thing>({ generation: true });

test("a new object is of the first generation and has no status", () => {
  const thing: Thing = { metadata: { generation: 7 }, spec: { size: 1 }, status: { ready: 9 } };
  hooks.prepareForCreate?.(thing);
  assert.deepEqual(thing, { metadata: { generation: 1 }, spec: { size: 1 }, status: {} });
});

test("changes of the spec are counted; the status stays", () => {
  const old: Thing = { metadata: { generation: 3 }, spec: { size: 1 }, status: { ready: 1 } };
  const changed: Thing = { metadata: {}, spec: { size: 2 }, status: { ready: 5 } };
  hooks.prepareForUpdate?.(changed, old);
  assert.deepEqual(changed, { metadata: { generation: 4 }, spec: { size: 2 }, status: { ready: 1 } });
  const same: Thing = { metadata: {}, spec: { size: 1 } };
  hooks.prepareForUpdate?.(same, old);
  assert.equal(same.metadata?.generation, 3);
});

test("a status write leaves the spec", () => {
  const thing: Thing = { spec: { size: 5 }, status: { ready: 2 } };
  hooks.prepareForStatusUpdate?.(thing, { spec: { size: 1 } });
  assert.deepEqual(thing, { spec: { size: 1 }, status: { ready: 2 } });
});
