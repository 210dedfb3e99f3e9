import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../core/clock.ts";
import { silent } from "../../core/log.ts";
import { aggregatedDiscovery, apiGroupList, servedGroups } from "../discovery/documents.ts";
import { Aggregator } from "./aggregator.ts";
import { belowPrefix, mergeOpenApiV2 } from "./openapi-merge.ts";
import type { RemoteAnswer, RemoteVersion } from "./remote-version.ts";

type Documents = Record<string, { status?: number; type?: string; etag?: string; body: unknown } | undefined>;

function remote(documents: Documents, asked: string[] = [], more: Partial<RemoteVersion> = {}): RemoteVersion {
  return {
    group: "g.example.com",
    version: "v1",
    groupPriority: 2000,
    versionPriority: 10,
    server: "a/b:443",
    proxy: () => Promise.resolve({ status: 200, headers: {} }),
    fetch: (path, headers): Promise<RemoteAnswer> => {
      asked.push(path);
      const found = documents[path];
      if (found === undefined) return Promise.resolve({ status: 404, headers: {}, body: Buffer.from("") });
      if (found.etag !== undefined && headers["if-none-match"] === found.etag)
        return Promise.resolve({ status: 304, headers: {}, body: Buffer.from("") });
      const own = { "content-type": found.type ?? "application/json", ...(found.etag === undefined ? {} : { etag: found.etag }) };
      return Promise.resolve({ status: found.status ?? 200, headers: own, body: Buffer.from(JSON.stringify(found.body)) });
    },
    ...more,
  };
}

const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const things = {
  resource: "things",
  responseKind: { group: "g.example.com", version: "v1", kind: "Thing" },
  scope: "Namespaced",
  singularResource: "thing",
  verbs: ["get"],
};
const list = (resources: unknown[]) => ({ items: [{ metadata: { name: "g.example.com" }, versions: [{ version: "v1", resources }] }] });

/** Until what was started has come to rest. */
const rest = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await new Promise<void>((resolve) => setImmediate(resolve));
};

test("a remote version is listed at once, and its resources when its server has told them", async () => {
  const clock = new FakeClock(0);
  const aggregator = new Aggregator({ clock, log: silent });
  aggregator.set(remote({ "/apis": { type: aggregated, etag: '"1"', body: list([things]) } }));
  const groups = () => servedGroups([], undefined, aggregator.versions);
  const version = { groupVersion: "g.example.com/v1", version: "v1" };
  assert.deepEqual((apiGroupList(groups()) as { groups: unknown }).groups, [
    { name: "g.example.com", versions: [version], preferredVersion: version },
  ]);
  assert.deepEqual((aggregatedDiscovery(groups()) as { items: unknown }).items, []);
  await clock.advance(0);
  await rest();
  assert.deepEqual((aggregatedDiscovery(groups()) as { items: unknown }).items, [
    { metadata: { name: "g.example.com" }, versions: [{ version: "v1", resources: [things], freshness: "Current" }] },
  ]);
  aggregator.stop();
});

test("a server that is away leaves its version stale, and is asked again with growing pauses", async () => {
  const clock = new FakeClock(0);
  const aggregator = new Aggregator({ clock, log: silent });
  const documents: Documents = { "/apis": { status: 503, body: "" } };
  const asked: string[] = [];
  aggregator.set(remote(documents, asked));
  await clock.advance(0);
  await rest();
  assert.equal(aggregator.versions[0]?.freshness, "Stale");
  documents["/apis"] = { type: aggregated, body: list([things]) };
  await clock.advance(400);
  await rest();
  assert.equal(asked.length, 1);
  await clock.advance(200);
  await rest();
  assert.equal(aggregator.versions[0]?.freshness, "Current");
  assert.deepEqual(aggregator.versions[0]?.resources, [things]);
  aggregator.stop();
});

