/** Long-lived processes, that outlive this one. */
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";

/** Starts a process in a session of its own, that goes on when this one ends; its output is appended to `log`. */
export function spawnDaemon(command: string, args: readonly string[], options: { log: string; env?: NodeJS.ProcessEnv }): Promise<number> {
  return new Promise((resolve, reject) => {
    const log = openSync(options.log, "a");
    const child = spawn(command, args, { detached: true, stdio: ["ignore", log, log], env: options.env ?? process.env });
    closeSync(log);
    child.once("error", reject);
    child.once("spawn", () => {
      child.unref();
      resolve(child.pid as number);
    });
  });
}

/** The process exists and is no zombie. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
  } catch {
    return false;
  }
}

/** The command line of a process, or undefined when it is gone. */
export function commandLine(pid: number): string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
  } catch {
    return undefined;
  }
}

/** Sends `signal`; true when the process was there to get it. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
