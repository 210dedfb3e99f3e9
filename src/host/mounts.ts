/** Mounts of this process's mount namespace, made by `mount` and `umount`: Node has no such calls. */
import { readFileSync } from "node:fs";
import { attempt, run } from "./commands.ts";

export interface MountEntry {
  readonly mountPoint: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** What `/proc/self/mountinfo` says, in order of mounting. */
export function listMounts(): MountEntry[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map(parseMountInfo);
}

/** One line of mountinfo (proc(5)): optional fields end at a lone `-`; spaces in paths are octal escapes. */
export function parseMountInfo(line: string): MountEntry {
  const fields = line.split(" ");
  const dash = fields.indexOf("-", 6);
  return {
    mountPoint: unescape(fields[4] ?? ""),
    type: fields[dash + 1] ?? "",
    source: unescape(fields[dash + 2] ?? ""),
    options: (fields[5] ?? "").split(","),
  };
}

function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

export function isMountPoint(path: string): boolean {
  return listMounts().some((m) => m.mountPoint === path);
}

/** `size`: bytes; the kernel's default (half of memory) when absent. `mode`: of the root, 1777 when absent, as the kernel's. */
export async function mountTmpfs(path: string, options: { size?: number | undefined; mode?: string } = {}): Promise<void> {
  const list = [`mode=${options.mode ?? "1777"}`, ...(options.size === undefined ? [] : [`size=${options.size}`])];
  await run("mount", ["-t", "tmpfs", "-o", list.join(","), "tmpfs", path]);
}

/** `source` is taken literally: a `/proc/PID/fd/N` names the file that is open there. */
export async function bindMount(source: string, target: string): Promise<void> {
  await run("mount", ["--no-canonicalize", "--bind", source, target]);
}

/** Unmounts `path`, lazily when it is busy. Not mounted is fine. */
export async function unmount(path: string): Promise<void> {
  if (!(await attempt("umount", ["--no-canonicalize", path])) && isMountPoint(path))
    await run("umount", ["--lazy", "--no-canonicalize", path]);
}

/** Unmounts everything at and below `directory`, the last mounted first. */
export async function unmountBelow(directory: string): Promise<void> {
  const below = listMounts().filter((m) => m.mountPoint === directory || m.mountPoint.startsWith(`${directory}/`));
  for (const mount of below.reverse()) await unmount(mount.mountPoint);
}
