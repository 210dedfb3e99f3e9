/** Keeps container logs small: a full file is put aside and the runtime told to open a new one; old ones are compressed. */
import { createReadStream, createWriteStream, existsSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { CriClient } from "../cri/cri-client.ts";

export interface LogRotationOptions {
  /** Bytes. */
  readonly maxSize: number;
  /** The current file included. */
  readonly maxFiles: number;
}

/** Looks at one running container's log, and rotates it when it is due. */
export async function rotateLog(
  cri: CriClient,
  containerId: string,
  path: string,
  options: LogRotationOptions,
  now: number,
): Promise<void> {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || stat.size < options.maxSize) return;
  const asides = oldLogs(path);
  for (const old of asides.slice(0, Math.max(0, asides.length - (options.maxFiles - 2)))) rmSync(old, { force: true });
  for (const old of oldLogs(path)) if (!old.endsWith(".gz")) await compress(old);
  const stamp = new Date(now).toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
  const aside = `${path}.${stamp}`;
  renameSync(path, aside);
  try {
    await cri.reopenContainerLog(containerId);
  } catch (error) {
    // The runtime still writes to the old file: put it back, so that nothing is lost and readers find it.
    if (!existsSync(path)) renameSync(aside, path);
    throw error;
  }
}

/** Files put aside earlier, the oldest first. */
function oldLogs(path: string): string[] {
  const name = basename(path);
  return readdirSync(dirname(path))
    .filter((file) => file.startsWith(`${name}.`) && !file.endsWith(".tmp"))
    .sort()
    .map((file) => join(dirname(path), file));
}

async function compress(path: string): Promise<void> {
  const temporary = `${path}.tmp`;
  await pipeline(createReadStream(path), createGzip(), createWriteStream(temporary));
  renameSync(temporary, `${path}.gz`);
  rmSync(path, { force: true });
}
