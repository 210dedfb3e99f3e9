import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../core/clock.ts";
import { MetricsRegistry } from "../../core/metrics.ts";
import type { FlowSchema, PriorityLevelConfiguration } from "../../schema/types/flowcontrol-v1.ts";
import { parseRequestInfo } from "../request-info.ts";
import { allocate } from "./concurrency-allocation.ts";
import { type Digest, type Flow, FlowControl } from "./controller.ts";
import { DroppedRequests } from "./dropped-requests.ts";
import { Integrator } from "./integrator.ts";
import type { Ticket } from "./queue-set.ts";
import { dealHand, hashFlow } from "./shuffle-sharding.ts";
import { estimateWork } from "./work-estimate.ts";

const everything = [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"], clusterScope: true, namespaces: ["*"] }];
const allPaths = [{ verbs: ["*"], nonResourceURLs: ["*"] }];

function schema(name: string, level: string, precedence: number, group: string, change: object = {}): FlowSchema {
  return {
    metadata: { name, uid: `uid-${name}` },
    spec: {
      priorityLevelConfiguration: { name: level },
      matchingPrecedence: precedence,
      distinguisherMethod: { type: "ByUser" },
      rules: [{ subjects: [{ kind: "Group", group: { name: group } }], resourceRules: everything, nonResourceRules: allPaths, ...change }],
    },
  };
}

function level(
  name: string,
  shares: number,
  queuing?: { queues: number; handSize: number; queueLengthLimit: number },
): PriorityLevelConfiguration {
  const limitResponse = queuing === undefined ? { type: "Reject" } : { type: "Queue", queuing };
  return {
    metadata: { name },
    spec: { type: "Limited", limited: { nominalConcurrencyShares: shares, lendablePercent: 0, limitResponse } },
  };
}

const mandatory = {
  levels: [{ metadata: { name: "exempt" }, spec: { type: "Exempt", exempt: { nominalConcurrencyShares: 0 } } }, level("catch-all", 5)],
  schemas: [schema("exempt", "exempt", 1, "system:masters"), schema("catch-all", "catch-all", 10_000, "system:authenticated")],
};

function fairness(seats: number): { clock: FakeClock; control: FlowControl; metrics: MetricsRegistry } {
  const clock = new FakeClock();
  const metrics = new MetricsRegistry();
  const control = new FlowControl({ clock, metrics, seats, longestWait: 15_000, mandatory });
  return { clock, control, metrics };
}

function asks(user: string, group: string, method = "GET", path = "/api/v1/namespaces/a/pods/p"): Digest {
  const query = new URLSearchParams();
  return {
    user: { name: user, groups: [group, "system:authenticated"] },
    info: parseRequestInfo(method, path, () => query),
    query,
    signal: new AbortController().signal,
  };
}

function take(control: FlowControl, digest: Digest): { flow: Flow; taken: ReturnType<FlowControl["take"]> } {
  const flow = control.classify(digest);
  return { flow, taken: control.take(flow, digest) };
}

void test("the schema of the lowest precedence that fits user and request decides; the catch-all takes the rest", () => {
  const { control } = fairness(100);
  const nodes = [{ verbs: ["update"], apiGroups: ["coordination.k8s.io"], resources: ["leases"], clusterScope: true, namespaces: ["*"] }];
  control.configure(
    [level("high", 10), level("low", 10)],
    [
      schema("later", "low", 900, "system:nodes"),
      schema("leases", "high", 100, "system:nodes", {
        resourceRules: nodes,
        nonResourceRules: [{ verbs: ["get"], nonResourceURLs: ["/metrics/*"] }],
      }),
      schema("dangling", "nowhere", 50, "system:nodes"),
    ],
  );
  const name = (digest: Digest): string => control.classify(digest).schema.metadata?.name ?? "";
  assert.equal(name(asks("n", "system:nodes", "PUT", "/apis/coordination.k8s.io/v1/namespaces/x/leases/n")), "leases");
  assert.equal(name(asks("n", "system:nodes", "GET", "/metrics/cadvisor")), "leases");
  assert.equal(name(asks("n", "system:nodes", "GET", "/metrics")), "later", "a prefix ends in a slash");
  assert.equal(name(asks("n", "system:nodes")), "later");
  assert.equal(name(asks("x", "others")), "catch-all");
  assert.equal(name(asks("root", "system:masters")), "exempt");
});

void test("service accounts are subjects by name or by namespace", () => {
  const { control } = fairness(100);
  const account = (names: string): object => ({ subjects: [{ kind: "ServiceAccount", serviceAccount: { namespace: "a", name: names } }] });
  control.configure([level("l", 1)], [schema("one", "l", 10, "", account("b")), schema("all", "l", 20, "", account("*"))]);
  const name = (user: string): string => control.classify(asks(user, "")).schema.metadata?.name ?? "";
  assert.equal(name("system:serviceaccount:a:b"), "one");
  assert.equal(name("system:serviceaccount:a:c"), "all");
  assert.equal(name("system:serviceaccount:ab:c"), "catch-all");
});

void test("a level that rejects has its seats and no more; exempt requests are never refused", () => {
  const { control, metrics } = fairness(2);
  const digest = asks("x", "others");
  const first = take(control, digest);
  take(control, digest);
  assert.equal(take(control, digest).taken, undefined);
  control.finish(first.flow, first.taken as Ticket);
  assert.notEqual(take(control, digest).taken, undefined);
  for (let i = 0; i < 10; i++) assert.notEqual(take(control, asks("root", "system:masters")).taken, undefined);
  assert.match(
    metrics.expose(),
    /rejected_requests_total\{priority_level="catch-all",flow_schema="catch-all",reason="concurrency-limit"\} 1/,
  );
});

void test("requests wait in their flow's queue, flows take turns, and a full queue refuses", async () => {
  const { control, clock } = fairness(1);
  control.configure([level("q", 1000, { queues: 8, handSize: 1, queueLengthLimit: 2 })], [schema("s", "q", 10, "team")]);
  const order: string[] = [];
  const users = ["ann", "bob"];
  assert.notDeepEqual(dealHand(hashFlow("s", "ann"), 8, 1), dealHand(hashFlow("s", "bob"), 8, 1), "they do not share a queue");
  const running: { flow: Flow; ticket: Ticket }[] = [];
  const begin = (user: string): boolean => {
    const { flow, taken } = take(control, asks(user, "team"));
    if (taken === undefined) return false;
    void Promise.resolve(taken).then((ticket) => {
      order.push(user);
      if (ticket !== undefined) running.push({ flow, ticket });
    });
    return true;
  };
  for (const user of ["ann", "ann", "ann"]) assert.equal(begin(user), true);
  assert.equal(begin("ann"), false, "her queue is full");
  assert.equal(begin("bob"), true);
  for (let i = 0; i < 4; i++) {
    await clock.advance(10);
    const next = running.shift();
    assert.ok(next !== undefined);
    control.finish(next.flow, next.ticket);
  }
  await clock.advance(0);
  assert.deepEqual(order, ["ann", "bob", "ann", "ann"], `of ${users.join(" and ")} he who came last does not wait for all of hers`);
});

void test("who waits longer than allowed, or goes away, is refused", async () => {
  const { control, clock, metrics } = fairness(1);
  control.configure([level("q", 1000, { queues: 1, handSize: 1, queueLengthLimit: 10 })], [schema("s", "q", 10, "team")]);
  take(control, asks("ann", "team"));
  const slow = take(control, asks("ann", "team")).taken;
  const leaving = new AbortController();
  const gone = take(control, { ...asks("ann", "team"), signal: leaving.signal }).taken;
  assert.ok(slow instanceof Promise && gone instanceof Promise);
  leaving.abort();
  assert.equal(await gone, undefined);
  await clock.advance(15_000);
  assert.equal(await slow, undefined);
  assert.match(metrics.expose(), /reason="time-out"\} 2/);
});

