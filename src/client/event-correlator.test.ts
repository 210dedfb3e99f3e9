import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock, formatTime } from "../core/clock.ts";
import type { Event } from "../schema/types/core-v1.ts";
import { EventCorrelator } from "./event-correlator.ts";

const make = (clock: FakeClock, message: string, name = "p"): Event => ({
  metadata: { name: `${name}.${message}`, namespace: "ns" },
  involvedObject: { kind: "Pod", namespace: "ns", name, uid: "u", apiVersion: "v1" },
  reason: "BackOff",
  message,
  source: { component: "kubelet" },
  type: "Warning",
  count: 1,
  firstTimestamp: formatTime(clock.now()),
  lastTimestamp: formatTime(clock.now()),
});

void test("the same event again is counted into the first one by a patch", async () => {
  const clock = new FakeClock();
  const correlator = new EventCorrelator(clock);
  const first = correlator.correlate(make(clock, "a"));
  assert.equal(first?.patch, undefined);
  await clock.advance(5000);
  const second = correlator.correlate(make(clock, "a"));
  assert.deepEqual(second?.patch, { count: 2, lastTimestamp: "2026-01-01T00:00:05Z", message: "a" });
  assert.equal(second?.event.firstTimestamp, "2026-01-01T00:00:00Z");
  assert.equal(second?.event.metadata.name, first?.event.metadata.name);
});

void test("the tenth message with one reason within ten minutes is combined with the ones after it", () => {
  const clock = new FakeClock();
  const correlator = new EventCorrelator(clock);
  for (let i = 1; i < 10; i++) assert.equal(correlator.correlate(make(clock, `m${i}`))?.event.message, `m${i}`);
  const tenth = correlator.correlate(make(clock, "m10"));
  assert.equal(tenth?.event.message, "(combined from similar events): m10");
  assert.equal(tenth?.patch, undefined);
  const eleventh = correlator.correlate(make(clock, "m11"));
  assert.equal(eleventh?.event.count, 2);
  assert.equal(eleventh?.event.metadata.name, tenth?.event.metadata.name);
});

void test("a source that says more than 25 things about an object is heard once every five minutes", async () => {
  const clock = new FakeClock();
  const correlator = new EventCorrelator(clock);
  let heard = 0;
  for (let i = 0; i < 40; i++) if (correlator.correlate(make(clock, "a")) !== undefined) heard++;
  assert.equal(heard, 25);
  assert.notEqual(correlator.correlate(make(clock, "a", "other")), undefined);
  await clock.advance(300_000);
  const next = correlator.correlate(make(clock, "a"));
  assert.equal(next?.event.count, 41);
});
