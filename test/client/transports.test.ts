/** One suite over every transport: what a client means does not depend on how it reaches the server. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Client, WatchEvent } from "../../src/client/client.ts";
import { listAll } from "../../src/client/pager.ts";
import { type ApiError, isApiError } from "../../src/core/api-error.ts";
import { deployments } from "../../src/schema/types/apps-v1.ts";
import { type ConfigMap, configmaps, namespaces, type Pod, pods } from "../../src/schema/types/core-v1.ts";
import { type Reachable, startReachable } from "./servers.ts";

const transports: [string, (server: Reachable) => Client][] = [
  ["in-process", (server) => server.local],
  ["HTTP/2", (server) => server.connect()],
  ["HTTP/1.1", (server) => server.connect({ disableHttp2: true })],
];

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(isApiError(error), String(error));
    return error;
  }
  throw new assert.AssertionError({ message: "it should have failed" });
}

async function take<T>(events: AsyncIterable<WatchEvent<T>>, count: number): Promise<WatchEvent<T>[]> {
  const taken: WatchEvent<T>[] = [];
  for await (const event of events) {
    taken.push(event);
    if (taken.length === count) break;
  }
  return taken;
}

for (const [name, connect] of transports) {
  void describe(`the ${name} transport`, () => {
    let server: Reachable;
    let client: Client;
    before(async () => {
      server = await startReachable();
      client = connect(server);
      await client.resource(namespaces).create({ metadata: { name: "ns" } });
    });
    after(async () => {
      await server[Symbol.asyncDispose]();
    });
    const maps = (): ReturnType<typeof client.resource<ConfigMap>> => client.resource(configmaps, "ns");

    void it("creates, reads, updates and deletes", async () => {
      const created = await maps().create({ metadata: { name: "a", labels: { app: "x" } }, data: { k: "1" } });
      assert.equal(created.kind, "ConfigMap");
      assert.ok(created.metadata?.uid);
      assert.deepEqual(await maps().get("a"), created);
      const updated = await maps().update({ ...created, data: { k: "2" } });
      assert.deepEqual(updated.data, { k: "2" });
      const { resourceVersion: _version, ...unversioned } = updated.metadata ?? {};
      assert.deepEqual((await maps().update({ metadata: unversioned, data: { k: "3" } })).data, { k: "3" });
      const status = await maps().delete("a");
      assert.equal(status.kind, "Status");
      assert.equal((await failure(maps().get("a"))).message, 'configmaps "a" not found');
    });

    void it("lists objects that say what they are", async () => {
      await maps().create({ metadata: { name: "b", labels: { list: "yes" } } });
      const list = await maps().list({ labelSelector: "list=yes" });
      assert.equal(list.kind, "ConfigMapList");
      assert.ok(list.metadata.resourceVersion);
      assert.deepEqual(
        list.items.map((item) => [item.apiVersion, item.kind, item.metadata?.name]),
        [["v1", "ConfigMap", "b"]],
      );
      assert.deepEqual((await maps().list({ labelSelector: "list=no" })).items, []);
    });

    void it("patches in every form", async () => {
      await client.resource(deployments, "ns").create({
        metadata: { name: "web" },
        spec: {
          selector: { matchLabels: { a: "b" } },
          template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } },
        },
      });
      const web = client.resource(deployments, "ns");
      const merged = await web.patch("web", "merge", { spec: { replicas: 2 } });
      assert.equal(merged.spec?.replicas, 2);
      const replaced = await web.patch("web", "json", [{ op: "replace", path: "/spec/replicas", value: 3 }]);
      assert.equal(replaced.spec?.replicas, 3);
      const strategic = await web.patch("web", "strategic", { spec: { template: { spec: { containers: [{ name: "c", image: "j" }] } } } });
      assert.equal(strategic.spec?.template.spec?.containers[0]?.image, "j");
      const status = await web.patch("web", "merge", { status: { replicas: 1 } }, { subresource: "status" });
      assert.equal(status.status?.replicas, 1);
    });

    void it("throws what the server answers as ApiError with its code, reason and details", async () => {
      await maps().create({ metadata: { name: "c" } });
      const exists = await failure(maps().create({ metadata: { name: "c" } }));
      assert.deepEqual([exists.code, exists.reason, exists.details?.name], [409, "AlreadyExists", "c"]);
      const stale = await failure(maps().update({ metadata: { name: "c", resourceVersion: "1" } }));
      assert.deepEqual([stale.code, stale.reason], [409, "Conflict"]);
      const invalid = await failure(maps().create({ metadata: { name: "Not_A_Name" } }));
      assert.deepEqual([invalid.code, invalid.reason, invalid.details?.causes?.[0]?.field], [422, "Invalid", "metadata.name"]);
      assert.equal((await failure(maps().get(""))).code, 400);
      assert.equal((await failure(client.resource(configmaps).create({ metadata: { name: "x" } }))).code, 400);
    });

    void it("tells changes from a version on, in order, and ends when the reader leaves", async () => {
      const { metadata } = await maps().list();
      const watch = maps().watch({ resourceVersion: metadata.resourceVersion ?? "" });
      const events = take(watch, 3);
      await maps().create({ metadata: { name: "w" } });
      await maps().patch("w", "merge", { data: { a: "b" } });
      await maps().delete("w");
      assert.deepEqual(
        (await events).map((e) => [e.type, e.object.kind, e.object.metadata?.name]),
        ["ADDED", "MODIFIED", "DELETED"].map((type) => [type, "ConfigMap", "w"]),
      );
    });

    void it("streams the initial state up to its bookmark", async () => {
      const seen: string[] = [];
      const options = { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan", allowWatchBookmarks: true } as const;
      for await (const { type, object } of client.resource(namespaces).watch(options)) {
        seen.push(type);
        if (type === "BOOKMARK") {
          assert.equal(object.metadata?.annotations?.["k8s.io/initial-events-end"], "true");
          break;
        }
      }
      assert.deepEqual(seen, ["ADDED", "BOOKMARK"]);
    });

    void it("ends a watch when its signal aborts or its time is over", async () => {
      const stop = new AbortController();
      setTimeout(() => stop.abort(), 20);
      assert.deepEqual(await take(maps().watch({ resourceVersion: "0", labelSelector: "none=1", signal: stop.signal }), 1), []);
      assert.deepEqual(await take(maps().watch({ labelSelector: "none=1", timeoutSeconds: 1 }), 1), []);
    });

    void it("throws the signal's reason for a call that is aborted", async () => {
      const reason = new Error("enough");
      await assert.rejects(maps().list({ signal: AbortSignal.abort(reason) }), reason);
    });

    void it("throws a watch that the server refuses", async () => {
      const refused = await failure(take(maps().watch({ labelSelector: "a in (" }), 1));
      assert.equal(refused.code, 400);
    });

    void it("lists in pages", async () => {
      for (let i = 0; i < 7; i++) await maps().create({ metadata: { name: `page-${i}`, labels: { page: "1" } } });
      const first = await maps().list({ labelSelector: "page=1", limit: 3 });
      assert.equal(first.items.length, 3);
      assert.ok(first.metadata.continue);
      const all = await listAll(maps(), { labelSelector: "page=1" }, 3);
      assert.deepEqual(
        all.map((m) => m.metadata?.name),
        Array.from({ length: 7 }, (_, i) => `page-${i}`),
      );
    });

    void it("answers the object that a finalizer keeps, and deletes collections", async () => {
      await maps().create({ metadata: { name: "held", finalizers: ["example.com/hold"], labels: { many: "1" } } });
      await maps().create({ metadata: { name: "free", labels: { many: "1" } } });
      const held = await maps().delete("held");
      assert.deepEqual([held.kind, held.metadata?.deletionTimestamp !== undefined], ["ConfigMap", true]);
      await maps().patch("held", "merge", { metadata: { finalizers: null } });
      await maps().deleteCollection({}, { labelSelector: "many=1" });
      assert.deepEqual((await maps().list({ labelSelector: "many=1" })).items, []);
    });

    void it("makes names, and changes nothing in a dry run", async () => {
      const named = await maps().create({ metadata: { generateName: "gen-" } });
      assert.match(named.metadata?.name ?? "", /^gen-[a-z0-9]{5}$/);
      await maps().create({ metadata: { name: "dry" } }, { dryRun: true });
      assert.equal((await failure(maps().get("dry"))).code, 404);
    });

    void it("reaches subresources", async () => {
      const web = client.resource(deployments, "ns");
      const scale = await web.getSubresource<{ kind?: string; spec?: { replicas?: number } }>("web", "scale");
      assert.deepEqual([scale.kind, scale.spec?.replicas], ["Scale", 3]);
      await web.updateSubresource("web", "scale", { ...scale, spec: { replicas: 5 } });
      assert.equal((await web.get("web")).spec?.replicas, 5);
      const pod: Pod = { metadata: { name: "p" }, spec: { containers: [{ name: "c", image: "i" }] } };
      await client.resource(pods, "ns").create(pod);
      const binding = { apiVersion: "v1", kind: "Binding", metadata: { name: "p" }, target: { kind: "Node", name: "n1" } };
      await client.resource(pods, "ns").createSubresource("p", "binding", binding);
      assert.equal((await client.resource(pods, "ns").get("p")).spec?.nodeName, "n1");
    });

    void it("reads any path", async () => {
      const answer = await client.raw("GET", "/api/v1/namespaces/ns");
      assert.equal(answer.status, 200);
      assert.equal((answer.json() as { metadata: { name: string } }).metadata.name, "ns");
      assert.equal((await client.raw("GET", "/api/v1/namespaces/nowhere")).status, 404);
    });

    void it("acts as someone else, who may do less", async () => {
      const refused = await failure(client.as({ name: "bob" }).resource(configmaps, "ns").list());
      assert.deepEqual([refused.code, refused.reason], [403, "Forbidden"]);
      assert.match(
        refused.message,
        /^configmaps is forbidden: User "bob" cannot list resource "configmaps" in API group "" in the namespace "ns"/,
      );
    });
  });
}
