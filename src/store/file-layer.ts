/**
 * The few things the embedded store does with files, so that a test can stand between it and the disk and tell what a
 * power cut at any moment would leave.
 */
import { constants, existsSync, fdatasync, mkdirSync, openSync, readdirSync, readFileSync, statSync, unlinkSync } from "node:fs";
import { close, ftruncate, fsync, open, rename, write } from "node:fs";
import { join } from "node:path";

export interface AppendFile {
  /** Writes at `offset`, the end of what is good, and resolves when the bytes are on the disk. Rejects with the system's error. */
  append(bytes: Uint8Array, offset: number): Promise<void>;
  /** Cuts off what was written in vain. */
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

export interface FileLayer {
  /** Names of the files. */
  list(): string[];
  /** Throws when there is no such file. */
  read(name: string): Buffer;
  size(name: string): number;
  /** Opens a file for appending, made when it is not there. */
  append(name: string): Promise<AppendFile>;
  rename(from: string, to: string): Promise<void>;
  remove(name: string): void;
  /** Makes additions, renames and removals of files durable. */
  syncDirectory(): Promise<void>;
}

function promise(run: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => run((error) => (error === null ? resolve() : reject(error))));
}

/** Writes with O_DSYNC where the system has it: one call that returns when the bytes are durable. */
class DiskFile implements AppendFile {
  readonly #fd: number;
  readonly #synchronous: boolean;

  constructor(fd: number, synchronous: boolean) {
    this.#fd = fd;
    this.#synchronous = synchronous;
  }

  append(bytes: Uint8Array, offset: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = (done: number): void => {
        write(this.#fd, bytes, done, bytes.length - done, offset + done, (error, written) => {
          if (error !== null) reject(error);
          else if (done + written < bytes.length) step(done + written);
          else if (this.#synchronous) resolve();
          else fdatasync(this.#fd, (failed) => (failed === null ? resolve() : reject(failed)));
        });
      };
      step(0);
    });
  }

  async truncate(length: number): Promise<void> {
    await promise((done) => ftruncate(this.#fd, length, done));
    await promise((done) => fsync(this.#fd, done));
  }

  close(): Promise<void> {
    return promise((done) => close(this.#fd, done));
  }
}

class DiskLayer implements FileLayer {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }

  list(): string[] {
    return readdirSync(this.#directory);
  }

  read(name: string): Buffer {
    return readFileSync(this.#path(name));
  }

  size(name: string): number {
    return statSync(this.#path(name)).size;
  }

  append(name: string): Promise<AppendFile> {
    const { O_WRONLY, O_CREAT } = constants;
    const sync = (constants as { O_DSYNC?: number }).O_DSYNC;
    return new Promise((resolve, reject) => {
      open(this.#path(name), O_WRONLY | O_CREAT | (sync ?? 0), 0o600, (error, fd) => {
        if (error === null) resolve(new DiskFile(fd, sync !== undefined));
        else reject(error);
      });
    });
  }

  rename(from: string, to: string): Promise<void> {
    return promise((done) => rename(this.#path(from), this.#path(to), done));
  }

  remove(name: string): void {
    if (existsSync(this.#path(name))) unlinkSync(this.#path(name));
  }

  async syncDirectory(): Promise<void> {
    const fd = openSync(this.#directory, constants.O_RDONLY);
    try {
      await promise((done) => fsync(fd, done));
    } finally {
      await promise((done) => close(fd, done));
    }
  }
}

/** Files of a directory, which is made when it is not there. */
export function diskLayer(directory: string): FileLayer {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return new DiskLayer(directory);
}
