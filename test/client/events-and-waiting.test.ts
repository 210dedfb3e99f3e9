import assert from "node:assert/strict";
import { test } from "node:test";
import { eventRecorder } from "../../src/client/event-recorder.ts";
import { actionRecorder } from "../../src/client/action-recorder.ts";
import { waitFor, waitForDeletion } from "../../src/client/wait.ts";
import { configmaps, events, namespaces } from "../../src/schema/types/core-v1.ts";
import { events as actionEvents } from "../../src/schema/types/events-v1.ts";
import { startReachable } from "./servers.ts";

void test("waiting ends when the object is as wanted, and when it is gone", async () => {
  await using server = await startReachable();
  await server.local.resource(namespaces).create({ metadata: { name: "ns" } });
  const maps = server.local.resource(configmaps, "ns");
  const wanted = waitFor(maps, "a", (map) => map?.data?.["ready"] === "yes");
  const created = await maps.create({ metadata: { name: "a" } });
  await maps.patch("a", "merge", { data: { ready: "yes" } });
  assert.equal((await wanted)?.data?.["ready"], "yes");
  const gone = waitForDeletion(maps, created);
  await maps.delete("a");
  await gone;
  await assert.rejects(waitFor(maps, "never", (map) => map !== undefined, { signal: AbortSignal.timeout(30) }));
});

void test("an event that comes again counts up on the server, under the component's name", async () => {
  await using server = await startReachable();
  const namespace = await server.local.resource(namespaces).create({ metadata: { name: "default" } });
  const map = await server.local.resource(configmaps, "default").create({ metadata: { name: "m" } });
  const recorder = eventRecorder(server.local, "test-controller");
  for (let i = 0; i < 3; i++) recorder.event(map, "Warning", "Failed", "it failed");
  recorder.event(namespace, "Normal", "Seen", "a namespace's events live in default");
  await recorder.flush();
  const all = (await server.local.resource(events, "default").list()).items;
  const failed = all.find((e) => e.reason === "Failed");
  assert.deepEqual(
    [failed?.count, failed?.source?.component, failed?.reportingComponent, failed?.involvedObject.name, failed?.type, failed?.message],
    [3, "test-controller", "test-controller", "m", "Warning", "it failed"],
  );
  assert.equal(all.find((e) => e.reason === "Seen")?.involvedObject.kind, "Namespace");
  await server.local.resource(events, "default").delete(failed?.metadata.name ?? "");
  recorder.event(map, "Warning", "Failed", "it failed");
  await recorder.flush();
  const again = (await server.local.resource(events, "default").list()).items.find((e) => e.reason === "Failed");
  assert.deepEqual([again?.count, again?.metadata.name], [4, failed?.metadata.name]);
});

void test("an action that is repeated becomes a series", async () => {
  await using server = await startReachable();
  await server.local.resource(namespaces).create({ metadata: { name: "default" } });
  const map = await server.local.resource(configmaps, "default").create({ metadata: { name: "m" } });
  const recorder = actionRecorder(server.local, "default-scheduler", { host: "h" });
  for (let i = 0; i < 5; i++) recorder.event(map, undefined, "Warning", "FailedScheduling", "Scheduling", "no room");
  await recorder.flush();
  const [event, ...others] = (await server.local.resource(actionEvents, "default").list()).items;
  assert.equal(others.length, 0);
  assert.deepEqual(
    [event?.series?.count, event?.reportingController, event?.reportingInstance, event?.note, event?.regarding?.name],
    [2, "default-scheduler", "default-scheduler-h", "no room", "m"],
  );
});
