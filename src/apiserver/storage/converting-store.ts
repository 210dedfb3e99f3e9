/**
 * A store seen at one version of a kind whose versions only somebody else can convert: what is read is converted, in bulk and in
 * order, what is written is converted back. Everything above it works as if objects were stored at that version; a cache over it
 * holds each object converted once.
 */
import type {
  KeyValue,
  RangeOptions,
  RangeResult,
  Store,
  StoreEvent,
  StoreStats,
  StoreWatch,
  StoreWatcher,
  Write,
  WriteResult,
} from "../../store/store.ts";
import { StoreError } from "../../store/store.ts";
import type { UnstructuredObject } from "../../schema/object.ts";
import type { ObjectConverter } from "../resource.ts";
import { decodeStored } from "./decode-stored.ts";
import { encodeStored } from "./entry.ts";

export interface ConvertingStoreOptions {
  readonly store: Store;
  readonly converter: ObjectConverter;
  /** apiVersion at which objects are read here. */
  readonly shown: string;
  /** apiVersion at which they are stored. */
  readonly stored: string;
}

export class ConvertingStore implements Store {
  readonly #store: Store;
  readonly #converter: ObjectConverter;
  readonly #shown: string;
  readonly #stored: string;

  constructor({ store, converter, shown, stored }: ConvertingStoreOptions) {
    this.#store = store;
    this.#converter = converter;
    this.#shown = shown;
    this.#stored = stored;
  }

  get revision(): number {
    return this.#store.revision;
  }

  get compactedRevision(): number {
    return this.#store.compactedRevision;
  }

  /** Events are on their way through the conversion: whoever wants the newest waits for them, as with a remote store. */
  async newestRevision(): Promise<number> {
    return (await this.#store.newestRevision?.()) ?? this.#store.revision;
  }

  async get(key: string): Promise<KeyValue | undefined> {
    const found = await this.#store.get(key);
    return found === undefined ? undefined : (await this.#read([found]))[0];
  }

  async range(prefix: string, options?: RangeOptions): Promise<RangeResult> {
    const result = await this.#store.range(prefix, options);
    return { ...result, items: await this.#read(result.items) };
  }

  async transact(writes: readonly Write[]): Promise<WriteResult> {
    const converted = await Promise.all(
      writes.map(async (write) => (write.type === "put" ? { ...write, value: await this.#write(write.value) } : write)),
    );
    return this.#store.transact(converted);
  }

  watch(prefix: string, fromRevision: number, watcher: StoreWatcher): StoreWatch {
    const queue = new EventQueue(
      watcher,
      (values) => this.#read(values),
      () => watch?.close(),
    );
    const watch: StoreWatch | undefined = this.#store.watch(prefix, fromRevision, queue);
    if (queue.over) watch.close();
    return {
      close: () => {
        queue.over = true;
        watch.close();
      },
    };
  }

  compact(revision: number): Promise<void> {
    return this.#store.compact(revision);
  }

  snapshot(): AsyncIterable<Uint8Array> {
    return this.#store.snapshot();
  }

  stats(): StoreStats {
    return this.#store.stats();
  }

  /** The store beneath belongs to somebody else. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  async #read(values: readonly KeyValue[]): Promise<KeyValue[]> {
    const objects = values.map(({ value }) => this.#complete(decodeStored(value)));
    const converted = await this.#converter.convert(objects, this.#shown);
    return values.map((kv, i) => ({ ...kv, value: encodeStored(converted[i] as UnstructuredObject) }));
  }

  #complete(object: UnstructuredObject): UnstructuredObject {
    this.#converter.complete(object);
    return object;
  }

  async #write(value: Uint8Array): Promise<Uint8Array> {
    if (this.#shown === this.#stored) return value;
    const [converted] = await this.#converter.convert([decodeStored(value)], this.#stored);
    return encodeStored(converted as UnstructuredObject);
  }
}

/** Events in their order, each batch converted in one go while the next one gathers. */
class EventQueue implements StoreWatcher {
  over = false;
  readonly #watcher: StoreWatcher;
  readonly #read: (values: readonly KeyValue[]) => Promise<KeyValue[]>;
  readonly #stop: () => void;
  #waiting: (StoreEvent | number)[] = [];
  #working = false;

  constructor(watcher: StoreWatcher, read: (values: readonly KeyValue[]) => Promise<KeyValue[]>, stop: () => void) {
    this.#watcher = watcher;
    this.#read = read;
    this.#stop = stop;
  }

  event(event: StoreEvent): void {
    this.#waiting.push(event);
    this.#start();
  }

  progress(revision: number): void {
    if (!this.#working && this.#waiting.length === 0) {
      if (!this.over) this.#watcher.progress?.(revision);
      return;
    }
    this.#waiting.push(revision);
  }

  end(error: StoreError | undefined): void {
    if (this.over) return;
    this.over = true;
    this.#watcher.end(error);
  }

  #start(): void {
    if (this.#working || this.over) return;
    this.#working = true;
    this.#work().then(
      () => (this.#working = false),
      (error: unknown) => {
        // Whoever reads next has everything read again, and is told what is wrong.
        this.#stop();
        this.end(new StoreError("remote", (error as Error).message, { cause: error }));
      },
    );
  }

  async #work(): Promise<void> {
    // A commit's events come one by one on this turn.
    await Promise.resolve();
    while (this.#waiting.length > 0 && !this.over) {
      const batch = this.#waiting.splice(0);
      const values = batch.flatMap((item) => (typeof item === "number" || item.current === undefined ? [] : [item.current]));
      const converted = (values.length === 0 ? [] : await this.#read(values)).values();
      if (this.over) return;
      for (const item of batch) {
        if (typeof item === "number") this.#watcher.progress?.(item);
        else this.#watcher.event(item.current === undefined ? item : { ...item, current: converted.next().value, previous: undefined });
      }
    }
  }
}
