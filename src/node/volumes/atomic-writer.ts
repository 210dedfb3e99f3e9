/**
 * Writes the files of a volume so that a reader sees either all of the old or all of the new ones: they lie in a directory of
 * their own (`..2026_01_02_…`), `..data` points at it, and what the reader opens (`key` → `..data/key`) goes through that link,
 * which is replaced in one step.
 */
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

export interface ProjectedFile {
  readonly data: Uint8Array;
  /** Permission bits. */
  readonly mode: number;
  /** Owner; root when absent. */
  readonly uid?: number | undefined;
}

/** By relative path, without `..` parts. */
export type ProjectedFiles = ReadonlyMap<string, ProjectedFile>;

const dataLink = "..data";

/** Makes `directory` hold exactly `files`. True when anything changed. */
export function writeAtomically(directory: string, files: ProjectedFiles, group: number | undefined): boolean {
  for (const path of files.keys()) checkPath(path);
  const link = join(directory, dataLink);
  const old = readLink(link);
  const known = old === undefined ? new Map<string, ProjectedFile>() : readTree(join(directory, old));
  if (old !== undefined && sameFiles(known, files)) return false;
  const stamp = new Date().toISOString().slice(0, 19).replace(/[-:]/g, "_").replace("T", "_");
  const fresh = mkdtempSync(join(directory, `..${stamp}.`));
  chmodSync(fresh, 0o755);
  for (const [path, file] of files) {
    const target = join(fresh, path);
    mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
    writeFileSync(target, file.data);
    chmodSync(target, file.mode);
    if (file.uid !== undefined) chownSync(target, file.uid, 0);
  }
  if (group !== undefined) shareWithGroup(fresh, group, true);
  const temporary = join(directory, "..data_tmp");
  rmSync(temporary, { force: true });
  symlinkSync(fresh.slice(directory.length + 1), temporary);
  renameSync(temporary, link);
  linkNames(directory, files);
  if (old !== undefined) rmSync(join(directory, old), { recursive: true, force: true });
  return true;
}

function checkPath(path: string): void {
  if (path === "" || path.startsWith("/") || path.startsWith("..") || path.split("/").includes("..")) {
    throw new Error(`invalid path: "${path}"`);
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function readTree(directory: string): Map<string, ProjectedFile> {
  const found = new Map<string, ProjectedFile>();
  if (!existsSync(directory)) return found;
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    found.set(path.slice(directory.length + 1), { data: readFileSync(path), mode: lstatSync(path).mode & 0o777 });
  }
  return found;
}

function sameFiles(a: ProjectedFiles, b: ProjectedFiles): boolean {
  if (a.size !== b.size) return false;
  for (const [path, file] of b) {
    const other = a.get(path);
    if (other === undefined || Buffer.compare(other.data, file.data) !== 0) return false;
  }
  return true;
}

/** Links for the first part of every path; those of files that are gone go. */
function linkNames(directory: string, files: ProjectedFiles): void {
  const wanted = new Set([...files.keys()].map((path) => path.split("/")[0] as string));
  for (const name of wanted) if (readLink(join(directory, name)) === undefined) symlinkSync(join(dataLink, name), join(directory, name));
  for (const name of readdirSync(directory))
    if (!name.startsWith("..") && !wanted.has(name)) rmSync(join(directory, name), { recursive: true });
}

/**
 * Gives a tree to a group as `fsGroup` asks: the group may do what the owner may, at least read (and write, unless the
 * volume is read-only); new entries of directories belong to the group too.
 */
export function shareWithGroup(path: string, group: number, readOnly: boolean): void {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return;
  chownSync(path, stat.uid, group);
  const access = readOnly ? 0o440 : 0o660;
  if (!stat.isDirectory()) {
    chmodSync(path, (stat.mode & 0o7777) | access);
    return;
  }
  for (const name of readdirSync(path)) shareWithGroup(join(path, name), group, readOnly);
  chmodSync(path, (stat.mode & 0o7777) | access | 0o2110);
}