test("a server without aggregated discovery is asked for each version", async () => {
  const clock = new FakeClock(0);
  const aggregator = new Aggregator({ clock, log: silent });
  const resources = [
    { name: "things", singularName: "thing", namespaced: true, kind: "Thing", verbs: ["get"], shortNames: ["th"] },
    { name: "things/status", namespaced: true, kind: "Thing", verbs: ["patch"] },
  ];
  aggregator.set(remote({ "/apis/g.example.com/v1": { body: { kind: "APIResourceList", resources } } }));
  await clock.advance(0);
  await rest();
  const kind = { group: "", version: "", kind: "Thing" };
  assert.deepEqual(aggregator.versions[0]?.resources, [
    {
      resource: "things",
      responseKind: kind,
      scope: "Namespaced",
      singularResource: "thing",
      verbs: ["get"],
      shortNames: ["th"],
      subresources: [{ subresource: "status", responseKind: kind, verbs: ["patch"] }],
    },
  ]);
  aggregator.stop();
});

test("paths at and below a remote version are its own, until it is removed", () => {
  const aggregator = new Aggregator({ clock: new FakeClock(0), log: silent });
  assert.equal(aggregator.find("/apis/g.example.com/v1"), undefined);
  const own = remote({});
  aggregator.set(own);
  assert.equal(aggregator.find("/apis/g.example.com/v1"), own);
  assert.equal(aggregator.find("/apis/g.example.com/v1/namespaces/a/things"), own);
  for (const path of ["/apis/g.example.com", "/apis/g.example.com/v2/things", "/api/v1", "/openapi/v3/apis/g.example.com/v1"])
    assert.equal(aggregator.find(path), undefined);
  aggregator.remove("g.example.com", "v1");
  assert.equal(aggregator.find("/apis/g.example.com/v1"), undefined);
  aggregator.stop();
});

test("groups stand by their priority, versions by theirs", () => {
  const aggregator = new Aggregator({ clock: new FakeClock(0), log: silent });
  aggregator.set(remote({}, [], { group: "low.example.com", groupPriority: 100 }));
  aggregator.set(remote({}, [], { version: "v1", versionPriority: 10 }));
  aggregator.set(remote({}, [], { version: "v2alpha1", versionPriority: 20 }));
  const shown = servedGroups([], undefined, aggregator.versions).map((g) => [g.group, ...g.versions.map((v) => v.version)]);
  assert.deepEqual(shown, [
    ["g.example.com", "v2alpha1", "v1"],
    ["low.example.com", "v1"],
  ]);
  aggregator.stop();
});

test("OpenAPI documents are merged: shared types are kept once, others of the same name are renamed with what refers to them", () => {
  const meta = { description: "ours", type: "object", properties: { name: { type: "string" } } };
  const base = { paths: { "/apis/a/v1/": {} }, definitions: { Meta: meta, Thing: { type: "string" } } };
  const other = {
    paths: {
      "/apis/g/v1/things": { get: { schema: { $ref: "#/definitions/Thing" } } },
      "/version/": { get: { schema: { $ref: "#/definitions/Version" } } },
    },
    definitions: {
      Meta: { ...meta, description: "theirs", "x-kubernetes-group-version-kind": [{ group: "g", kind: "Meta", version: "v1" }] },
      Thing: { type: "object", properties: { metadata: { $ref: "#/definitions/Meta" } } },
      Version: {},
    },
  };
  assert.deepEqual(mergeOpenApiV2(base, [belowPrefix(other, "/apis/g/v1/")]), {
    paths: { "/apis/a/v1/": {}, "/apis/g/v1/things": { get: { schema: { $ref: "#/definitions/Thing_v2" } } } },
    definitions: {
      Meta: { ...meta, "x-kubernetes-group-version-kind": [{ group: "g", kind: "Meta", version: "v1" }] },
      Thing: { type: "string" },
      Thing_v2: { type: "object", properties: { metadata: { $ref: "#/definitions/Meta" } } },
    },
  });
});
