import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff, ExponentialLimiter, TokenBucket } from "./backoff.ts";
import { FakeClock } from "./clock.ts";

void test("the exponential limiter grows for each key on its own up to its bound", () => {
  const limiter = new ExponentialLimiter<string>(5, 1_000_000);
  assert.deepEqual([limiter.when("a"), limiter.when("a"), limiter.when("b")], [5, 10, 5]);
  for (let i = 0; i < 2000; i++) limiter.when("a");
  assert.equal(limiter.when("a"), 1_000_000);
});

void test("a token bucket gives its burst at once and then makes callers wait in line", async () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket(clock, 10, 2);
  assert.deepEqual([bucket.reserve(), bucket.reserve(), bucket.reserve(), bucket.reserve()], [0, 0, 100, 200]);
  await clock.advance(300);
  assert.equal(bucket.tryTake(), true);
  assert.equal(bucket.tryTake(), false);
});

void test("a backoff starts anew after a quiet time", async () => {
  const clock = new FakeClock();
  const backoff = new Backoff(clock, { base: 800, max: 30_000, jitter: 1, resetAfter: 120_000 }, () => 0.5);
  assert.deepEqual([backoff.next(), backoff.next(), backoff.next()], [1200, 2400, 4800]);
  await clock.advance(121_000);
  assert.equal(backoff.next(), 1200);
  for (let i = 0; i < 10; i++) backoff.next();
  assert.equal(backoff.next(), 45_000);
});
