/** Watches through the whole server, without a wire: what is told, in which order, and what a slow or late one gets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../core/clock.ts";
import { silent } from "../../core/log.ts";
import { MetricsRegistry } from "../../core/metrics.ts";
import type { KubeObject, UnstructuredObject } from "../../schema/object.ts";
import { memoryStore } from "../../store/memory-store.ts";
import type { Store } from "../../store/store.ts";
import { type ApiRequest, type ApiResponse, type ResponseSink, unresolvedInfo } from "../request.ts";
import type { ResourceDefinition } from "../resource.ts";
import { type ApiServer, createApiServer } from "../server.ts";

const configMaps: ResourceDefinition = {
  group: "",
  resource: "configmaps",
  singular: "configmap",
  kind: "ConfigMap",
  listKind: "ConfigMapList",
  namespaced: true,
  shortNames: ["cm"],
  categories: [],
  versions: [{ version: "v1", typeName: "io.k8s.api.core.v1.ConfigMap" }],
  storageVersion: "v1",
  verbs: ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"],
  strategy: {
    selectableFields: (object) => ({ color: (object["data"] as Record<string, string> | undefined)?.["color"] ?? "" }),
    selectableFieldNames: ["color"],
  },
  subresources: {},
  storagePrefix: "/registry/configmaps",
};

interface Bench {
  readonly server: ApiServer;
  readonly store: Store;
  readonly clock: FakeClock;
  readonly stops: AbortController;
  ask(method: string, url: string, object?: object, more?: Partial<ApiRequest>): Promise<ApiResponse>;
}

async function withServer(run: (bench: Bench) => Promise<void>): Promise<void> {
  const clock = new FakeClock();
  const store = memoryStore({ clock, historyAge: 0 });
  const server = createApiServer({ store, clock, log: silent, metrics: new MetricsRegistry(), admission: [] });
  server.install(configMaps);
  await server.start();
  const stops = new AbortController();
  const ask: Bench["ask"] = (method, url, object, more) => {
    const [path = "", query = ""] = url.split("?");
    return server.handle({
      method,
      path,
      query: new URLSearchParams(query),
      headers: {},
      inProcess: true,
      object: object as KubeObject | undefined,
      user: { name: "test", groups: ["system:masters"] },
      signal: stops.signal,
      warnings: [],
      info: unresolvedInfo,
      log: silent,
      ...more,
    });
  };
  try {
    await run({ server, store, clock, stops, ask });
  } finally {
    stops.abort();
    await server.stop();
    await store.close();
  }
}

const path = "/api/v1/namespaces/d/configmaps";
const map = (name: string, color: string, labels: Record<string, string> = {}): object => ({ metadata: { name, labels }, data: { color } });

interface Seen {
  readonly events: string[];
  readonly objects: KubeObject[];
  ended: boolean;
}

async function watch(bench: Bench, query: string): Promise<Seen> {
  const response = await bench.ask("GET", `${path}?watch=1&${query}`);
  const seen: Seen = { events: [], objects: [], ended: false };
  assert.equal(response.status, 200, JSON.stringify(response.object));
  response.watch?.start({
    event: (type, object) => {
      const note = object.metadata?.annotations?.["k8s.io/initial-events-end"] === undefined ? "" : " (initial events end)";
      const what =
        type === "ERROR" ? (object as UnstructuredObject)["message"] : (object.metadata?.name ?? `@${object.metadata?.resourceVersion}`);
      seen.events.push(`${type} ${String(what)}${note}`);
      seen.objects.push(object);
    },
    end: () => void (seen.ended = true),
  });
  return seen;
}

/** Keeps bytes, and takes them only when told to. */
class TestSink implements ResponseSink {
  text = "";
  buffered = 0;
  state: "open" | "ended" | "destroyed" = "open";
  readonly signal: AbortSignal = new AbortController().signal;
  slow = false;
  #drain: (() => void) | undefined;

  write(chunk: Uint8Array): boolean {
    this.text += Buffer.from(chunk).toString();
    if (this.slow) this.buffered += chunk.length;
    return !this.slow;
  }
  onDrain(run: () => void): void {
    this.#drain = run;
  }
  take(): void {
    this.buffered = 0;
    const run = this.#drain;
    this.#drain = undefined;
    run?.();
  }
  end(): void {
    this.state = "ended";
  }
  destroy(): void {
    this.state = "destroyed";
  }
  /** Type and name of each event. */
  events(): string[] {
    return this.text
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { type: string; object: KubeObject })
      .map(({ type, object }) => `${type} ${object.metadata?.name ?? ""}`);
  }
}

async function wireWatch(bench: Bench, query: string, headers: Record<string, string> = {}): Promise<TestSink> {
  const response = await bench.ask("GET", `${path}?watch=1&${query}`, undefined, { inProcess: false, headers });
  const sink = new TestSink();
  void response.stream?.(sink);
  return sink;
}

