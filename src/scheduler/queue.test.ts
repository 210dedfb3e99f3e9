import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/clock.ts";
import type { ClusterEvent } from "./events.ts";
import { SchedulingQueue } from "./queue.ts";
import { makeNode, makePod, podInfo } from "./test-objects.ts";
import { PodInfo } from "./pod-info.ts";

const nodeAdd: ClusterEvent = { type: "NodeAdd", node: makeNode("n") };

function make(): { clock: FakeClock; queue: SchedulingQueue } {
  const clock = new FakeClock();
  const helps = (event: ClusterEvent, _pod: PodInfo, by: ReadonlySet<string>): boolean => by.size === 0 || by.has(event.type);
  return { clock, queue: new SchedulingQueue({ clock, helps, onReady: () => undefined }) };
}

void test("higher priority goes first, then the older one", async () => {
  const { clock, queue } = make();
  queue.add(podInfo("old"));
  await clock.advance(1);
  queue.add(podInfo("young"));
  queue.add(podInfo("urgent", { priority: 10 }));
  assert.deepEqual(
    [queue.pop(), queue.pop(), queue.pop()].map((q) => q?.pod.name),
    ["urgent", "old", "young"],
  );
});

void test("a rejected pod rests until an event that its rejecters wait for", async () => {
  const { clock, queue } = make();
  queue.add(podInfo("p"));
  const first = queue.pop();
  assert.ok(first);
  queue.rejected(first, new Set(["NodeAdd"]));
  queue.notify({ type: "StorageClassChange" });
  assert.equal(queue.pop(), undefined);
  await clock.advance(1000);
  queue.notify(nodeAdd);
  assert.equal(queue.sizes.active, 1);
});

void test("a pod that comes back soon backs off, but is taken when nothing else is to do", () => {
  const { queue } = make();
  queue.add(podInfo("p"));
  const first = queue.pop();
  assert.ok(first);
  queue.rejected(first, new Set(["NodeAdd"]));
  queue.notify(nodeAdd);
  assert.deepEqual(queue.sizes, { active: 0, backoff: 1, unschedulable: 0, gated: 0 });
  assert.equal(queue.pop()?.pod.name, "p");
});

void test("errors back off in full, doubling up to ten seconds", async () => {
  const { clock, queue } = make();
  queue.add(podInfo("p"));
  for (const wait of [1000, 2000, 4000, 8000, 10_000, 10_000]) {
    const queued = queue.pop();
    assert.ok(queued);
    queue.failed(queued);
    await clock.advance(wait - 1);
    assert.equal(queue.pop(), undefined);
    await clock.advance(1);
  }
});

void test("after five minutes of rest a pod is tried again", async () => {
  const { clock, queue } = make();
  queue.add(podInfo("p"));
  const first = queue.pop();
  assert.ok(first);
  queue.rejected(first, new Set(["Never"]));
  await clock.advance(330_000);
  assert.equal(queue.pop()?.pod.name, "p");
});

void test("a gated pod waits for its gates to go", () => {
  const { queue } = make();
  const pod = makePod("p", { spec: { schedulingGates: [{ name: "g" }] } });
  queue.add(new PodInfo(pod));
  assert.deepEqual([queue.pop(), queue.sizes.gated], [undefined, 1]);
  queue.notify(nodeAdd);
  assert.equal(queue.pop(), undefined);
  queue.update(new PodInfo({ ...pod, spec: { ...pod.spec, containers: [], schedulingGates: [] } }));
  assert.equal(queue.pop()?.pod.name, "p");
});

void test("a deleted pod is nowhere, even when it comes back from a cycle", () => {
  const { queue } = make();
  const pod = podInfo("p");
  queue.add(pod);
  const queued = queue.pop();
  assert.ok(queued);
  queue.delete(pod.uid);
  queue.rejected(queued, new Set());
  assert.equal(queue.has(pod.uid), false);
});
