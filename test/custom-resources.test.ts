/** Custom resources from definition to deletion, against a whole API server in this process. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Client, ResourceClient, WatchEvent } from "../src/client/client.ts";
import { type ApiError, isApiError } from "../src/core/api-error.ts";
import { silent } from "../src/core/log.ts";
import type { CrdManager } from "../src/apiserver/crd/crd-manager.ts";
import { startCustomResources } from "../src/resources/custom-resources.ts";
import type { KubeObject, UnstructuredObject } from "../src/schema/object.ts";
import type { ResourceRef } from "../src/schema/resource-ref.ts";
import {
  type CustomResourceDefinition,
  type CustomResourceDefinitionVersion,
  customresourcedefinitions,
} from "../src/schema/types/apiextensions-v1.ts";
import { namespaces } from "../src/schema/types/core-v1.ts";
import { startServer, type TestServer } from "./resources/server.ts";

const group = "example.com";

function definition(plural: string, kind: string, more: Partial<CustomResourceDefinitionVersion> = {}): CustomResourceDefinition {
  return {
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { plural, kind },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: "object",
              properties: {
                spec: {
                  type: "object",
                  required: ["size"],
                  properties: { size: { type: "integer", minimum: 1 }, color: { type: "string", default: "red", enum: ["red", "blue"] } },
                },
                status: { type: "object", properties: { ready: { type: "integer" }, selector: { type: "string" } } },
              },
            },
          },
          ...more,
        },
      ],
    },
  };
}

function ref(plural: string, kind: string, version = "v1"): ResourceRef<UnstructuredObject> {
  return { group, version, resource: plural, kind, namespaced: true };
}

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(isApiError(error), String(error));
    return error;
  }
  throw new assert.AssertionError({ message: "it should have failed" });
}

void describe("custom resources", () => {
  let server: TestServer;
  let manager: CrdManager;
  let client: Client;
  let crds: ResourceClient<CustomResourceDefinition>;

  before(async () => {
    server = await startServer();
    manager = await startCustomResources(server.server, { clock: server.clock, log: silent });
    client = server.client;
    crds = client.resource(customresourcedefinitions);
    await client.resource(namespaces).create({ metadata: { name: "ns" } });
  });
  after(async () => {
    manager.stop();
    await server[Symbol.asyncDispose]();
  });

  /** Waits, by watching, until the definition says what `holds` asks. */
  async function until(name: string, holds: (crd: CustomResourceDefinition) => boolean): Promise<CustomResourceDefinition> {
    const events = crds.watch({ fieldSelector: `metadata.name=${name}`, sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" });
    for await (const { type, object } of events as AsyncIterable<WatchEvent<CustomResourceDefinition>>) {
      if (type !== "BOOKMARK" && holds(object)) return object;
    }
    throw new Error("the watch ended");
  }

  const condition = (crd: CustomResourceDefinition, type: string): string | undefined => {
    const found = crd.status?.conditions?.find((c) => c.type === type);
    return found === undefined ? undefined : `${found.status} ${found.reason}: ${found.message}`;
  };

  async function establish(crd: CustomResourceDefinition): Promise<CustomResourceDefinition> {
    await crds.create(crd);
    return until(crd.metadata?.name ?? "", (c) => condition(c, "Established")?.startsWith("True") === true);
  }

  void it("a definition is accepted and established, and its resource is served and discovered", async () => {
    const crd = await establish(definition("widgets", "Widget"));
    assert.equal(condition(crd, "NamesAccepted"), "True NoConflicts: no conflicts found");
    assert.equal(condition(crd, "Established"), "True InitialNamesAccepted: the initial names have been accepted");
    assert.deepEqual(crd.status?.acceptedNames, { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" });
    assert.deepEqual(crd.status?.storedVersions, ["v1"]);
    assert.ok(server.server.definition(group, "widgets"));
  });

  void it("objects are defaulted, pruned, validated, and counted in generations", async () => {
    const widgets = client.resource(ref("widgets", "Widget"), "ns");
    const made = await widgets.create({ metadata: { name: "a" } as KubeObject["metadata"], spec: { size: 2, unknown: true } });
    assert.deepEqual(made["spec"], { size: 2, color: "red" });
    assert.equal(made.metadata?.generation, 1);
    const error = await failure(widgets.create({ metadata: { name: "b" } as KubeObject["metadata"], spec: { size: 0, color: "green" } }));
    assert.equal(error.code, 422);
    assert.deepEqual(error.details?.causes?.map((c) => c.field).sort(), ["spec.color", "spec.size"]);
    const strict = await failure(
      widgets.create({ metadata: { name: "c" } as KubeObject["metadata"], spec: { size: 1, unknown: 1 } }, { fieldValidation: "Strict" }),
    );
    assert.match(strict.message, /strict decoding error: unknown field "spec.unknown"/);
    const changed = await widgets.update({ ...made, spec: { size: 3, color: "blue" } });
    assert.equal(changed.metadata?.generation, 2);
    const labelled = await widgets.patch("a", "merge", { metadata: { labels: { x: "y" } } });
    assert.equal(labelled.metadata?.generation, 2);
  });

  void it("a name that another definition of the group holds is refused, and given when that one goes", async () => {
    await crds.create(definition("gadgets", "Widget"));
    const waiting = await until(`gadgets.${group}`, (c) => condition(c, "NamesAccepted") !== undefined);
    assert.equal(condition(waiting, "NamesAccepted"), 'False ListKindConflict: "WidgetList" is already in use');
    assert.equal(condition(waiting, "Established"), "False NotAccepted: not all names are accepted");
    await crds.delete(`widgets.${group}`);
    const given = await until(`gadgets.${group}`, (c) => condition(c, "Established")?.startsWith("True") === true);
    assert.equal(given.status?.acceptedNames?.kind, "Widget");
    await crds.delete(`gadgets.${group}`);
  });

  void it("status and scale are subresources of their own", async () => {
    await establish(
      definition("sets", "Set", {
        subresources: {
          status: {},
          scale: { specReplicasPath: ".spec.size", statusReplicasPath: ".status.ready", labelSelectorPath: ".status.selector" },
        },
      }),
    );
    const sets = client.resource(ref("sets", "Set"), "ns");
    const made = await sets.create({ metadata: { name: "s" } as KubeObject["metadata"], spec: { size: 2 }, status: { ready: 9 } });
    assert.equal(made["status"], undefined);
    const reported = await sets.updateStatus({ ...made, spec: { size: 7 }, status: { ready: 1, selector: "a=b" } });
    assert.deepEqual(reported["status"], { ready: 1, selector: "a=b" });
    assert.deepEqual(reported["spec"], { size: 2, color: "red" });
    assert.equal(reported.metadata?.generation, 1);
    const scale = await sets.getSubresource<UnstructuredObject>("s", "scale");
    assert.deepEqual(scale["spec"], { replicas: 2 });
    assert.deepEqual(scale["status"], { replicas: 1, selector: "a=b" });
    await sets.updateSubresource("s", "scale", { ...scale, spec: { replicas: 5 } });
    assert.deepEqual((await sets.get("s"))["spec"], { size: 5, color: "red" });
    assert.equal((await sets.get("s")).metadata?.generation, 2);
  });

  void it("every served version shows the same object, and an unserved one is not there", async () => {
    const crd = definition("things", "Thing");
    const [v1] = crd.spec.versions as [CustomResourceDefinitionVersion];
    crd.spec.versions = [v1, { ...v1, name: "v2", storage: false }, { ...v1, name: "v3", storage: false, served: false }];
    await establish(crd);
    await client
      .resource(ref("things", "Thing", "v2"), "ns")
      .create({ metadata: { name: "t" } as KubeObject["metadata"], spec: { size: 1 } });
    const seen = await client.resource(ref("things", "Thing", "v1"), "ns").get("t");
    assert.equal(seen.apiVersion, "example.com/v1");
    assert.deepEqual(seen["spec"], { size: 1, color: "red" });
    assert.equal((await failure(client.resource(ref("things", "Thing", "v3"), "ns").get("t"))).code, 404);
  });

  void it("objects of a former schema are shown without what the present one does not know, and with its defaults", async () => {
    const crd = await establish(definition("olds", "Old"));
    const olds = client.resource(ref("olds", "Old"), "ns");
    await olds.create({ metadata: { name: "before" } as KubeObject["metadata"], spec: { size: 1, color: "blue" } });
    const [v1] = crd.spec.versions as [CustomResourceDefinitionVersion];
    const properties = { size: { type: "integer" }, shape: { type: "string", default: "round" } };
    const schema = { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties } } } };
    await crds.update({ ...crd, spec: { ...crd.spec, versions: [{ ...v1, schema }] } });
    await olds.create({ metadata: { name: "later" } as KubeObject["metadata"], spec: { size: 2, color: "blue" } });
    assert.deepEqual((await olds.get("before"))["spec"], { size: 1, shape: "round" });
    assert.deepEqual(
      (await olds.list()).items.map((o) => o["spec"]),
      [
        { size: 1, shape: "round" },
        { size: 2, shape: "round" },
      ],
    );
    await crds.delete(`olds.${group}`);
  });

  void it("an update that changes nothing writes what is stored at another version or under a former schema, and is no new generation", async () => {
    const crd = definition("moves", "Move");
    const [v1] = crd.spec.versions as [CustomResourceDefinitionVersion];
    crd.spec.versions = [v1, { ...v1, name: "v2", storage: false }];
    const made = await establish(crd);
    const moves = client.resource(ref("moves", "Move"), "ns");
    const first = await moves.create({ metadata: { name: "m" } as KubeObject["metadata"], spec: { size: 1, color: "blue" } });
    const versionOf = (o: UnstructuredObject): string | undefined => o.metadata?.resourceVersion;
    assert.equal(versionOf(await moves.update(first)), versionOf(first));
    const other = made.spec.versions.map((v) => ({ ...v, storage: v.name === "v2" }));
    const moved = await crds.update({ ...made, spec: { ...made.spec, versions: other } });
    const second = await moves.update(first);
    assert.notEqual(versionOf(second), versionOf(first));
    assert.equal(versionOf(await moves.update(second)), versionOf(second));
    const schema = {
      openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties: { size: { type: "integer" } } } } },
    };
    const present = await crds.get(`moves.${group}`);
    await crds.update({ ...present, spec: { ...moved.spec, versions: other.map((v) => ({ ...v, schema })) } });
    const third = await moves.update(await moves.get("m"));
    assert.deepEqual(third["spec"], { size: 1 });
    assert.notEqual(versionOf(third), versionOf(second));
    assert.equal(third.metadata?.generation, 1);
    await crds.delete(`moves.${group}`);
  });

  void it("objects written at a version that knows more are shown as the storage version and their own have them", async () => {
    const crd = definition("mixes", "Mix");
    const [v1] = crd.spec.versions as [CustomResourceDefinitionVersion];
    const schemaOf = (properties: object): CustomResourceDefinitionVersion["schema"] =>
      ({
        openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties } } },
      }) as CustomResourceDefinitionVersion["schema"];
    const text = (value: string): object => ({ type: "string", default: value });
    crd.spec.versions = [
      { ...v1, schema: schemaOf({ a: text("A"), b: text("B") }) },
      { ...v1, name: "v2", storage: false, schema: schemaOf({ a: text("A2"), c: text("C") }) },
    ];
    await establish(crd);
    const object = { metadata: { name: "m" } as KubeObject["metadata"], spec: { b: "2", c: "1" } };
    await client.resource(ref("mixes", "Mix", "v2"), "ns").create(object);
    assert.deepEqual((await client.resource(ref("mixes", "Mix"), "ns").get("m"))["spec"], { a: "A2", b: "B" });
    assert.deepEqual((await client.resource(ref("mixes", "Mix", "v2"), "ns").get("m"))["spec"], { a: "A2" });
    await crds.delete(`mixes.${group}`);
  });

  void it("a definition goes when its instances have gone, and nothing new comes meanwhile", async () => {
    await establish(definition("relics", "Relic"));
    const relics = client.resource(ref("relics", "Relic"), "ns");
    await relics.create({
      metadata: { name: "r", finalizers: ["example.com/hold"] } as KubeObject["metadata"],
      spec: { size: 1 },
    });
    const deleted = (await crds.delete(`relics.${group}`)) as CustomResourceDefinition;
    assert.deepEqual(deleted.metadata?.finalizers, ["customresourcecleanup.apiextensions.k8s.io"]);
    assert.match(condition(deleted, "Terminating") ?? "", /^True InstanceDeletionPending/);
    await until(`relics.${group}`, (c) => condition(c, "Terminating")?.includes("InstanceDeletionInProgress") === true);
    const refused = await failure(relics.create({ metadata: { name: "n" } as KubeObject["metadata"], spec: { size: 1 } }));
    assert.equal(refused.code, 403);
    assert.match(refused.message, /create not allowed while custom resource definition is terminating/);
    const gone = (async () => {
      for await (const { type } of crds.watch({ fieldSelector: `metadata.name=relics.${group}` })) if (type === "DELETED") return;
    })();
    await relics.patch("r", "merge", { metadata: { finalizers: null } });
    await gone;
    assert.equal((await failure(relics.get("r"))).code, 404);
    assert.equal(server.server.definition(group, "relics"), undefined);
  });

  void it("instances of a definition that serves nothing any more go with it", async () => {
    await establish(definition("ghosts", "Ghost"));
    await client.resource(ref("ghosts", "Ghost"), "ns").create({ metadata: { name: "g" } as KubeObject["metadata"], spec: { size: 1 } });
    await crds.patch(`ghosts.${group}`, "json", [{ op: "replace", path: "/spec/versions/0/served", value: false }]);
    assert.equal((await failure(client.resource(ref("ghosts", "Ghost"), "ns").get("g"))).code, 404);
    await crds.delete(`ghosts.${group}`);
    while ((await crds.list()).items.some((c) => c.metadata?.name === `ghosts.${group}`)) await new Promise((done) => setImmediate(done));
    await establish(definition("ghosts", "Ghost"));
    assert.deepEqual((await client.resource(ref("ghosts", "Ghost"), "ns").list()).items, []);
  });

  void it("a field selector works on the selectable fields", async () => {
    await establish(definition("shirts", "Shirt", { selectableFields: [{ jsonPath: ".spec.color" }] }));
    const shirts = client.resource(ref("shirts", "Shirt"), "ns");
    for (const [name, color] of [
      ["one", "red"],
      ["two", "blue"],
    ]) {
      await shirts.create({ metadata: { name } as KubeObject["metadata"], spec: { size: 1, color } });
    }
    const found = await shirts.list({ fieldSelector: "spec.color=blue" });
    assert.deepEqual(
      found.items.map((i) => i.metadata?.name),
      ["two"],
    );
    assert.equal((await failure(shirts.list({ fieldSelector: "spec.size=1" }))).code, 400);
  });
});