void test("seats that nobody uses are lent, and come back in ten seconds", async () => {
  const { control, clock } = fairness(100);
  const lender = level("lender", 50, { queues: 1, handSize: 1, queueLengthLimit: 100 });
  Object.assign(lender.spec?.limited ?? {}, { lendablePercent: 50 });
  control.configure([lender, level("busy", 45, { queues: 1, handSize: 1, queueLengthLimit: 1000 })], [schema("s", "busy", 10, "team")]);
  control.start();
  const busy = control.levels.get("busy");
  assert.equal(busy?.nominal, 45);
  for (let i = 0; i < 200; i++) take(control, asks("ann", "team"));
  await clock.advance(10_000);
  assert.ok((busy?.current ?? 0) >= 69, `it has ${busy?.current}`);
  assert.equal(control.levels.get("lender")?.current, 25);
  control.stop();
});

void test("a list takes seats by the bytes it touches, a write by the watches it has to tell", () => {
  const of = (method: string, path: string, query: string, count: number, watchers = 0): ReturnType<typeof estimateWork> => {
    const params = new URLSearchParams(query);
    const info = parseRequestInfo(method, path, () => params);
    return estimateWork({
      info,
      query: () => params,
      stats: () => ({ count, averageBytes: 10_000 }),
      watchers: () => watchers,
      maxSeats: 0,
    });
  };
  assert.equal(of("GET", "/api/v1/pods", "", 5).initialSeats, 1);
  assert.equal(of("GET", "/api/v1/pods", "", 45).initialSeats, 5);
  assert.equal(of("GET", "/api/v1/pods", "limit=20", 45).initialSeats, 2);
  assert.equal(of("GET", "/api/v1/pods", "", 100_000).initialSeats, 10, "streamed from memory");
  assert.equal(of("GET", "/api/v1/pods", "resourceVersionMatch=Exact&resourceVersion=5", 100_000).initialSeats, 100);
  assert.equal(of("GET", "/api/v1/pods", "watch=1&resourceVersion=5", 100_000).initialSeats, 1);
  assert.equal(of("GET", "/api/v1/pods", "watch=1&resourceVersion=5&sendInitialEvents=true", 100_000).initialSeats, 10);
  assert.deepEqual(of("POST", "/api/v1/namespaces/a/pods", "", 0, 9), { initialSeats: 1, finalSeats: 0, additionalLatency: 0 });
  assert.deepEqual(of("POST", "/api/v1/namespaces/a/pods", "", 0, 45), { initialSeats: 1, finalSeats: 5, additionalLatency: 5 });
  assert.deepEqual(of("POST", "/api/v1/namespaces/a/pods", "", 0, 1000), { initialSeats: 1, finalSeats: 10, additionalLatency: 50 });
});

