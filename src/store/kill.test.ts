/** `kill -9` under write load: a child writes and says what was acknowledged, and is killed at a random moment. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../core/clock.ts";
import { openStore } from "./open-store.ts";

const child = `
  import { openStore } from ${JSON.stringify(new URL("./open-store.ts", import.meta.url).href)};
  import { systemClock } from ${JSON.stringify(new URL("../core/clock.ts", import.meta.url).href)};
  import { writeSync } from "node:fs";
  const store = await openStore({ clock: systemClock, directory: process.argv[1], checkpointBytes: 100_000 });
  let next = store.revision;
  const writer = async (id) => {
    for (;;) {
      const n = next++;
      const result = await store.transact([
        { type: "put", key: "/w/" + id, value: Buffer.from(String(n) + "x".repeat(500)) },
        { type: "put", key: "/n/" + n, value: Buffer.from(String(n)) },
      ]);
      if (!result.ok) throw new Error("refused");
      writeSync(1, n + "\\n");
      if (n % 50 === 0) await store.compact(store.revision - 20);
    }
  };
  for (let i = 0; i < 8; i++) void writer(i);
`;

/** Runs the child until it has acknowledged `enough` writes, kills it, and gives all that it said. */
function writeAndKill(directory: string, enough: number): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const process_ = spawn(process.execPath, ["--input-type=module", "--disable-warning=ExperimentalWarning", "-e", child, directory], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    process_.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.split("\n").length > enough) process_.kill("SIGKILL");
    });
    process_.on("error", reject);
    process_.on("close", () =>
      resolve(
        said
          .slice(0, said.lastIndexOf("\n") + 1)
          .split("\n")
          .filter(Boolean)
          .map(Number),
      ),
    );
  });
}

void test("everything acknowledged survives kill -9 under write load, several times over", async () => {
  const directory = mkdtempSync(join(tmpdir(), "tsukube-kill-"));
  try {
    const acknowledged = new Set<number>();
    for (let round = 0; round < 4; round++) {
      for (const n of await writeAndKill(directory, 100 + round * 130)) acknowledged.add(n);
      const store = await openStore({ clock: systemClock, directory, historyAge: 0 });
      const there = new Set((await store.range("/n/")).items.map((kv) => Number(Buffer.from(kv.value).toString())));
      const missing = [...acknowledged].filter((n) => !there.has(n));
      assert.deepEqual(missing, []);
      assert.ok(acknowledged.size >= 100 * (round + 1));
      await store.close();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
