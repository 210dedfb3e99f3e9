import type { Clock } from "../core/clock.ts";
import { type Logger, silent } from "../core/log.ts";
import { lockDirectory } from "./directory-lock.ts";
import { diskLayer, type FileLayer } from "./file-layer.ts";
import { LocalStore, type LocalStoreOptions } from "./local-store.ts";
import { LogJournal } from "./log-journal.ts";
import { decodeHeader } from "./log-format.ts";
import { fileName, recover } from "./log-reader.ts";
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

/**
 * Puts a {@link Store.snapshot} into a data directory that holds no data yet. Throws StoreError: `in-use` also when there is
 * data, `damaged` when the snapshot is not whole, and those of {@link openStore}.
 */
export async function restoreStore(directory: string, snapshot: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  let unlock: (() => void) | undefined;
  try {
    unlock = lockDirectory(directory);
    const files = diskLayer(directory);
    if (files.list().some((name) => /^(log|checkpoint)-/.test(name))) {
      throw new StoreError("in-use", `the data directory ${directory} holds data already; restore into an empty one`);
    }
    const name = await writeCheckpoint(files, snapshot);
    try {
      recover(files);
    } catch (error) {
      files.remove(name);
      throw error;
    }
  } catch (error) {
    throw describe(error, directory);
  } finally {
    unlock?.();
  }
}

async function writeCheckpoint(files: FileLayer, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
  const temporary = "checkpoint.tmp";
  const file = await files.append(temporary);
  let length = 0;
  try {
    for await (const chunk of chunks) {
      await file.append(chunk, length);
      length += chunk.length;
    }
  } finally {
    await file.close();
  }
  const header = decodeHeader(files.read(temporary));
  if (header?.kind !== "checkpoint") {
    files.remove(temporary);
    throw new StoreError("damaged", "this is no snapshot of a store");
  }
  const name = fileName("checkpoint", header.revision);
  await files.rename(temporary, name);
  await files.syncDirectory();
  return name;
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