void test("hands are dealt without repetition, as upstream deals them", () => {
  assert.deepEqual(dealHand(0n, 128, 4), [0, 1, 2, 3]);
  assert.deepEqual(dealHand(14n + 128n * (73n + 127n * (118n + 126n * 26n)), 128, 4), [14, 74, 120, 27]);
  for (let i = 0; i < 200; i++) {
    const hand = dealHand(hashFlow("s", `user-${i}`), 64, 6);
    assert.equal(new Set(hand).size, 6);
    assert.ok(hand.every((card) => card >= 0 && card < 64));
  }
});

void test("seats are divided by one fraction of the targets within the bounds", () => {
  const claims = [
    { target: 10, lower: 0, upper: 100 },
    { target: 30, lower: 0, upper: 100 },
  ];
  assert.deepEqual(allocate(80, claims)?.seats, [20, 60]);
  const bounded = allocate(100, [
    { target: 10, lower: 0, upper: 5 },
    { target: 10, lower: 10, upper: 100 },
    { target: 20, lower: 0, upper: 100 },
  ]);
  assert.deepEqual(
    bounded?.seats.map((s) => Math.round(s * 1000) / 1000),
    [5, 31.667, 63.333],
  );
  assert.equal(allocate(10, [{ target: 20, lower: 20, upper: 30 }]), undefined);
  assert.deepEqual(allocate(30, [{ target: 20, lower: 20, upper: 30 }])?.seats, [30]);
});

void test("an integrator knows average, deviation and maximum of the time since it was asked last", () => {
  const integrator = new Integrator(0);
  integrator.set(4, 10);
  integrator.set(0, 20);
  const first = integrator.reset(40);
  assert.deepEqual({ ...first, deviation: Math.round(first.deviation * 1000) }, { duration: 40, average: 1, deviation: 1732, max: 4 });
  assert.equal(integrator.reset(50).max, 0);
});

void test("clients are sent away for longer while many are refused", () => {
  const drops = new DroppedRequests();
  let after = 0;
  for (let second = 0; second < 20; second++) for (let i = 0; i < 40; i++) after = drops.record("l", second * 1000);
  assert.ok(after >= 8);
  for (let second = 20; second < 200; second += 10) after = drops.record("l", second * 1000);
  assert.equal(after, 1);
});
