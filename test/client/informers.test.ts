/** An informer whose watches break, whose versions expire and whose server restarts ends with what the server has. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Client, ResourceClient, WatchEvent } from "../../src/client/client.ts";
import { createInformer, type OwnInformer } from "../../src/client/informer-factory.ts";
import { expired, serviceUnavailable } from "../../src/core/api-error.ts";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { type ConfigMap, configmaps, namespaces } from "../../src/schema/types/core-v1.ts";
import { type Reachable, startReachable } from "./servers.ts";

/** Waits a fiftieth of what is asked. */
const hurried: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic(),
  setTimeout: (run, ms) => systemClock.setTimeout(run, ms / 50),
  setInterval: (run, ms) => systemClock.setInterval(run, ms / 50),
};

type Fault = "drop" | "expire" | "refuse-list" | "end";

/** A client whose lists and watches fail when they are told to: the server behind it is real. */
class Faulty {
  readonly client: Client;
  #next: Fault | undefined;
  #refusals = 0;
  readonly #cuts = new Set<() => void>();

  constructor(inner: Client) {
    this.client = {
      resource: (ref, namespace) => this.#wrap(inner.resource(ref, namespace)),
      raw: (method, path, body, options) => inner.raw(method, path, body, options),
      as: (user) => inner.as(user),
    };
  }

  inject(fault: Fault): void {
    if (fault === "refuse-list") this.#refusals++;
    else {
      this.#next = fault;
      for (const cut of this.#cuts) cut();
      this.#cuts.clear();
    }
  }

  #wrap<T extends object>(inner: ResourceClient<T>): ResourceClient<T> {
    const list: ResourceClient<T>["list"] = async (options) => {
      if (this.#refusals > 0) {
        this.#refusals--;
        throw serviceUnavailable("no");
      }
      return inner.list(options);
    };
    const watch: ResourceClient<T>["watch"] = (options) => this.#watch(inner, options);
    return new Proxy(inner, {
      get: (target, name) => {
        if (name === "list") return list;
        if (name === "watch") return watch;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  }

  async *#watch<T extends object>(
    inner: ResourceClient<T>,
    options: Parameters<ResourceClient<T>["watch"]>[0],
  ): AsyncGenerator<WatchEvent<T>> {
    const stop = new AbortController();
    const signal = options?.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
    const cut = (): void => stop.abort();
    this.#cuts.add(cut);
    try {
      for await (const event of inner.watch({ ...options, signal })) {
        yield event;
        if (stop.signal.aborted) break;
      }
    } finally {
      this.#cuts.delete(cut);
    }
    if (!stop.signal.aborted) return;
    const fault = this.#next;
    if (fault === "expire") throw expired("too old resource version");
    if (fault === "drop") throw serviceUnavailable("the connection broke");
  }
}

/** Follows an informer's events strictly: none may come twice, and none may be missing. */
class Mirror {
  readonly objects = new Map<string, ConfigMap>();

  constructor(informer: OwnInformer<ConfigMap>) {
    const name = (map: ConfigMap): string => map.metadata?.name ?? "";
    informer.addHandlers({
      onAdd: (map) => {
        assert.equal(this.objects.has(name(map)), false, `${name(map)} was added twice`);
        this.objects.set(name(map), map);
      },
      onUpdate: (map, old) => {
        assert.equal(this.objects.get(name(map)), old, `${name(map)} was updated from something else`);
        assert.equal(map.metadata?.uid, old.metadata?.uid, "another object takes the name by a deletion and an addition");
        this.objects.set(name(map), map);
      },
      onDelete: (map) => {
        assert.equal(this.objects.get(name(map))?.metadata?.uid, map.metadata?.uid, `${name(map)} was deleted without being there`);
        this.objects.delete(name(map));
      },
    });
  }
}

type Step =
  | { type: "write"; name: number; value: number }
  | { type: "delete"; name: number }
  | { type: "fault"; fault: Fault }
  | { type: "rest" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant("write" as const), name: fc.nat(7), value: fc.nat(1000) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("delete" as const), name: fc.nat(7) }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant("fault" as const), fault: fc.constantFrom<Fault>("drop", "expire", "refuse-list", "end") }),
  },
  { weight: 2, arbitrary: fc.constant({ type: "rest" as const }) },
);

let namespacesMade = 0;

