/** Processes known by pid and start time, so that a pid that was given out again is never mistaken for ours. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface ProcessId {
  pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks after boot; empty where there is no /proc. */
  started: string;
}

export function processId(pid: number): ProcessId {
  return { pid, started: startTime(pid) ?? "" };
}

function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** ENOENT or ESRCH: the process went while it was looked at. */
function isGone(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ESRCH";
}

export function isAlive(process_: ProcessId): boolean {
  if (process_.started === "") return signal(process_.pid, 0);
  return startTime(process_.pid) === process_.started;
}

/** The process that a file names, if it lives. A file that cannot be read as one names nobody. */
export function liveProcess(file: string): ProcessId | undefined {
  try {
    const id = JSON.parse(readFileSync(file, "utf8")) as Partial<ProcessId> | null;
    return typeof id?.pid === "number" && typeof id.started === "string" && isAlive(id as ProcessId) ? (id as ProcessId) : undefined;
  } catch (error) {
    if (isGone(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** False when there is no such process. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

/** Asks, waits, insists. Resolves when the process is gone. */
export async function stopProcess(target: ProcessId, graceMs: number): Promise<void> {
  if (!isAlive(target)) return;
  signal(target.pid, "SIGTERM");
  const end = performance.now() + graceMs;
  while (isAlive(target)) {
    if (performance.now() > end) {
      signal(target.pid, "SIGKILL");
      graceMs = Number.POSITIVE_INFINITY;
    }
    await new Promise((r) => setTimeout(r, 20));
  }
}

/** Every process whose namespace of this type is the one that `link` (a readlink of /proc/PID/ns/TYPE) names. */
export function processesInNamespace(type: "mnt" | "net", link: string): number[] {
  return readdirSync("/proc")
    .filter((d) => /^\d+$/.test(d))
    .map(Number)
    .filter((pid) => namespaceOf(pid, type) === link);
}

/** `mnt:[4026532]`; undefined when the process is gone. */
export function namespaceOf(pid: number | "self", type: "mnt" | "net"): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${type}`);
  } catch (error) {
    if (isGone(error) || (error as NodeJS.ErrnoException).code === "EACCES") return undefined;
    throw error;
  }
}

/** The short name of a process's program; empty when the process is gone. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch (error) {
    if (isGone(error)) return "";
    throw error;
  }
}

/** Proportional set size in bytes; undefined when it cannot be read. */
export function memoryOf(pid: number): number | undefined {
  try {
    const m = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
    return m ? Number(m[1]) * 1024 : undefined;
  } catch (error) {
    if (isGone(error) || (error as NodeJS.ErrnoException).code === "EACCES") return undefined;
    throw error;
  }
}
