import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { normal } from "./compare.ts";
import { olderCases, olderFlags } from "./older.ts";
import { type AskedServer, startOurs, startWorld, type World } from "./world.ts";

const recorded = JSON.parse(readFileSync(new URL("recorded-older.json", import.meta.url), "utf8")) as Record<string, unknown>;

void describe("a server that is set up with flags alone", () => {
  let world: World;
  let server: AskedServer;
  let cases: ReturnType<typeof olderCases>;

  before(async () => {
    world = await startWorld();
    server = await startOurs(olderFlags(world));
    cases = olderCases(world);
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  for (const name of Object.keys(recorded)) {
    void test(`answers as upstream's: ${name}`, async () => {
      const ask = cases[name];
      assert.ok(ask !== undefined, "recorded, but asked no more: record anew");
      assert.deepEqual(normal(await server.ask(ask)), recorded[name]);
    });
  }

  void test("every case is recorded", () => {
    assert.deepEqual(
      Object.keys(cases).filter((name) => !(name in recorded)),
      [],
    );
  });

  void test("webhooks are asked in the version that is set", () => {
    const [review] = world.accessWebhook.asked as [{ apiVersion: string; spec: Record<string, unknown> }];
    assert.equal(review.apiVersion, "authorization.k8s.io/v1beta1");
    assert.ok(world.accessWebhook.asked.some((r) => "group" in (r["spec"] as object)));
  });
});
