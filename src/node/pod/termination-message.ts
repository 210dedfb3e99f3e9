/** What a container leaves as its last words: its termination log, or the end of its log when it failed without any. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { Clock } from "../../core/clock.ts";
import { readLog } from "../logs/read-log.ts";
import type { RuntimeContainer } from "./runtime.ts";

const maxMessage = 4096;
const maxLogMessage = 2048;
const maxLogLines = 80;

/** The container's `message`, with what the runtime said before it. */
export async function terminationMessage(container: RuntimeContainer, clock: Clock): Promise<string> {
  const { terminationMessagePath: path, terminationMessagePolicy: policy } = container.record;
  const mount = path === "" ? undefined : container.mounts.find((m) => m.containerPath === path);
  let words = mount === undefined ? "" : readEnd(mount.hostPath);
  if (words === "" && policy === "FallbackToLogsOnError" && container.exitCode !== 0 && container.reason !== "ContainerCannotRun") {
    words = await endOfLog(container.logPath, clock);
  }
  if (words === "") return container.message;
  return container.message === "" ? words : `${container.message}: ${words}`;
}

function readEnd(path: string): string {
  let handle: number;
  try {
    handle = openSync(path, "r");
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT"
      ? ""
      : `Error on reading termination log ${path}: ${(error as Error).message}`;
  }
  try {
    const { size } = fstatSync(handle);
    const bytes = Buffer.alloc(Math.min(size, maxMessage));
    readSync(handle, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString("utf8");
  } finally {
    closeSync(handle);
  }
}

async function endOfLog(path: string, clock: Clock): Promise<string> {
  try {
    const parts: Buffer[] = [];
    const { signal } = new AbortController();
    for await (const part of readLog({ path, follow: false, tailLines: maxLogLines, timestamps: false, clock, signal })) parts.push(part);
    return Buffer.concat(parts).subarray(-maxLogMessage).toString("utf8");
  } catch (error) {
    return `Error on reading termination message from logs: ${(error as Error).message}`;
  }
}
