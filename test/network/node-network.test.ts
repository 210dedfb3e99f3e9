/** The node's network on the real kernel. Needs root, `ip` and `nft`. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { findProgram } from "../../src/cluster/capabilities.ts";

const lacks =
  process.platform !== "linux" || process.getuid?.() !== 0
    ? "needs root on Linux"
    : findProgram("nft") === undefined || findProgram("ip") === undefined
      ? "needs nft and ip"
      : false;

test("pods reach one another, services, node ports and host ports; what has no endpoint is refused at once", { skip: lacks }, () => {
  const name = `tsktest${process.pid}`;
  const ip = (...args: string[]): void => void spawnSync("ip", args);
  spawnSync("ip", ["netns", "add", name]);
  try {
    const result = spawnSync(
      "ip",
      ["netns", "exec", name, process.execPath, fileURLToPath(new URL("in-namespace.ts", import.meta.url)), name],
      { encoding: "utf8", timeout: 120_000 },
    );
    assert.equal(result.status, 0, result.stderr);
    const f = JSON.parse(result.stdout) as Record<string, unknown>;
    assert.match(String(f["direct"]), /pod2 ::ffff:10\.77\.0\.2$/);
    assert.deepEqual(f["spread"], ["pod1", "pod2"], "a pod behind a service also reaches itself");
    assert.equal(f["sticky"], 1, "a client with affinity keeps its endpoint");
    assert.equal(f["stickyMoves"], true, "when that endpoint goes the client gets another, and keeps it");
    assert.equal(f["udp"], true, "the same port leads to UDP endpoints too");
    assert.equal(f["refused"], "error ECONNREFUSED");
    assert.equal(f["wrongPort"], "error ECONNREFUSED");
    assert.equal(f["nodePort"], true);
    assert.equal(f["hostPort"], "pod1");
    assert.equal(f["hostPortOfItself"], "pod1", "a pod reaches itself by its node's port");
    assert.equal(f["hostPortAtLoopback"], "pod2", "the same port at another address leads elsewhere");
    assert.equal(f["leaseKeepsPorts"], 9000);
    assert.equal(f["fromNode"], "true");
    assert.equal(f["leasesAfterGc"], 1);
    assert.equal(f["leasesAfterDel"], 0);
    assert.equal(f["links"], true);
  } finally {
    for (const n of [`${name}-pod1`, `${name}-pod2`, name]) ip("netns", "del", n);
  }
});
