/** `kill -9` of any process of a cluster at any moment: what was acknowledged stays, and so do the pods. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findProgram, missing } from "../../src/cluster/capabilities.ts";
import { buildDemoImage, demoImageName } from "../../src/cluster/demo/image.ts";
import { imageDir } from "../../src/cluster/layout.ts";
import { bridgeName, occupiedRange } from "../../src/cluster/machines/host-network.ts";
import { agentProcess } from "../../src/cluster/machines/agents.ts";
import { type Machine, machineOf } from "../../src/cluster/machines/machine.ts";
import { commandOf, isAlive, namespaceOf, type ProcessId } from "../../src/cluster/machines/processes.ts";
import { resolveConfig } from "../../src/cluster/options.ts";
import { readConfig } from "../../src/cluster/state.ts";
import { type ContainerStatus, pods } from "../../src/schema/types/core-v1.ts";
import { freePort } from "../control-plane/free-port.ts";
import { type Sandbox, sandbox } from "./command-line.ts";
import { Writer } from "./writer.ts";

const pause = (ms: number): Promise<void> => new Promise((r) => setTimeout(r, ms));

async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined, seconds = 20): Promise<T> {
  const end = performance.now() + seconds * 1000;
  let last: unknown;
  while (performance.now() < end) {
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      last = error;
    }
    await pause(50);
  }
  throw new Error(`${what} did not happen within ${seconds} s${last === undefined ? "" : `: ${(last as Error).message}`}`);
}

/** Kills the control plane while it writes, at a moment that differs from round to round, and goes on with `up`. */
async function crashRounds(box: Sandbox, up: readonly string[], rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await pause(100 + Math.random() * 400);
    const victim = box.state().controlPlane;
    process.kill(victim.pid, "SIGKILL");
    await until("the end of the control plane", () => (isAlive(victim) ? undefined : true));
    const status = await box.run("status", "--data-dir", box.dataDir);
    assert.equal(status.code, 1);
    assert.match(status.stdout, /is down/);
    await box.must(...up);
  }
}

async function podIdentity(box: Sandbox, name: string): Promise<ContainerStatus[] | undefined> {
  const client = await box.client();
  try {
    const pod = await client.resource(pods, "default").get(name);
    const statuses = pod.status?.containerStatuses ?? [];
    return statuses.length > 0 && statuses.every((s) => s.ready) ? statuses : undefined;
  } finally {
    client.close();
  }
}

async function startPod(box: Sandbox, name: string, image: string): Promise<ContainerStatus[]> {
  const client = await box.client();
  try {
    await until("the default service account", () =>
      client
        .resource(pods, "default")
        .create({ metadata: { name }, spec: { containers: [{ name: "c", image, imagePullPolicy: "IfNotPresent" }] } }),
    );
  } finally {
    client.close();
  }
  return until(`pod ${name} ready`, () => podIdentity(box, name));
}

/** The containers as they must stay: the same ones, never restarted. */
const fixed = (statuses: readonly ContainerStatus[]): unknown => statuses.map((s) => ({ id: s.containerID, restarts: s.restartCount }));

const linux = process.platform === "linux" ? false : "processes are looked at through /proc";

test("kill -9 of the control plane under write load loses nothing that was acknowledged", { skip: linux, timeout: 60_000 }, async () => {
  const box = sandbox("crash-simulated");
  const writer = new Writer(() => box.client());
  try {
    const up = [
      "up",
      "--name",
      box.name,
      "--data-dir",
      box.dataDir,
      "--port",
      String(await freePort()),
      "--simulated-nodes",
      "1",
      "--detach",
    ];
    await box.must(...up);
    const before = await startPod(box, "stays", "registry.example/stays:1");
    writer.start();
    await crashRounds(box, up, 3);
    await writer.stop();
    assert.ok(writer.acknowledged.size > 50, `only ${writer.acknowledged.size} writes were acknowledged`);
    assert.deepEqual(await writer.lost(), []);
    assert.deepEqual(fixed(await until("the pod ready again", () => podIdentity(box, "stays"))), fixed(before));
    await box.must("down", "--data-dir", box.dataDir);
  } finally {
    await writer.stop();
    await box.remove();
  }
});