void test("an object that leaves a selection is deleted for the watch, one that enters it is added", () =>
  withServer(async (bench) => {
    const red = await watch(bench, "resourceVersion=1&fieldSelector=color%3Dred");
    const blue = await watch(bench, "resourceVersion=1&fieldSelector=color%3Dblue");
    const named = await watch(bench, "resourceVersion=1&fieldSelector=metadata.name%3Da,color%21%3Dred");
    const labelled = await watch(bench, "resourceVersion=1&labelSelector=on");
    await bench.ask("POST", path, map("a", "red"));
    await bench.ask("PUT", `${path}/a`, map("a", "red", { on: "1" }));
    await bench.ask("PUT", `${path}/a`, map("a", "blue", { on: "1" }));
    await bench.ask("PUT", `${path}/a`, map("a", "red"));
    await bench.ask("DELETE", `${path}/a`);
    assert.deepEqual(red.events, ["ADDED a", "MODIFIED a", "DELETED a", "ADDED a", "DELETED a"]);
    assert.deepEqual(labelled.events, ["ADDED a", "MODIFIED a", "DELETED a"]);
    assert.deepEqual(blue.events, ["ADDED a", "DELETED a"]);
    assert.deepEqual(named.events, ["ADDED a", "DELETED a"]);
    const left = red.objects[2] as UnstructuredObject;
    assert.deepEqual(left["data"], { color: "red" }, "as it was last seen");
    assert.equal(left.metadata?.resourceVersion, "4", "under the revision at which it left");
  }));

void test("events in this process are the cache's frozen objects, the same for everyone", () =>
  withServer(async (bench) => {
    const one = await watch(bench, "resourceVersion=1");
    const two = await watch(bench, "resourceVersion=1&labelSelector=%21none");
    const created = await bench.ask("POST", path, map("a", "red"));
    const read = await bench.ask("GET", `${path}/a`);
    const list = (await bench.ask("GET", path)).object as unknown as { items: KubeObject[] };
    assert.equal(one.objects[0], two.objects[0]);
    assert.equal(one.objects[0], created.object);
    assert.equal(one.objects[0], read.object);
    assert.equal(one.objects[0], list.items[0]);
    assert.ok(Object.isFrozen(read.object) && Object.isFrozen(read.object?.metadata));
  }));

void test("a watch without a version begins with the present objects and says when they are told", () =>
  withServer(async (bench) => {
    for (const name of ["b", "a"]) await bench.ask("POST", path, map(name, "red"));
    const seen = await watch(bench, "allowWatchBookmarks=true");
    assert.deepEqual(seen.events, ["ADDED a", "ADDED b", "BOOKMARK @3 (initial events end)"]);
    await bench.ask("POST", path, map("c", "red"));
    assert.equal(seen.events.at(-1), "ADDED c");
    const silentOne = await watch(bench, "sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=3");
    assert.deepEqual(silentOne.events, ["ADDED c"]);
  }));

void test("bookmarks come every minute and before the end, with the newest version", () =>
  withServer(async (bench) => {
    const seen = await watch(bench, "resourceVersion=1&allowWatchBookmarks=true&timeoutSeconds=90&fieldSelector=color%3Dblue");
    const plain = await watch(bench, "resourceVersion=1&timeoutSeconds=90");
    await bench.ask("POST", path, map("a", "red"));
    await bench.clock.advance(61_000);
    assert.deepEqual(seen.events, ["BOOKMARK @2"]);
    await bench.ask("POST", path, map("b", "red"));
    await bench.clock.advance(30_000);
    assert.deepEqual(seen.events, ["BOOKMARK @2", "BOOKMARK @3"]);
    assert.deepEqual([seen.ended, plain.ended], [true, true]);
    assert.deepEqual(plain.events, ["ADDED a", "ADDED b"]);
  }));

void test("a watch from a version that is compacted ends with 410, one from a later version goes on", () =>
  withServer(async (bench) => {
    for (let i = 0; i < 5; i++)
      await bench.ask("PUT", `${path}/a`, map("a", String(i))).then(() => bench.ask("POST", path, map(`a${i}`, "x")));
    await bench.store.compact(4);
    const late = await watch(bench, "resourceVersion=3");
    assert.deepEqual(late.events, ["ERROR too old resource version: 3 (4)"]);
    assert.equal(late.ended, true);
    assert.deepEqual((await watch(bench, "resourceVersion=5")).events, ["ADDED a4"]);
  }));

void test("a watch that reads slowly catches up from the history, and does not hold up the others", () =>
  withServer(async (bench) => {
    const slow = await wireWatch(bench, "resourceVersion=1");
    const quick = await wireWatch(bench, "resourceVersion=1");
    slow.slow = true;
    const big = "x".repeat(1_200_000);
    for (let i = 0; i < 8; i++) await bench.ask("POST", path, { metadata: { name: `big-${i}` }, data: { big } });
    assert.equal(quick.events().length, 8);
    assert.ok(slow.events().length < 8, "no more than it takes is kept for it");
    slow.slow = false;
    slow.take();
    assert.deepEqual(slow.events(), quick.events());
    await bench.ask("DELETE", `${path}/big-0`);
    assert.deepEqual(slow.events(), quick.events());
    assert.equal(quick.events().at(-1), "DELETED big-0");
  }));

