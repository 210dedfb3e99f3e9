/**
 * A disk in memory that notes every write and every sync, and can be had back as a power cut at any moment might have left
 * it: what was synced is there, what was not may be there, in part, or not.
 */
import type { AppendFile, FileLayer } from "./file-layer.ts";

type Step =
  | { readonly type: "write"; readonly file: number; readonly offset: number; readonly bytes: Buffer }
  | { readonly type: "truncate"; readonly file: number; readonly length: number }
  | { readonly type: "sync"; readonly file: number }
  | { readonly type: "name"; readonly name: string; readonly file: number | undefined }
  | { readonly type: "sync-names" }
  /** The store's user has been told something. */
  | { readonly type: "note"; readonly note: unknown };

/** What of the unsynced bytes has reached the disk. */
export type Tear = "none" | "all" | "first half" | "second half" | "last byte missing";
export const tears: readonly Tear[] = ["none", "all", "first half", "second half", "last byte missing"];

class RecordedFile implements AppendFile {
  readonly #layer: RecordingLayer;
  readonly #file: number;

  constructor(layer: RecordingLayer, file: number) {
    this.#layer = layer;
    this.#file = file;
  }

  async append(bytes: Uint8Array, offset: number): Promise<void> {
    // Two writes, as a system may split one.
    const at = Math.floor(bytes.length / 3);
    for (const [from, to] of [
      [0, at],
      [at, bytes.length],
    ] as const) {
      this.#layer.fail?.(offset + from);
      this.#layer.step({ type: "write", file: this.#file, offset: offset + from, bytes: Buffer.from(bytes.subarray(from, to)) });
      await new Promise<void>((done) => setImmediate(done));
    }
    this.#layer.step({ type: "sync", file: this.#file });
  }

  async truncate(length: number): Promise<void> {
    this.#layer.step({ type: "truncate", file: this.#file, length });
    await new Promise<void>((done) => setImmediate(done));
    this.#layer.step({ type: "sync", file: this.#file });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

interface State {
  readonly contents: Map<number, Buffer>;
  readonly names: Map<string, number>;
}

function write(content: Buffer, offset: number, bytes: Buffer): Buffer {
  const grown = Buffer.alloc(Math.max(content.length, offset + bytes.length));
  content.copy(grown);
  bytes.copy(grown, offset);
  return grown;
}

function applyStep(state: State, step: Step): void {
  if (step.type === "write")
    state.contents.set(step.file, write(state.contents.get(step.file) ?? Buffer.alloc(0), step.offset, step.bytes));
  else if (step.type === "truncate") {
    state.contents.set(step.file, Buffer.from((state.contents.get(step.file) ?? Buffer.alloc(0)).subarray(0, step.length)));
  } else if (step.type === "name") {
    if (step.file === undefined) state.names.delete(step.name);
    else state.names.set(step.name, step.file);
  }
}

/** The part of an unsynced write that a tear lets through. */
function torn(step: Extract<Step, { type: "write" }>, tear: Tear): Step | undefined {
  const middle = step.bytes.length >> 1;
  if (tear === "none") return undefined;
  if (tear === "all") return step;
  if (tear === "first half") return { ...step, bytes: step.bytes.subarray(0, middle) };
  if (tear === "last byte missing") return { ...step, bytes: step.bytes.subarray(0, -1) };
  return { ...step, offset: step.offset + middle, bytes: step.bytes.subarray(middle) };
}

export class RecordingLayer implements FileLayer {
  readonly steps: Step[] = [];
  /** Throws to make a write fail. */
  fail: ((offset: number) => void) | undefined;
  readonly #state: State;
  #files = 0;

  constructor(state: State = { contents: new Map(), names: new Map() }) {
    this.#state = state;
    this.#files = state.contents.size + state.names.size;
  }

  step(step: Step): void {
    this.steps.push(step);
    applyStep(this.#state, step);
  }

  note(note: unknown): void {
    this.steps.push({ type: "note", note });
  }

  /** The disk after the first `count` steps and a power cut, and what had been noted by then. */
  after(count: number, tear: Tear, namesSurvive: boolean): { layer: RecordingLayer; notes: unknown[] } {
    const durable: State = { contents: new Map(), names: new Map() };
    const pending = new Map<number, Step[]>();
    let names: Step[] = [];
    const notes: unknown[] = [];
    for (const step of this.steps.slice(0, count)) {
      if (step.type === "note") notes.push(step.note);
      else if (step.type === "name") names.push(step);
      else if (step.type === "sync-names") {
        for (const name of names) applyStep(durable, name);
        names = [];
      } else if (step.type === "sync") {
        for (const write of pending.get(step.file) ?? []) applyStep(durable, write);
        pending.delete(step.file);
      } else pending.set(step.file, [...(pending.get(step.file) ?? []), step]);
    }
    for (const writes of pending.values()) for (const write of writes) survive(durable, write, tear);
    if (namesSurvive) for (const name of names) applyStep(durable, name);
    return { layer: new RecordingLayer(durable), notes };
  }

  list(): string[] {
    return [...this.#state.names.keys()];
  }

  read(name: string): Buffer {
    const file = this.#state.names.get(name);
    if (file === undefined) throw new Error(`no file ${name}`);
    return this.#state.contents.get(file) ?? Buffer.alloc(0);
  }

  size(name: string): number {
    return this.read(name).length;
  }

  append(name: string): Promise<AppendFile> {
    let file = this.#state.names.get(name);
    if (file === undefined) {
      file = ++this.#files + 1000;
      this.step({ type: "name", name, file });
    }
    return Promise.resolve(new RecordedFile(this, file));
  }

  rename(from: string, to: string): Promise<void> {
    const file = this.#state.names.get(from);
    this.step({ type: "name", name: to, file });
    this.step({ type: "name", name: from, file: undefined });
    return Promise.resolve();
  }

  remove(name: string): void {
    if (this.#state.names.has(name)) this.step({ type: "name", name, file: undefined });
  }

  syncDirectory(): Promise<void> {
    this.step({ type: "sync-names" });
    return Promise.resolve();
  }
}

function survive(durable: State, step: Step, tear: Tear): void {
  const left = step.type === "write" ? torn(step, tear) : tear === "none" ? undefined : step;
  if (left !== undefined) applyStep(durable, left);
}
