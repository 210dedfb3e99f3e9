/** Profiles of this process by V8's own profiler, as pprof or as text. Loaded when somebody asks for one. */
import { readdirSync } from "node:fs";
import { type HeapProfiler, type Profiler, Session } from "node:inspector/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { sleep, systemClock } from "../core/clock.ts";
import { encodeProfile, type Frame, type Profile, type ProfileSample } from "../core/pprof.ts";

export interface ProfileWish {
  readonly seconds: number | undefined;
  /** Collect garbage before a heap profile. */
  readonly gc: boolean;
  /** Lines for people instead of bytes for pprof. */
  readonly text: boolean;
}

const bytesPerSample = 512 * 1024;

/** `name`: profile, heap, allocs, goroutine, threadcreate, block or mutex. */
export async function takeProfile(name: string, wish: ProfileWish): Promise<{ text?: string; bytes?: Uint8Array }> {
  const profile = await take(name, wish);
  if (wish.text) return { text: asText(name, profile) };
  return { bytes: await promisify(gzip)(encodeProfile(profile)) };
}

function take(name: string, wish: ProfileWish): Promise<Profile> {
  switch (name) {
    case "profile":
      return cpuProfile(wish.seconds ?? 30);
    case "heap":
    case "allocs":
      return heapProfile(name === "allocs", wish);
    case "goroutine":
      return Promise.resolve(counted("goroutine", waits()));
    case "threadcreate":
      return Promise.resolve(counted("threadcreate", new Map([["thread", readdirSync("/proc/self/task").length]])));
    default:
      return Promise.resolve({ ...counted("contentions", new Map()), sampleTypes: [count("contentions"), nanoseconds("delay")] });
  }
}

const count = (type: string): { type: string; unit: string } => ({ type, unit: "count" });
const nanoseconds = (type: string): { type: string; unit: string } => ({ type, unit: "nanoseconds" });
const bytes = (type: string): { type: string; unit: string } => ({ type, unit: "bytes" });

const now = (): bigint => BigInt(systemClock.now()) * 1_000_000n;

function frameOf({ functionName, url, lineNumber }: { functionName: string; url: string; lineNumber: number }): Frame {
  return { name: functionName === "" ? "(anonymous)" : functionName, file: url, line: lineNumber + 1 };
}

async function withSession<T>(run: (session: Session) => Promise<T>): Promise<T> {
  const session = new Session();
  session.connect();
  try {
    return await run(session);
  } finally {
    session.disconnect();
  }
}

async function cpuProfile(seconds: number): Promise<Profile> {
  const timeNanos = now();
  const { profile } = await withSession(async (session) => {
    await session.post("Profiler.enable");
    await session.post("Profiler.setSamplingInterval", { interval: 10_000 });
    await session.post("Profiler.start");
    await sleep(systemClock, seconds * 1000);
    return session.post("Profiler.stop");
  });
  const micros = profile.endTime - profile.startTime;
  return {
    sampleTypes: [count("samples"), nanoseconds("cpu")],
    samples: cpuSamples(profile),
    periodType: nanoseconds("cpu"),
    period: 10_000_000,
    timeNanos,
    durationNanos: BigInt(Math.round(micros * 1000)),
  };
}

function cpuSamples(profile: Profiler.Profile): ProfileSample[] {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map<number, number>();
  for (const node of profile.nodes) for (const child of node.children ?? []) parents.set(child, node.id);
  const times = new Map<number, { hits: number; micros: number }>();
  (profile.samples ?? []).forEach((id, i) => {
    const time = times.get(id) ?? { hits: 0, micros: 0 };
    time.hits++;
    time.micros += Math.max(0, profile.timeDeltas?.[i] ?? 0);
    times.set(id, time);
  });
  return [...times].flatMap(([id, { hits, micros }]) => {
    const stack: Frame[] = [];
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = nodes.get(at)?.callFrame;
      if (frame !== undefined && frame.functionName !== "(root)") stack.push(frameOf(frame));
    }
    // Time in which nothing ran is no use of the processor.
    const idle = stack[0]?.name === "(idle)";
    return stack.length === 0 || idle ? [] : [{ stack, values: [hits, micros * 1000] }];
  });
}

async function heapProfile(collected: boolean, wish: ProfileWish): Promise<Profile> {
  const timeNanos = now();
  const { profile } = await withSession(async (session) => {
    await session.post("HeapProfiler.enable");
    if (wish.gc) await session.post("HeapProfiler.collectGarbage");
    const including = { includeObjectsCollectedByMajorGC: collected, includeObjectsCollectedByMinorGC: collected };
    await session.post("HeapProfiler.startSampling", { samplingInterval: bytesPerSample / 16, ...including });
    await sleep(systemClock, (wish.seconds ?? 1) * 1000);
    return session.post("HeapProfiler.stopSampling");
  });
  const samples: ProfileSample[] = [];
  const walk = (node: HeapProfiler.SamplingHeapProfileNode, above: readonly Frame[]): void => {
    const stack = node.callFrame.functionName === "(root)" ? above : [frameOf(node.callFrame), ...above];
    if (node.selfSize > 0) samples.push({ stack, values: [1, node.selfSize] });
    for (const child of node.children) walk(child, stack);
  };
  walk(profile.head, []);
  const kind = collected ? "alloc" : "inuse";
  return {
    sampleTypes: [count(`${kind}_objects`), bytes(`${kind}_space`)],
    samples,
    periodType: bytes("space"),
    period: bytesPerSample / 16,
    timeNanos,
  };
}

/** What the event loop waits for, by kind. */
function waits(): Map<string, number> {
  const kinds = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  return kinds;
}

function counted(type: string, counts: ReadonlyMap<string, number>): Profile {
  const samples = [...counts].map(([name, value]) => ({ stack: [{ name, file: "", line: 0 }], values: [value] }));
  return { sampleTypes: [count(type)], samples, periodType: count(type), period: 1, timeNanos: now() };
}

function asText(name: string, { sampleTypes, samples }: Profile): string {
  const total = samples.reduce((sum, { values }) => sum + (values[0] ?? 0), 0);
  const lines = samples
    .toSorted((a, b) => (b.values.at(-1) ?? 0) - (a.values.at(-1) ?? 0))
    .map(({ stack, values }) => [`${values.join(" ")} @`, ...stack.map((f) => `#\t${f.name}\t${f.file}:${f.line}`), ""].join("\n"));
  return `${name} profile: total ${total} (${sampleTypes.map((t) => `${t.type} ${t.unit}`).join(", ")})\n${lines.join("\n")}\n`;
}
