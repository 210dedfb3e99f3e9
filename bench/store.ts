/**
 * The store by itself: how long writes take, how long it takes to open, and how much memory it needs, at 0, 10,000 and
 * 150,000 objects of 1.5 KB.
 *
 * usage: node bench/store.ts [memory|log] [COUNT…]
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../src/core/clock.ts";
import { openStore } from "../src/store/open-store.ts";
import type { Store } from "../src/store/store.ts";

const kinds: Readonly<Record<string, (directory: string) => Promise<Store>>> = {
  memory: () => openStore({ clock: systemClock, historyAge: 0 }),
  log: (directory) => openStore({ clock: systemClock, historyAge: 0, directory }),
};

const value = (i: number): Buffer => Buffer.from(`{"n":${i},"pad":"${"x".repeat(1480)}"}`);
const key = (i: number): string => `/registry/pods/bench/pod-${String(i).padStart(6, "0")}`;

async function fill(store: Store, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i += 500) {
    const batch = Array.from({ length: Math.min(500, to - i) }, (_, j) =>
      store.transact([{ type: "put", key: key(i + j), value: value(i + j), expect: 0 }]),
    );
    await Promise.all(batch);
  }
}

/** `writers` write one after the other each, `count` writes in all. */
async function load(store: Store, objects: number, writers: number, count: number): Promise<Record<string, number>> {
  const times: number[] = [];
  let next = 0;
  const cpu = process.cpuUsage();
  const start = performance.now();
  const writer = async (): Promise<void> => {
    while (next < count) {
      const i = next++;
      const begun = performance.now();
      await store.transact([{ type: "put", key: key(objects === 0 ? i % 100 : (i * 7919) % objects), value: value(i) }]);
      times.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
  const elapsed = performance.now() - start;
  const used = process.cpuUsage(cpu);
  times.sort((a, b) => a - b);
  const at = (q: number): number => Number((times[Math.floor(times.length * q)] as number).toFixed(3));
  return {
    writers,
    perSecond: Math.round((count / elapsed) * 1000),
    p50ms: at(0.5),
    p99ms: at(0.99),
    cpuMicros: Math.round((used.user + used.system) / count),
  };
}

/** Resident memory in MB, after collecting garbage. */
function memory(): number {
  globalThis.gc?.();
  const status = readFileSync("/proc/self/status", "utf8");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}

async function child(step: string, kind: string, directory: string, objects: number): Promise<void> {
  const open = kinds[kind] as (typeof kinds)[string];
  const begun = performance.now();
  const store = await open(directory);
  const opened = performance.now() - begun;
  if (step === "fill") await fill(store, 0, objects);
  const before = memory();
  const result: Record<string, unknown> = { kind, objects, openMs: Math.round(opened), memoryMB: before };
  if (step === "load") {
    await load(store, objects, 16, 2000);
    result["one"] = await load(store, objects, 1, 2000);
    result["sixteen"] = await load(store, objects, 16, 20_000);
  }
  if (step !== "fill" || kind === "memory") console.log(JSON.stringify(result));
  await store.close();
}

/** Each step is a process of its own, so that opening is cold and memory is the step's. */
function run(step: string, kind: string, directory: string, objects: number): void {
  const args = ["--expose-gc", "--disable-warning=ExperimentalWarning", import.meta.filename, step, kind, directory, String(objects)];
  spawnSync(process.execPath, args, { stdio: "inherit" });
}

const [first = "log", ...rest] = process.argv.slice(2);
if (first === "fill" || first === "open" || first === "load") await child(first, rest[0] as string, rest[1] as string, Number(rest[2]));
else {
  for (const objects of rest.length > 0 ? rest.map(Number) : [0, 10_000, 150_000]) {
    const directory = mkdtempSync(join(tmpdir(), "tsukube-bench-"));
    for (const step of ["fill", "open", "load"]) run(step, first, directory, objects);
    rmSync(directory, { recursive: true, force: true });
  }
}
