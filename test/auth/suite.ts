/** The tests that every recorded server has in common. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { Cases } from "./cases.ts";
import { normal } from "./compare.ts";
import { type AskedServer, startOurs, startWorld, type World } from "./world.ts";

export interface RecordedServer {
  readonly title: string;
  /** Beside this file: upstream's answers, by name of the case. */
  readonly file: string;
  readonly flags: (world: World) => readonly string[];
  readonly cases: (server: AskedServer, world: World) => Promise<Cases>;
  /** More tests, after the cases. */
  readonly more?: (world: () => World) => void;
}

export function testRecorded({ title, file, flags, cases: casesOf, more }: RecordedServer): void {
  const recorded = JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8")) as Record<string, unknown>;
  void describe(title, () => {
    let world: World;
    let server: AskedServer;
    let cases: Cases;

    before(async () => {
      world = await startWorld();
      server = await startOurs(flags(world));
      cases = await casesOf(server, world);
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

    more?.(() => world);
  });
}
