import assert from "node:assert/strict";
import { test } from "node:test";
import { ExponentialLimiter } from "./backoff.ts";
import { FakeClock } from "./clock.ts";
import { MetricsRegistry } from "./metrics.ts";
import { WorkQueue } from "./work-queue.ts";

const make = (): { clock: FakeClock; queue: WorkQueue<string> } => {
  const clock = new FakeClock();
  return { clock, queue: new WorkQueue<string>({ clock }) };
};

void test("a key that is added twice is handed out once", async () => {
  const { queue } = make();
  queue.add("a");
  queue.add("a");
  queue.add("b");
  assert.equal(await queue.get(), "a");
  assert.equal(await queue.get(), "b");
  assert.equal(queue.length, 0);
});

void test("a key that is added while it is worked on comes again after it is done", async () => {
  const { queue } = make();
  queue.add("a");
  assert.equal(await queue.get(), "a");
  queue.add("a");
  assert.equal(queue.tryGet(), undefined);
  queue.done("a");
  assert.equal(queue.tryGet(), "a");
});

void test("workers that wait get keys in the order in which they asked", async () => {
  const { queue } = make();
  const first = queue.get();
  const second = queue.get();
  queue.add("a");
  queue.add("b");
  assert.deepEqual(await Promise.all([first, second]), ["a", "b"]);
});

void test("a delayed key keeps the earlier of two times", async () => {
  const { clock, queue } = make();
  queue.addAfter("a", 1000);
  queue.addAfter("a", 5000);
  queue.addAfter("b", 3000);
  queue.addAfter("b", 2000);
  await clock.advance(1000);
  assert.equal(queue.tryGet(), "a");
  assert.equal(queue.tryGet(), undefined);
  await clock.advance(1000);
  assert.equal(queue.tryGet(), "b");
  await clock.advance(10_000);
  assert.equal(queue.tryGet(), undefined);
});

void test("failures double the delay until the key is forgotten", async () => {
  const clock = new FakeClock();
  const queue = new WorkQueue<string>({ clock, limiter: new ExponentialLimiter(5, 1_000_000) });
  for (const ms of [5, 10, 20, 40]) {
    queue.addRateLimited("a");
    await clock.advance(ms - 1);
    assert.equal(queue.tryGet(), undefined);
    await clock.advance(1);
    assert.equal(queue.tryGet(), "a");
    queue.done("a");
  }
  queue.forget("a");
  queue.addRateLimited("a");
  await clock.advance(5);
  assert.equal(queue.tryGet(), "a");
});

void test("stopping hands out what waits and then lets the workers go", async () => {
  const { queue } = make();
  queue.add("a");
  queue.addAfter("b", 10);
  queue.stop();
  queue.add("c");
  assert.equal(await queue.get(), "a");
  assert.equal(await queue.get(), undefined);
});

void test("a queue is idle when nothing waits and nothing is worked on", async () => {
  const { queue } = make();
  queue.add("a");
  assert.equal(await queue.get(), "a");
  let idle = false;
  const waiting = queue.whenIdle().then(() => (idle = true));
  await Promise.resolve();
  assert.equal(idle, false);
  queue.done("a");
  await waiting;
  assert.equal(idle, true);
});

void test("metrics count adds, depth and retries under the queue's name", async () => {
  const clock = new FakeClock();
  const metrics = new MetricsRegistry();
  const queue = new WorkQueue<string>({ clock, metrics, name: "job" });
  queue.add("a");
  queue.add("b");
  await queue.get();
  queue.addRateLimited("c");
  const text = metrics.expose();
  assert.match(text, /workqueue_adds_total\{name="job"\} 2/);
  assert.match(text, /workqueue_depth\{name="job"\} 1/);
  assert.match(text, /workqueue_retries_total\{name="job"\} 1/);
});
