/** One process a data directory. The lock of a process that is gone is taken over. */
import { closeSync, constants, linkSync, mkdirSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { StoreError } from "./store.ts";

/** Tells this run of a process from another one under the same number: boot, and ticks since then. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // Dead, and not yet waited for by its parent: it holds nothing any more.
    return fields[0] === "Z" || fields[0] === "X" ? "ended" : `${boot} ${fields[19]}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" || (error as NodeJS.ErrnoException).code === "ESRCH") return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

interface Owner {
  readonly pid: number;
  readonly start: string;
}

/** The owner of a lock file; undefined when nobody holds it: the process is gone, or died while writing it. */
function ownerOf(text: string): Owner | undefined {
  const [number = "", start = ""] = text.trim().split("\n");
  const pid = Number(number);
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined;
  const now = startOf(pid);
  return now === undefined || now === start ? { pid, start } : undefined;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

/** The process that holds the lock of `directory` now; undefined when it is free. */
export function directoryOwner(directory: string): number | undefined {
  const held = read(join(directory, "lock"));
  return held === undefined ? undefined : ownerOf(held)?.pid;
}

/** Locks `directory`, made when it is not there. Answers the unlocking. Throws StoreError `in-use`. */
export function lockDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, "lock");
  const own = `${process.pid}\n${startOf(process.pid) ?? ""}\n`;
  const mine = `${path}.${process.pid}`;
  const fd = openSync(mine, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600);
  writeSync(fd, own);
  closeSync(fd);
  try {
    for (let attempt = 0; attempt < 10; attempt++) {
      // A link is made whole or not at all, and never over another one.
      if (tryLink(mine, path)) return () => unlock(path, own);
      const held = read(path);
      if (held === undefined) continue;
      const owner = ownerOf(held);
      if (owner !== undefined) {
        throw new StoreError(
          "in-use",
          `the data directory ${directory} is in use by process ${owner.pid}; stop it first, or use another directory`,
        );
      }
      takeAway(path, held);
    }
    throw new StoreError("in-use", `the data directory ${directory} is being taken over by another process; try again`);
  } finally {
    unlinkSync(mine);
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Removes a dead lock, but not one that somebody has put there since it was read. */
function takeAway(path: string, dead: string): void {
  const aside = `${path}.dead.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if (read(aside) !== dead) tryLink(aside, path);
  unlinkSync(aside);
}

function unlock(path: string, own: string): void {
  if (read(path) === own) unlinkSync(path);
}
