import type { Clock } from "../core/clock.ts";
import { type Logger, silent } from "../core/log.ts";
import { lockDirectory } from "./directory-lock.ts";
import { diskLayer, type FileLayer } from "./file-layer.ts";
import { LocalStore, type LocalStoreOptions } from "./local-store.ts";
import { LogJournal } from "./log-journal.ts";
import { recover } from "./log-reader.ts";
import { memoryStore } from "./memory-store.ts";
import { type Store, StoreError } from "./store.ts";

export interface OpenStoreOptions extends LocalStoreOptions {
  readonly clock: Clock;
  /** The data directory of the embedded store; absent: the store lives in memory only. */
  readonly directory?: string | undefined;
  readonly log?: Logger | undefined;
  /** See {@link LogJournal}. */
  readonly checkpointBytes?: number | undefined;
}

/**
 * Opens the embedded store of a directory, or a store in memory. Throws StoreError: `in-use`, `damaged`, `newer`,
 * `disk-full`, `io`, each with one sentence that says what to do.
 */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  const { directory } = options;
  if (directory === undefined) return memoryStore(options);
  let unlock: (() => void) | undefined;
  try {
    unlock = lockDirectory(directory);
    return await openLogStore(options, diskLayer(directory), unlock);
  } catch (error) {
    unlock?.();
    throw describe(error, directory);
  }
}

function describe(error: unknown, directory: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof StoreError || code === undefined) return error;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new StoreError("disk-full", `the disk with the data directory ${directory} is full; free some space`, { cause: error });
  }
  return new StoreError("io", `the data directory ${directory} cannot be used (${message}); mend that, or use another directory`, {
    cause: error,
  });
}

/** The embedded store over any file layer. `closed` runs when the store has been closed. */
export async function openLogStore(options: OpenStoreOptions, files: FileLayer, closed: () => void = () => undefined): Promise<Store> {
  const recovered = recover(files);
  const journal = await LogJournal.open({ files, log: options.log ?? silent, checkpointBytes: options.checkpointBytes }, recovered);
  return new LocalStore(options, journal, recovered.map, closed);
}
