import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { FakeClock, formatTime } from "../../core/clock.ts";
import { RestartBackoff } from "../pod/restart-backoff.ts";
import type { ContainerStatus, Pod, PodStatus, Probe } from "../../schema/types/core-v1.ts";
import type { CriClient } from "../cri/cri-client.ts";
import { ProbeWorker, type ProbeType } from "./probe-worker.ts";
import { runProbe } from "./run-probe.ts";

const container = { name: "a", image: "web" };
const pod: Pod = { metadata: { name: "p" }, spec: { containers: [container], restartPolicy: "Always" } };

function setup(type: ProbeType, probe: Probe) {
  const clock = new FakeClock();
  const state = {
    healthy: true,
    runs: 0,
    own: { name: "a", image: "", imageID: "", ready: false, restartCount: 0, started: type !== "startup" } as ContainerStatus,
  };
  const status = (): PodStatus => ({ phase: "Running", containerStatuses: [state.own] });
  const worker = new ProbeWorker({
    type,
    pod: () => pod,
    status,
    container,
    probe,
    clock,
    agentStarted: clock.now() - 1,
    onVerdict: () => undefined,
    run: () => {
      state.runs++;
      return Promise.resolve({ healthy: state.healthy });
    },
  });
  const start = (id: string): void => {
    state.own = { ...state.own, containerID: `containerd://${id}`, state: { running: { startedAt: formatTime(clock.now()) } } };
  };
  return { clock, state, worker, start };
}

describe("a probe worker", () => {
  it("takes readiness as failed until as many successes as asked", async () => {
    const { clock, worker, start } = setup("readiness", { periodSeconds: 1, successThreshold: 2 });
    start("c1");
    worker.start();
    await clock.advance(0);
    assert.equal(worker.verdict("c1"), "failure");
    await clock.advance(1000);
    assert.equal(worker.verdict("c1"), "success");
    worker.stop();
  });

  it("lets liveness fail only after the threshold, and then waits for another container", async () => {
    const { clock, state, worker, start } = setup("liveness", { periodSeconds: 1, failureThreshold: 3 });
    start("c1");
    state.healthy = false;
    worker.start();
    await clock.advance(1000);
    assert.equal(worker.verdict("c1"), "success");
    await clock.advance(1000);
    assert.equal(worker.verdict("c1"), "failure");
    const { runs } = state;
    await clock.advance(5000);
    assert.equal(state.runs, runs);
    start("c2");
    state.healthy = true;
    await clock.advance(1000);
    assert.equal(worker.verdict("c2"), "success");
    worker.stop();
  });

  it("waits out the initial delay to the second, not to the next period", async () => {
    const { clock, state, worker, start } = setup("readiness", { periodSeconds: 10, initialDelaySeconds: 3 });
    start("c1");
    worker.start();
    await clock.advance(2900);
    assert.equal(state.runs, 0);
    await clock.advance(200);
    assert.equal(state.runs, 1);
    worker.stop();
  });

  it("runs the startup probe until it has decided, and the others only after", async () => {
    const { clock, state, worker, start } = setup("startup", { periodSeconds: 1 });
    start("c1");
    worker.start();
    await clock.advance(0);
    assert.equal(worker.verdict("c1"), "success");
    await clock.advance(3000);
    assert.equal(state.runs, 1);
    worker.stop();
    const liveness = setup("liveness", { periodSeconds: 1 });
    liveness.state.own = { ...liveness.state.own, started: false };
    liveness.start("c1");
    liveness.worker.start();
    await liveness.clock.advance(3000);
    assert.equal(liveness.state.runs, 0);
    liveness.worker.stop();
  });
});

describe("carrying out a probe", () => {
  let server: Server;
  let port = 0;
  before(async () => {
    server = createServer((request, response) => {
      if (request.url === "/away") response.writeHead(302, { location: "http://elsewhere.invalid/" }).end("bye");
      else response.writeHead(request.url === "/ok" ? 200 : 503).end(request.headers["user-agent"]);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    ({ port } = server.address() as AddressInfo);
  });
  after(() => server.close());

  const target = {
    container: { name: "a", ports: [{ name: "web", containerPort: 0 }] },
    containerId: "c",
    podIP: "127.0.0.1",
    version: "1.36",
  };
  const nobody = {} as CriClient;
  const http = (path: string) => runProbe(nobody, { httpGet: { path, port }, timeoutSeconds: 5 }, target);

  it("takes HTTP answers from 200 to 399 for success, and says what else came", async () => {
    assert.deepEqual(await http("/ok"), { result: "success", output: "kube-probe/1.36" });
    assert.deepEqual(await http("/bad"), { result: "failure", output: "HTTP probe failed with statuscode: 503" });
    assert.deepEqual(await http("/away"), { result: "warning", output: "Probe terminated redirects, Response body: bye" });
  });

  it("words refused connections as the kubelet does", async () => {
    const closed = createTcpServer();
    await new Promise<void>((done) => closed.listen(0, "127.0.0.1", done));
    const gone = (closed.address() as AddressInfo).port;
    await new Promise((done) => closed.close(done));
    const refused = `dial tcp 127.0.0.1:${gone}: connect: connection refused`;
    assert.deepEqual(await runProbe(nobody, { tcpSocket: { port: gone }, timeoutSeconds: 5 }, target), {
      result: "failure",
      output: refused,
    });
    const get = await runProbe(nobody, { httpGet: { path: "/x", port: gone }, timeoutSeconds: 5 }, target);
    assert.equal(get.output, `Get "http://127.0.0.1:${gone}/x": ${refused}`);
    assert.equal((await runProbe(nobody, { tcpSocket: { port }, timeoutSeconds: 5 }, target)).result, "success");
  });
});

it("restarts are delayed by 10 s, doubling to 5 min, and forgotten after 10 quiet minutes", () => {
  const clock = new FakeClock();
  const backoff = new RestartBackoff(clock);
  assert.equal(backoff.retryAt("a", clock.now()), undefined);
  const delays: number[] = [];
  for (let i = 0; i < 7; i++) {
    backoff.next("a", clock.now());
    delays.push(backoff.delay("a") / 1000);
  }
  assert.deepEqual(delays, [10, 20, 40, 80, 160, 300, 300]);
  assert.equal(backoff.retryAt("a", clock.now()), clock.now() + 300_000);
  assert.equal(backoff.retryAt("a", clock.now() + 601_000), undefined);
});