const lacking = missing();
const real =
  lacking.length > 0
    ? `real nodes need ${lacking.map((n) => n.what).join(", ")}`
    : findProgram("busybox") === undefined
      ? "the image needs busybox"
      : false;

/** A name whose ranges no other cluster on this machine has. */
async function freeName(stem: string): Promise<string> {
  for (let i = 0; i < 60; i++) {
    const name = `${stem}-${i}`;
    if ((await occupiedRange(resolveConfig({ name }, undefined))) === undefined) return name;
  }
  throw new Error("every range that tsukube draws from is routed already");
}

/** The node's containerd: the one process of that name in its network namespace. */
function containerdOf(machine: Machine): number | undefined {
  const holder = (JSON.parse(readFileSync(join(machine.dir, "holder.json"), "utf8")) as ProcessId).pid;
  return processesNamed("containerd").find((pid) => namespaceOf(pid, "net") === namespaceOf(agentProcess(machine)?.pid ?? holder, "net"));
}

function processesNamed(name: string): number[] {
  return readdirSync("/proc")
    .filter((d) => /^\d+$/.test(d))
    .map(Number)
    .filter((pid) => commandOf(pid) === name);
}

test("kill -9 of control plane, agent, containerd and the node's holder leaves the same containers running", {
  skip: real,
  timeout: 90_000,
}, async () => {
  const box = sandbox(await freeName("crash-real"));
  const writer = new Writer(() => box.client());
  try {
    const up = ["up", "--name", box.name, "--data-dir", box.dataDir, "--port", String(await freePort()), "--nodes", "1", "--detach"];
    await box.must(...up);
    const config = readConfig(box.dataDir);
    assert.ok(config);
    const machine = machineOf(config, 1);
    buildDemoImage(imageDir(config), readFileSync(findProgram("busybox") as string));
    const before = await startPod(box, "stays", demoImageName);
    writer.start();
    await crashRounds(box, up, 2);

    const agent = agentProcess(machine);
    assert.ok(agent);
    process.kill(agent.pid, "SIGKILL");
    await until("another agent", () =>
      agentProcess(machine) === undefined || agentProcess(machine)?.pid === agent.pid ? undefined : true,
    );

    const containerd = await until("the node's containerd", () => containerdOf(machine));
    process.kill(containerd, "SIGKILL");
    await until("another containerd", () => {
      const now = containerdOf(machine);
      return now === undefined || now === containerd ? undefined : now;
    });

    const holder = JSON.parse(readFileSync(join(machine.dir, "holder.json"), "utf8")) as ProcessId;
    process.kill(holder.pid, "SIGKILL");
    process.kill(agentProcess(machine)?.pid ?? 0, "SIGKILL");
    await crashRounds(box, up, 1);
    await writer.stop();

    assert.deepEqual(await writer.lost(), []);
    assert.deepEqual(fixed(await until("the pod ready again", () => podIdentity(box, "stays"))), fixed(before));
    const later = await startPod(box, "after", demoImageName);
    assert.equal(later.length, 1);

    await box.must("down", "--data-dir", box.dataDir);
    const bridge = bridgeName(config);
    assert.deepEqual(
      [...readdirSync("/sys/class/net"), ...(existsSync("/run/netns") ? readdirSync("/run/netns") : [])].filter((n) =>
        n.startsWith(bridge),
      ),
      [],
    );
    assert.deepEqual(
      processesNamed("containerd-shim").filter((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(box.dataDir)),
      [],
    );
    assert.ok(!readFileSync("/proc/mounts", "utf8").includes(box.dataDir), "mounts are left");
  } finally {
    await writer.stop();
    await box.remove();
  }
});
