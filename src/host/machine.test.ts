/** Processes, mounts, control groups and gRPC, as far as they can be tried without root. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fromJSON } from "@grpc/proto-loader";
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import { openCgroups, sharesToWeight } from "./cgroups.ts";
import { grpcClient, grpcCode, isGrpcError } from "./grpc.ts";
import { parseMountInfo } from "./mounts.ts";
import { run } from "./commands.ts";
import { commandLine, isAlive, signalProcess, spawnDaemon } from "./processes.ts";

const directory = mkdtempSync(join(tmpdir(), "host-"));
after(() => rmSync(directory, { recursive: true }));

describe("processes", () => {
  it("give output and status, or their words as an error", async () => {
    assert.equal(await run("cat", [], "in"), "in");
    await assert.rejects(run("sh", ["-c", "echo why >&2; exit 2"]), /sh -c .*: why$/);
  });

  it("may outlive their maker, and are found by their id", async () => {
    const pid = await spawnDaemon("sleep", ["100"], { log: join(directory, "log") });
    assert.equal(isAlive(pid), true);
    assert.deepEqual(commandLine(pid), ["sleep", "100"]);
    assert.equal(signalProcess(pid, "SIGKILL"), true);
    while (isAlive(pid)) await new Promise((done) => setTimeout(done, 5));
    assert.equal(commandLine(pid)?.length ?? 0, 0);
  });
});

it("a line of mountinfo gives place, type and source", () => {
  assert.deepEqual(parseMountInfo("36 35 98:0 /mnt1 /mnt/a\\040b rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue"), {
    mountPoint: "/mnt/a b",
    type: "ext3",
    source: "/dev/root",
    options: ["rw", "noatime"],
  });
});

describe("control groups", () => {
  const put = (path: string, text: string): void => {
    mkdirSync(join(directory, path, ".."), { recursive: true });
    writeFileSync(join(directory, path), text);
  };
  const get = (path: string): string => readFileSync(join(directory, path), "utf8");

  it("of version 1 lie in a tree a controller, and new cpusets take over their parent's", () => {
    put("v1/cpu/cgroup.procs", "");
    put("v1/cpuset/cgroup.procs", "");
    put("v1/cpuset/cpuset.cpus", "0-1\n");
    put("v1/cpuset/cpuset.mems", "0\n");
    put("v1/unified/cgroup.procs", "");
    const cgroups = openCgroups(join(directory, "v1"));
    assert.equal(cgroups.version, 1);
    cgroups.ensure("/a/b");
    assert.ok(existsSync(join(directory, "v1/cpu/a/b")));
    assert.ok(!existsSync(join(directory, "v1/unified/a")));
    put("v1/cpu/a/b/cpu.shares", "");
    put("v1/cpu/a/b/cpu.cfs_quota_us", "");
    cgroups.apply("/a/b", { cpuShares: 512, cpuQuota: 50_000, memoryLimit: 1 });
    assert.deepEqual([get("v1/cpu/a/b/cpu.shares"), get("v1/cpu/a/b/cpu.cfs_quota_us")], ["512", "50000"]);
    assert.deepEqual(cgroups.children("/a"), ["b"]);
  });

  it("of version 2 have one tree, whose controllers are handed down", () => {
    put("v2/cgroup.controllers", "cpu memory");
    put("v2/cgroup.subtree_control", "memory");
    const cgroups = openCgroups(join(directory, "v2"));
    assert.equal(cgroups.version, 2);
    cgroups.ensure("/a");
    assert.equal(get("v2/cgroup.subtree_control"), "+cpu");
    for (const file of ["cpu.weight", "cpu.max", "memory.max"]) put(`v2/a/${file}`, "");
    cgroups.apply("/a", { cpuShares: 1024, cpuQuota: -1, memoryLimit: 4096 });
    assert.deepEqual([get("v2/a/cpu.weight"), get("v2/a/cpu.max"), get("v2/a/memory.max")], ["39", "max 100000", "4096"]);
    put("v2/a/memory.current", "100\n");
    put("v2/a/memory.stat", "anon 60\ninactive_file 30\n");
    assert.deepEqual(cgroups.memory("/a"), { usage: 100, inactiveFile: 30, rss: 60 });
  });

  it("translates shares to weights over the whole range", () => assert.deepEqual([2, 1024, 262144].map(sharesToWeight), [1, 39, 10000]));
});

describe("gRPC over a unix socket", () => {
  const descriptor = {
    nested: {
      demo: {
        nested: {
          Echo: {
            methods: {
              Say: { requestType: "Words", responseType: "Words" },
              Count: { requestType: "Words", responseType: "Words", responseStream: true },
            },
          },
          Words: { fields: { text: { type: "string", id: 1 }, size: { type: "int64", id: 2 } } },
        },
      },
    },
  };
  interface Words {
    text: string;
    size: number;
  }

  async function serve(): Promise<{ target: string; server: Server }> {
    const server = new Server();
    server.addService(
      fromJSON(descriptor as Parameters<typeof fromJSON>[0], { longs: Number, defaults: true })[
        "demo.Echo"
      ] as unknown as ServiceDefinition,
      {
        Say: (call: ServerUnaryCall<Words, Words>, done: sendUnaryData<Words>) => {
          if (call.request.text === "slow") return;
          if (call.request.text === "none") done({ code: grpcCode.notFound, details: "no such words" });
          else done(null, { text: call.request.text, size: call.request.text.length });
        },
        Count: (call: ServerWritableStream<Words, Words>) => {
          for (let size = 0; size < 3; size++) call.write({ text: call.request.text, size });
          if (call.request.text !== "on") call.end();
        },
      },
    );
    const target = `unix:${join(directory, "grpc.sock")}`;
    await new Promise<void>((resolve, reject) =>
      server.bindAsync(target, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error))),
    );
    return { target, server };
  }

  it("calls, streams, fails and gives up", async () => {
    const { target, server } = await serve();
    const client = await grpcClient(target, descriptor, "demo.Echo");
    try {
      assert.deepEqual(await client.call<Words>("Say", { text: "hello" }), { text: "hello", size: 5 });
      await assert.rejects(client.call("Say", { text: "none" }), (error: Error) => {
        assert.equal(error.message, "rpc error: code = NotFound desc = no such words");
        return isGrpcError(error, grpcCode.notFound);
      });
      await assert.rejects(client.call("Say", { text: "slow" }, { timeout: 20 }), (error: unknown) =>
        isGrpcError(error, grpcCode.deadlineExceeded),
      );
      await assert.rejects(client.call("Nothing", {}), (error: unknown) => isGrpcError(error, grpcCode.unimplemented));
      const sizes: number[] = [];
      for await (const { size } of client.stream<Words>("Count", { text: "x" })) sizes.push(size);
      assert.deepEqual(sizes, [0, 1, 2]);
      const stop = new AbortController();
      for await (const { size } of client.stream<Words>("Count", { text: "on" }, stop.signal)) if (size === 2) stop.abort();
    } finally {
      client.close();
      server.forceShutdown();
    }
  });
});
