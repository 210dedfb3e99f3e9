/**
 * subPath mounts. What a container may rename while we look must not lead outside the volume: the path is opened part by
 * part from the volume's root without following links, and what is open is bound to a place of the agent's own.
 */
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { bindMount, isMountPoint, unmount } from "../../host/mounts.ts";

/** Linux `O_PATH`: a handle that opens sockets and devices too, without touching them. */
const pathOnly = 0o10000000;

export interface SubPathMount {
  /** Root of the volume. */
  readonly volume: string;
  /** Relative, without `..`. */
  readonly subPath: string;
  /** Where to bind it. */
  readonly target: string;
}

/** Resolves with `target`. Throws an Error that tells nothing of the host's files. */
export async function bindSubPath({ volume, subPath, target }: SubPathMount): Promise<string> {
  if (subPath.startsWith("/")) throw new Error(`error SubPath \`${subPath}\` must not be an absolute path`);
  if (subPath.split("/").includes("..")) throw new Error(`unable to provision SubPath \`${subPath}\`: must not contain '..'`);
  const root = realpathSync(volume);
  makeMissing(root, subPath);
  const handle = openWithin(root, realpathSync(join(root, subPath)));
  try {
    if (isMountPoint(target)) await unmount(target);
    mkdirSync(dirname(target), { recursive: true, mode: 0o750 });
    if (fstatSync(handle).isDirectory()) mkdirSync(target, { recursive: true, mode: 0o750 });
    else if (!existsSync(target)) writeFileSync(target, "", { mode: 0o640 });
    await bindMount(`/proc/${process.pid}/fd/${handle}`, target);
  } finally {
    closeSync(handle);
  }
  return target;
}

/** A file of a volume as text, without being led out of the volume. */
export function readWithin(volume: string, path: string): string {
  const root = realpathSync(volume);
  const handle = openWithin(root, realpathSync(join(root, path)));
  try {
    return readFileSync(`/proc/self/fd/${handle}`, "utf8");
  } finally {
    closeSync(handle);
  }
}

/** Directories that are missing are made with the volume's own mode, below the deepest part that is there and inside. */
function makeMissing(root: string, subPath: string): void {
  const full = join(root, subPath);
  if (existsSync(full)) return;
  const mode = statSync(root).mode & 0o7777;
  let at = root;
  for (const part of subPath.split("/").filter((p) => p !== "" && p !== ".")) {
    at = join(at, part);
    if (existsSync(at)) {
      at = realpathSync(at);
      if (at !== root && !at.startsWith(`${root}/`)) throw new Error("subPath leads outside of the volume");
      continue;
    }
    mkdirSync(at);
    const made = openSync(at, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      // By handle: the entry may have been swapped for a link since.
      fchmodSync(made, mode);
    } finally {
      closeSync(made);
    }
  }
}

function openWithin(root: string, path: string): number {
  if (path !== root && !path.startsWith(`${root}/`)) throw new Error("subPath leads outside of the volume");
  let handle = openSync(root, pathOnly | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  for (const part of path
    .slice(root.length)
    .split("/")
    .filter((p) => p !== "")) {
    try {
      const next = openSync(`/proc/self/fd/${handle}/${part}`, pathOnly | constants.O_NOFOLLOW);
      if (fstatSync(next).isSymbolicLink()) {
        closeSync(next);
        throw new Error("subPath changed while it was opened");
      }
      closeSync(handle);
      handle = next;
    } catch (error) {
      closeSync(handle);
      throw error;
    }
  }
  return handle;
}