void test("a watch whose peer takes nothing for two minutes is cut off", () =>
  withServer(async (bench) => {
    const stuck = await wireWatch(bench, "resourceVersion=1");
    stuck.slow = true;
    const big = "x".repeat(1_400_000);
    for (let i = 0; i < 5; i++) await bench.ask("POST", path, { metadata: { name: `big-${i}` }, data: { big } });
    await bench.clock.advance(125_000);
    assert.equal(stuck.state, "destroyed");
  }));

void test("a table tells its columns once a watch, and metadata alone can be watched", () =>
  withServer(async (bench) => {
    const table = await wireWatch(bench, "resourceVersion=1", { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" });
    const metadata = await wireWatch(bench, "resourceVersion=1", {
      accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
    });
    await bench.ask("POST", path, map("a", "red"));
    await bench.ask("POST", path, map("b", "red"));
    const [first, second] = table.text
      .split("\n")
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { object: { columnDefinitions: unknown[] | null; rows: { cells: unknown[] }[] } }).object);
    assert.equal(first?.columnDefinitions?.length, 2);
    assert.equal(second?.columnDefinitions, null);
    assert.equal(second?.rows[0]?.cells[0], "b");
    assert.deepEqual(metadata.events(), ["ADDED a", "ADDED b"]);
    assert.ok(!metadata.text.includes("red") && metadata.text.includes('"kind":"PartialObjectMetadata"'));
  }));

void test("stopping the server ends its watches", () =>
  withServer(async (bench) => {
    const here = await watch(bench, "resourceVersion=1");
    const wire = await wireWatch(bench, "resourceVersion=1");
    await bench.server.stop();
    assert.deepEqual([here.ended, wire.state], [true, "ended"]);
    assert.equal((await bench.ask("GET", path)).status, 503);
  }));

void test("a resource that is not served any more ends its watches and is not found", () =>
  withServer(async (bench) => {
    const seen = await watch(bench, "resourceVersion=1");
    bench.server.uninstall("", "configmaps");
    assert.equal(seen.ended, true);
    assert.equal((await bench.ask("GET", path)).status, 404);
  }));

void test("pages of a list are of one version, whatever is written between them", () =>
  withServer(async (bench) => {
    for (let i = 0; i < 6; i++) await bench.ask("POST", path, map(`m${i}`, "old"));
    interface List {
      metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
      items: { metadata: { name: string }; data: { color: string } }[];
      message?: string;
    }
    const page = async (query: string): Promise<List> => (await bench.ask("GET", `${path}?${query}`)).object as unknown as List;
    const first = await page("limit=2");
    assert.equal(first.metadata.remainingItemCount, 4);
    await bench.ask("DELETE", `${path}/m3`);
    await bench.ask("PUT", `${path}/m4`, map("m4", "new"));
    await bench.ask("POST", path, map("m9", "new"));
    const second = await page(`limit=3&continue=${first.metadata.continue ?? ""}`);
    assert.deepEqual(
      second.items.map((o) => `${o.metadata.name} ${o.data.color}`),
      ["m2 old", "m3 old", "m4 old"],
    );
    assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
    assert.equal(second.metadata.remainingItemCount, 1);
    await bench.store.compact(bench.store.revision);
    const gone = await bench.ask("GET", `${path}?limit=3&continue=${second.metadata.continue ?? ""}`);
    assert.equal(gone.status, 410);
    const fresh = (gone.object as unknown as List).metadata.continue ?? "";
    const rest = await page(`continue=${fresh}`);
    assert.deepEqual(
      rest.items.map((o) => o.metadata.name),
      ["m5", "m9"],
    );
  }));

void test("of many patches at the same time none is lost", () =>
  withServer(async (bench) => {
    await bench.ask("POST", path, map("a", "red"));
    const headers = { "content-type": "application/merge-patch+json" };
    const patches = Array.from({ length: 20 }, (_, i) => bench.ask("PATCH", `${path}/a`, { data: { [`k${i}`]: "1" } }, { headers }));
    for (const answer of await Promise.all(patches)) assert.equal(answer.status, 200);
    const read = (await bench.ask("GET", `${path}/a`)).object as UnstructuredObject;
    assert.equal(Object.keys(read["data"] as object).length, 21);
  }));

void test("an update that changes nothing is not written", () =>
  withServer(async (bench) => {
    const created = (await bench.ask("POST", path, map("a", "red"))).object;
    const same = (await bench.ask("PUT", `${path}/a`, created)).object;
    assert.equal(same?.metadata?.resourceVersion, created?.metadata?.resourceVersion);
  }));

void test("a watcher that throws is ended, and neither the write nor the other watchers notice", () =>
  withServer(async (bench) => {
    const good = await watch(bench, "resourceVersion=1");
    const response = await bench.ask("GET", `${path}?watch=1&resourceVersion=1`);
    let ended = false;
    response.watch?.start({
      event: () => {
        throw new Error("broken");
      },
      end: () => void (ended = true),
    });
    assert.equal((await bench.ask("POST", path, map("a", "red"))).status, 201);
    assert.deepEqual([good.events, ended], [["ADDED a"], true]);
  }));
