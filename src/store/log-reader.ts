/** Reads the embedded store's files back into a {@link VersionedMap}. */
import type { FileLayer } from "./file-layer.ts";
import { decodeHeader, decodeOperations, formatVersion, type Header, headerLength, readFrame } from "./log-format.ts";
import { StoreError } from "./store.ts";
import { type Change, VersionedMap } from "./versioned-map.ts";

/** What stands in the directory, once read. */
export interface Recovered {
  readonly map: VersionedMap;
  /** The log that is written on, and how much of it is good; undefined when there is none yet. */
  readonly log: { readonly name: string; readonly length: number } | undefined;
  /** Logs that were begun and never used. */
  readonly unused: readonly string[];
  /** Bytes of all logs and the checkpoint. */
  readonly bytes: number;
}

/** `checkpoint-000000000123`: ordered by name. */
export function fileName(kind: "log" | "checkpoint", revision: number): string {
  return `${kind}-${String(revision).padStart(16, "0")}`;
}

export function revisionOf(name: string): number {
  return Number(name.slice(name.indexOf("-") + 1));
}

/**
 * Takes the oldest checkpoint that is whole and every log from there on: the log is the history that watches resume from,
 * and what a compaction has freed is gone from the directory. Throws StoreError `damaged` and `newer`.
 */
export function recover(files: FileLayer): Recovered {
  const names = files.list();
  const logs = names.filter((n) => /^log-\d{16}$/.test(n)).sort();
  const checkpoints = names.filter((n) => /^checkpoint-\d{16}$/.test(n)).sort();
  const base = checkpoints.find((name) => logs.includes(fileName("log", revisionOf(name)))) ?? checkpoints.at(-1);
  const map = new VersionedMap();
  let bytes = 0;
  if (base !== undefined) bytes += loadCheckpoint(files, base, map);
  const start = base === undefined ? undefined : fileName("log", revisionOf(base));
  const wanted = start === undefined ? logs : logs.filter((name) => name >= start);
  if (base === undefined && wanted.length > 0 && revisionOf(wanted[0] as string) > 1)
    throw damaged(wanted[0] as string, "the files before it are missing");
  const unused: string[] = [];
  let log: Recovered["log"];
  let compact = map.compactedRevision;
  for (const [i, name] of wanted.entries()) {
    const read = replay(files, name, map, i === wanted.length - 1);
    if (read === undefined) {
      unused.push(name);
      continue;
    }
    log = { name, length: read.length };
    bytes += read.length;
    compact = Math.max(compact, read.compacted);
  }
  if (compact > map.compactedRevision) map.compact(compact);
  return { map, log, unused, bytes };
}

export function damaged(name: string, why: string): StoreError {
  return new StoreError(
    "damaged",
    `the data file ${name} is damaged: ${why}; restore a backup, or move the data directory away to start anew`,
  );
}

function headerOf(name: string, bytes: Buffer, kind: Header["kind"]): Header {
  const header = decodeHeader(bytes);
  if (header === undefined) throw damaged(name, "it does not begin as it must");
  if (header.version > formatVersion) {
    throw new StoreError(
      "newer",
      `the data file ${name} was written by a newer version (format ${header.version}, this one reads up to ${formatVersion}); use that version, or move the data directory away to start anew`,
    );
  }
  if (header.kind !== kind) throw damaged(name, `it is a ${header.kind}`);
  return header;
}

function loadCheckpoint(files: FileLayer, name: string, map: VersionedMap): number {
  const bytes = files.read(name);
  const header = headerOf(name, bytes, "checkpoint");
  let at = headerLength;
  let ended = false;
  while (at < bytes.length && !ended) {
    const frame = readFrame(bytes, at);
    if (frame === undefined) throw damaged(name, `bytes from ${at} on cannot be read`);
    for (const operation of decodeOperations(frame.payload)) {
      if (operation.type === "entry") map.load(operation.entry);
      else if (operation.type === "end") ended = true;
    }
    at = frame.end;
  }
  if (!ended) throw damaged(name, "it ends too early");
  map.revision = header.revision;
  // The history before a checkpoint is not in it.
  map.compactedRevision = header.revision;
  return bytes.length;
}

/**
 * Applies a log. What stands behind the last good frame is a write that was never acknowledged, if nothing good follows:
 * it is left out, and the log goes on there. Anything else is damage. Undefined: the log never got its header.
 */
function replay(files: FileLayer, name: string, map: VersionedMap, last: boolean): { length: number; compacted: number } | undefined {
  const bytes = files.read(name);
  if (last && decodeHeader(bytes) === undefined && !hasFrame(bytes, 0)) return undefined;
  const header = headerOf(name, bytes, "log");
  if (last && header.revision !== map.revision && !hasFrame(bytes, headerLength)) return undefined;
  if (header.revision !== map.revision) throw damaged(name, `it begins at revision ${header.revision}, expected ${map.revision}`);
  let at = headerLength;
  let compacted = header.compacted;
  while (at < bytes.length) {
    const frame = readFrame(bytes, at);
    if (frame === undefined) {
      if (!last || hasFrame(bytes, at + 1)) throw damaged(name, `bytes from ${at} on cannot be read`);
      break;
    }
    compacted = Math.max(compacted, applyFrame(frame.payload, map));
    at = frame.end;
  }
  return { length: at, compacted };
}

/** Whether a whole frame stands anywhere from `from` on. */
function hasFrame(bytes: Buffer, from: number): boolean {
  const magic = Buffer.from([0xff, 0xc0, 0xb5, 0xfe]);
  for (let at = bytes.indexOf(magic, from); at >= 0; at = bytes.indexOf(magic, at + 1)) {
    if (readFrame(bytes, at) !== undefined) return true;
  }
  return false;
}

/** Applies the transactions of one frame. Answers the revision it compacts to, or 0. */
function applyFrame(payload: Buffer, map: VersionedMap): number {
  let compacted = 0;
  let revision = 0;
  let changes: Change[] = [];
  const finish = (): void => {
    if (changes.length > 0) map.apply(revision, changes);
    changes = [];
  };
  for (const operation of decodeOperations(payload)) {
    if (operation.type === "compact") {
      compacted = operation.revision;
      continue;
    }
    if (operation.type !== "put" && operation.type !== "delete") continue;
    if (operation.revision !== revision) finish();
    revision = operation.revision;
    const value = operation.type === "put" ? operation.value : undefined;
    changes.push({ key: operation.key, value, expires: operation.type === "put" ? operation.expires : 0 });
  }
  finish();
  return compacted;
}
