/**
 * Makes transactions durable in an append-only log, and keeps the log short with checkpoints. One append is one write that
 * returns when it is on the disk; everything that came in meanwhile goes into the next one.
 *
 * A checkpoint at revision R begins a new log at R, is written beside it, and takes its name when it is whole. The files
 * before it go when the history they hold has been compacted.
 */
import type { Logger } from "../core/log.ts";
import type { AppendFile, FileLayer } from "./file-layer.ts";
import type { Journal, Transaction } from "./journal.ts";
import { encodeHeader, encodeTransactions, headerLength, snapshotChunks } from "./log-format.ts";
import { fileName, type Recovered, revisionOf } from "./log-reader.ts";
import type { OrderedMap } from "./ordered-map.ts";
import { type KeyValue, StoreError } from "./store.ts";

export interface LogJournalOptions {
  readonly files: FileLayer;
  readonly log: Logger;
  /** Bytes of log after which a checkpoint is made, or as many as all live values have, whichever is more. 16 MiB by default. */
  readonly checkpointBytes?: number | undefined;
}

const temporary = "checkpoint.tmp";

export class LogJournal implements Journal {
  readonly #files: FileLayer;
  readonly #log: Logger;
  readonly #checkpointBytes: number;
  #file: AppendFile;
  #length: number;
  /** Bytes of log since the last checkpoint. */
  #since: number;
  /** Bytes of the last checkpoint. */
  #checkpointLength = 0;
  #diskBytes: number;
  #next: Promise<AppendFile> | undefined;
  #checkpointing: Promise<void> | undefined;
  #compacted = 0;

  private constructor(options: LogJournalOptions, file: AppendFile, length: number, recovered: Recovered) {
    this.#files = options.files;
    this.#log = options.log;
    this.#checkpointBytes = options.checkpointBytes ?? 16 * 1024 * 1024;
    this.#file = file;
    this.#length = length;
    this.#since = recovered.bytes;
    this.#diskBytes = recovered.bytes;
  }

  static async open(options: LogJournalOptions, recovered: Recovered): Promise<LogJournal> {
    const { files } = options;
    files.remove(temporary);
    const { map, log } = recovered;
    for (const name of recovered.unused) files.remove(name);
    const name = log?.name ?? fileName("log", map.revision);
    const file = await files.append(name);
    try {
      let length = log?.length ?? 0;
      if (log === undefined) length = await beginLog(files, file, map.revision, map.compactedRevision);
      else if (files.size(name) > length) await file.truncate(length);
      return new LogJournal(options, file, length, recovered);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get diskBytes(): number {
    return this.#diskBytes;
  }

  async append(transactions: readonly Transaction[]): Promise<void> {
    if (this.#next !== undefined) await this.#rotate();
    const frame = encodeTransactions(transactions);
    try {
      await this.#file.append(frame, this.#length);
    } catch (error) {
      throw await this.#undo(error);
    }
    this.#length += frame.length;
    this.#since += frame.length;
    this.#diskBytes += frame.length;
  }

  /** Takes back what a failed write may have left. Only where that works do later writes have a chance. */
  async #undo(error: unknown): Promise<StoreError> {
    const { code, message } = error as NodeJS.ErrnoException;
    const full = code === "ENOSPC" || code === "EDQUOT";
    try {
      await this.#file.truncate(this.#length);
    } catch (cause) {
      return new StoreError("io", `writing to the store failed (${message}), and so did undoing it`, { cause });
    }
    if (full)
      return new StoreError("disk-full", "the disk with the data directory is full: nothing was written; free some space", {
        cause: error,
      });
    return new StoreError("io", `writing to the store failed: ${message}`, { cause: error });
  }

  get wantsCheckpoint(): boolean {
    return this.#checkpointing === undefined && this.#since > Math.max(this.#checkpointBytes, this.#checkpointLength);
  }

  checkpoint(revision: number, compactedRevision: number, entries: OrderedMap<KeyValue>): void {
    this.#since = 0;
    const begun = this.#begin(revision, compactedRevision);
    this.#next = begun;
    this.#checkpointing = begun
      .then(() => this.#write(revision, compactedRevision, entries))
      .catch((error: unknown) => {
        // The log goes on growing; the next attempt comes when it has grown as much again.
        this.#log.warn("checkpoint failed", { error });
        this.#files.remove(temporary);
      })
      .finally(() => (this.#checkpointing = undefined));
  }

  async #begin(revision: number, compactedRevision: number): Promise<AppendFile> {
    const name = fileName("log", revision);
    const file = await this.#files.append(name);
    try {
      await beginLog(this.#files, file, revision, compactedRevision);
    } catch (error) {
      await file.close();
      this.#files.remove(name);
      throw error;
    }
    return file;
  }

  /** The next append goes to the new log; when that could not be made, to the old one. */
  async #rotate(): Promise<void> {
    const next = this.#next as Promise<AppendFile>;
    this.#next = undefined;
    let file: AppendFile;
    try {
      file = await next;
    } catch (error) {
      this.#log.debug("the log was not changed", { error });
      return;
    }
    await this.#file.close();
    this.#file = file;
    this.#length = headerLength;
    this.#diskBytes += headerLength;
  }

  async #write(revision: number, compactedRevision: number, entries: OrderedMap<KeyValue>): Promise<void> {
    this.#files.remove(temporary);
    const file = await this.#files.append(temporary);
    let length = 0;
    try {
      for (const chunk of snapshotChunks(revision, compactedRevision, entries)) {
        await file.append(chunk, length);
        length += chunk.length;
      }
    } finally {
      await file.close();
    }
    await this.#files.rename(temporary, fileName("checkpoint", revision));
    await this.#files.syncDirectory();
    this.#checkpointLength = length;
    this.#diskBytes += length;
    this.#clean();
  }

  compacted(revision: number): void {
    this.#compacted = revision;
    this.#clean();
  }

  /** Removes what lies before the newest checkpoint whose history nobody can ask for any more. */
  #clean(): void {
    const names = this.#files.list();
    const usable = names.filter((n) => /^checkpoint-\d{16}$/.test(n) && revisionOf(n) <= this.#compacted).sort();
    const keep = usable.at(-1);
    if (keep === undefined) return;
    const first = revisionOf(keep);
    for (const name of names) {
      if (!/^(log|checkpoint)-\d{16}$/.test(name) || revisionOf(name) >= first) continue;
      this.#diskBytes -= this.#files.size(name);
      this.#files.remove(name);
    }
  }

  async close(): Promise<void> {
    await this.#checkpointing;
    if (this.#next !== undefined) await this.#rotate();
    await this.#file.close();
  }
}

async function beginLog(files: FileLayer, file: AppendFile, revision: number, compacted: number): Promise<number> {
  const header = encodeHeader("log", revision, compacted);
  await file.append(header, 0);
  await files.syncDirectory();
  return header.length;
}
