import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApiResponse } from "../../src/apiserver/request.ts";
import { createApiServer } from "../../src/apiserver/server.ts";
import { inProcessClient } from "../../src/client/in-process-client.ts";
import { FakeClock } from "../../src/core/clock.ts";
import { silent } from "../../src/core/log.ts";
import { MetricsRegistry } from "../../src/core/metrics.ts";
import { builtinResources } from "../../src/resources/index.ts";
import { memoryStore } from "../../src/store/memory-store.ts";
import { apiRequest } from "../control-plane/ask.ts";

const count = 5200;

async function filled(): Promise<(url: string) => Promise<ApiResponse>> {
  const clock = new FakeClock();
  const store = memoryStore({ clock });
  await store.transact(
    Array.from({ length: count }, (_, i) => {
      const metadata = { name: `c${i}`, namespace: `ns-${i % 7}`, uid: String(i), labels: { at: String(i % 100) } };
      const value = Buffer.from(JSON.stringify({ kind: "ConfigMap", apiVersion: "v1", metadata, data: { n: "é".repeat(i % 5) } }));
      return { type: "put" as const, key: `/registry/configmaps/${metadata.namespace}/${metadata.name}`, value };
    }),
  );
  const server = createApiServer({ store, clock, log: silent, metrics: new MetricsRegistry(), admission: [] });
  const client = inProcessClient(server, { name: "system:apiserver", groups: ["system:masters"] });
  const deps = { clock, log: silent, objects: server.objects.bind(server), client: () => client };
  for (const definition of builtinResources(deps)) server.install(definition);
  await server.start();
  return (path) => server.handle(apiRequest({ method: "GET", path }));
}

type List = { metadata: { continue?: string; resourceVersion: string }; items: { metadata: { name: string } }[] };
const whole = (parts: Iterable<Uint8Array>): List => JSON.parse(Buffer.concat([...parts]).toString()) as List;

void test("a list too large to be made at once is told in pieces, of the size that it promised, and is the same list", async () => {
  const get = await filled();
  const { pieces, bytes } = await get("/api/v1/configmaps");
  assert.ok(pieces !== undefined && bytes === undefined);
  assert.equal(Buffer.concat([...pieces.make()]).length, pieces.size);
  const all = whole(pieces.make());
  assert.equal(all.items.length, count);
  const paged: List["items"] = [];
  for (let url = "/api/v1/configmaps?limit=1000"; ; ) {
    const page = whole((await get(url)).bytes as Uint8Array[]);
    paged.push(...page.items);
    if (page.metadata.continue === undefined) break;
    url = `/api/v1/configmaps?limit=1000&continue=${page.metadata.continue}`;
  }
  assert.deepEqual(all.items, paged);
});

void test("a few of many by a label are found, over all namespaces and in one", async () => {
  const get = await filled();
  const names = async (url: string): Promise<string[]> => whole((await get(url)).bytes as Uint8Array[]).items.map((o) => o.metadata.name);
  const everywhere = await names("/api/v1/configmaps?labelSelector=at%3D42");
  assert.equal(everywhere.length, count / 100);
  const some = await names("/api/v1/namespaces/ns-3/configmaps?labelSelector=at%3D42");
  assert.ok(some.length > 0 && some.every((name) => everywhere.includes(name)));
  const pages = [...(await names("/api/v1/configmaps?labelSelector=at%3D42&limit=10"))];
  assert.deepEqual(pages, everywhere.slice(0, 10));
});
