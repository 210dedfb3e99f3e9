import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/clock.ts";
import { silent } from "../core/log.ts";
import type { KubeObject } from "../schema/object.ts";
import { type ConfigMap, configmaps } from "../schema/types/core-v1.ts";
import { ServerObjectSource } from "./object-source.ts";
import type { ApiRequest, ApiResponse, WatchObserver } from "./request.ts";

/** A server whose watches are in the test's hand. */
class Watches {
  readonly asked: string[] = [];
  #observer: WatchObserver | undefined;

  handle(request: ApiRequest): Promise<ApiResponse> {
    this.asked.push(request.query.get("resourceVersion") ?? "initial");
    return Promise.resolve({
      status: 200,
      headers: {},
      watch: { start: (observer) => void (this.#observer = observer), stop: () => undefined },
    });
  }

  event(type: Parameters<WatchObserver["event"]>[0], name: string, version: string): void {
    this.#observer?.event(type, { metadata: { name, resourceVersion: version } } as KubeObject);
  }

  initialEnd(version: string): void {
    const metadata = { resourceVersion: version, annotations: { "k8s.io/initial-events-end": "true" } };
    this.#observer?.event("BOOKMARK", { metadata } as KubeObject);
  }

  end(): void {
    this.#observer?.end();
  }
}

async function world(): Promise<{ watches: Watches; clock: FakeClock; told: string[]; source: ServerObjectSource<ConfigMap> }> {
  const watches = new Watches();
  const clock = new FakeClock();
  const source = new ServerObjectSource<ConfigMap>(watches, configmaps, { log: silent, clock });
  const told: string[] = [];
  source.addHandlers({
    onAdd: (o, initial) => told.push(`add ${o.metadata?.name}${initial ? " initially" : ""}`),
    onUpdate: (o, old) => told.push(`update ${o.metadata?.name} ${old.metadata?.resourceVersion}→${o.metadata?.resourceVersion}`),
    onDelete: (o) => told.push(`delete ${o.metadata?.name}`),
  });
  const started = source.start();
  await clock.advance(0);
  watches.event("ADDED", "a", "1");
  watches.event("ADDED", "b", "2");
  watches.initialEnd("2");
  await started;
  return { watches, clock, told, source };
}

void test("what is stored is told first, then every change in order", async () => {
  const { watches, told, source } = await world();
  watches.event("MODIFIED", "a", "3");
  watches.event("DELETED", "b", "4");
  assert.deepEqual(told, ["add a initially", "add b initially", "update a 1→3", "delete b"]);
  assert.equal(source.get("", "a")?.metadata?.resourceVersion, "3");
  assert.equal(source.list().length, 1);
  const late: string[] = [];
  source.addHandlers({ onAdd: (o) => late.push(o.metadata?.name ?? "") });
  assert.deepEqual(late, ["a"]);
  source.stop();
});

void test("a watch that ends goes on from where it was", async () => {
  const { watches, clock, told, source } = await world();
  watches.event("MODIFIED", "a", "5");
  watches.end();
  await clock.advance(200);
  watches.event("ADDED", "c", "6");
  assert.deepEqual(watches.asked, ["initial", "5"]);
  assert.deepEqual(told.slice(2), ["update a 1→5", "add c"]);
  source.stop();
});

void test("after an error everything is read anew, and what has gone meanwhile is told", async () => {
  const { watches, clock, told, source } = await world();
  watches.event("ERROR", "", "");
  watches.end();
  await clock.advance(200);
  assert.deepEqual(watches.asked, ["initial", "initial"]);
  watches.event("ADDED", "a", "1");
  watches.event("ADDED", "d", "9");
  watches.initialEnd("9");
  assert.deepEqual(told.slice(2), ["add d initially", "delete b"]);
  source.stop();
});
