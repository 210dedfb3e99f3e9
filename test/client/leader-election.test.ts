import assert from "node:assert/strict";
import { test } from "node:test";
import { type LeaderElectionOptions, runAsLeader } from "../../src/client/leader-election.ts";
import { FakeClock } from "../../src/core/clock.ts";
import { leases } from "../../src/schema/types/coordination-v1.ts";
import { namespaces } from "../../src/schema/types/core-v1.ts";
import { type Reachable, startReachable } from "./servers.ts";

interface Candidate {
  readonly stop: AbortController;
  readonly ended: Promise<string>;
  leads: boolean;
}

function candidate(server: Reachable, clock: FakeClock, identity: string, options: Partial<LeaderElectionOptions> = {}): Candidate {
  const stop = new AbortController();
  const self: Candidate = {
    stop,
    leads: false,
    ended: runAsLeader(
      { client: server.local, namespace: "ns", name: "lock", identity, clock, random: () => 0, ...options },
      async (signal) => {
        self.leads = true;
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
        self.leads = false;
      },
      stop.signal,
    ),
  };
  return self;
}

async function setUp(): Promise<{ server: Reachable; clock: FakeClock }> {
  const server = await startReachable();
  await server.local.resource(namespaces).create({ metadata: { name: "ns" } });
  return { server, clock: new FakeClock() };
}

void test("one of several leads, and gives the lease up when it is stopped", async () => {
  const { server, clock } = await setUp();
  await using _ = server;
  const a = candidate(server, clock, "a");
  await clock.advance(0);
  const b = candidate(server, clock, "b");
  await clock.advance(30_000);
  assert.deepEqual([a.leads, b.leads], [true, false]);
  const lease = await server.local.resource(leases, "ns").get("lock");
  assert.deepEqual([lease.spec?.holderIdentity, lease.spec?.leaseDurationSeconds, lease.spec?.leaseTransitions], ["a", 15, 0]);
  a.stop.abort();
  assert.equal(await a.ended, "cancelled");
  await clock.advance(5000);
  assert.equal(b.leads, true);
  assert.equal((await server.local.resource(leases, "ns").get("lock")).spec?.leaseTransitions, 1);
  b.stop.abort();
  await b.ended;
});

void test("a leader that does not answer is replaced after the lease's duration, not before", async () => {
  const { server, clock } = await setUp();
  await using _ = server;
  const dead = candidate(server, clock, "dead", { releaseOnCancel: false });
  await clock.advance(0);
  dead.stop.abort();
  await dead.ended;
  const b = candidate(server, clock, "b");
  await clock.advance(14_000);
  assert.equal(b.leads, false);
  await clock.advance(4_000);
  assert.equal(b.leads, true);
  b.stop.abort();
  await b.ended;
});

void test("a leader whose lease someone else has taken stops leading", async () => {
  const { server, clock } = await setUp();
  await using _ = server;
  const a = candidate(server, clock, "a");
  await clock.advance(0);
  assert.equal(a.leads, true);
  const later = new Date(clock.now()).toISOString().replace("Z", "000Z");
  await server.local.resource(leases, "ns").patch("lock", "merge", { spec: { holderIdentity: "thief", renewTime: later } });
  await clock.advance(4000);
  assert.equal(await a.ended, "lost");
  assert.equal(a.leads, false);
});