async function run(server: Reachable, steps: readonly Step[], streamingList: boolean): Promise<void> {
  const namespace = `ns-${++namespacesMade}`;
  await server.local.resource(namespaces).create({ metadata: { name: namespace } });
  const maps = server.local.resource(configmaps, namespace);
  const faulty = new Faulty(server.local);
  const problems: unknown[] = [];
  const informer = createInformer(faulty.client, configmaps, {
    namespace,
    streamingList,
    clock: hurried,
    log: {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: (_m, f) => problems.push(f?.["error"]),
      child() {
        return this;
      },
    },
  });
  const mirror = new Mirror(informer);
  informer.addIndex("value", (map) => [map.data?.["value"] ?? ""]);
  informer.start();
  for (const one of steps) {
    if (one.type === "fault") faulty.inject(one.fault);
    else if (one.type === "rest") await new Promise((resolve) => setTimeout(resolve, 3));
    else if (one.type === "delete") await maps.delete(`m${one.name}`).catch(() => undefined);
    else {
      const patch = { data: { value: String(one.value) } };
      await maps.patch(`m${one.name}`, "merge", patch).catch(() => maps.create({ metadata: { name: `m${one.name}` }, ...patch }));
    }
  }
  const wanted = new Map((await maps.list()).items.map((map) => [map.metadata?.name ?? "", map]));
  const state = (objects: Iterable<ConfigMap>): unknown =>
    [...objects].map((m) => [m.metadata?.name, m.metadata?.resourceVersion, m.data]).sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
  const equal = (): boolean => JSON.stringify(state(informer.lister.list())) === JSON.stringify(state(wanted.values()));
  for (let i = 0; i < 1000 && !(informer.synced && equal()); i++) await new Promise((resolve) => setTimeout(resolve, 5));
  informer.stop();
  assert.deepEqual(state(informer.lister.list()), state(wanted.values()));
  assert.deepEqual(state(mirror.objects.values()), state(wanted.values()));
  for (const map of wanted.values()) {
    const found = informer.lister.byIndex("value", map.data?.["value"] ?? "").map((m) => m.metadata?.name);
    assert.ok(found.includes(map.metadata?.name));
  }
  assert.deepEqual(problems, []);
}

for (const streamingList of [true, false]) {
  void test(`under drops and expired versions ${streamingList ? "a streaming" : "a listing"} informer ends equal to the server`, async () => {
    await using server = await startReachable();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => run(server, steps, streamingList)),
      { numRuns: 40 },
    );
  });
}

void test("an informer over the network survives restarts of its server", async () => {
  await using server = await startReachable();
  await server.local.resource(namespaces).create({ metadata: { name: "ns" } });
  const maps = server.local.resource(configmaps, "ns");
  const informer = createInformer(server.connect(), configmaps, { namespace: "ns", clock: hurried });
  const mirror = new Mirror(informer);
  informer.start();
  for (let i = 0; i < 60; i++) {
    await maps.create({ metadata: { name: `m${i}` } });
    if (i % 3 === 0) await maps.delete(`m${i}`);
    if (i % 20 === 10) await server.restart();
  }
  for (let i = 0; i < 1000 && informer.lister.list().length !== 40; i++) await new Promise((resolve) => setTimeout(resolve, 5));
  informer.stop();
  assert.equal(informer.lister.list().length, 40);
  assert.equal(mirror.objects.size, 40);
});

void test("objects in a cache are frozen, and in this process they are the server's own", async () => {
  await using server = await startReachable();
  await server.local.resource(namespaces).create({ metadata: { name: "ns" } });
  for (const client of [server.local, server.connect()]) {
    const informer = createInformer(client, namespaces);
    informer.start();
    await informer.whenSynced();
    const found = informer.lister.get("", "ns");
    assert.ok(Object.isFrozen(found) && Object.isFrozen(found?.metadata));
    if (client === server.local) assert.equal(found, await server.local.resource(namespaces).get("ns"));
    informer.stop();
  }
});

void test("handlers that come late are told what is there", async () => {
  await using server = await startReachable();
  await server.local.resource(namespaces).create({ metadata: { name: "ns" } });
  const informer = createInformer(server.local, namespaces);
  informer.start();
  await informer.whenSynced();
  const seen: string[] = [];
  const remove = informer.addHandlers({ onAdd: (namespace) => void seen.push(namespace.metadata?.name ?? "") });
  assert.deepEqual(seen, ["ns"]);
  remove();
  informer.stop();
});
