import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a directory and those above it, level by level: where the kernel lets nothing be made and answers ENOENT, as below
 * /proc, `mkdirSync` with `recursive` never comes back.
 * @throws the system's error, EEXIST or ENOTDIR when a file is in the way
 */
export function makeDirectories(path: string, mode = 0o777): void {
  try {
    if (statSync(path).isDirectory()) return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || path === dirname(path)) throw error;
    makeDirectories(dirname(path), mode);
  }
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Somebody else was faster.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST" || !statSync(path).isDirectory()) throw error;
  }
}
