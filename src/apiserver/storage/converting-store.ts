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
  StoreWatch,
  StoreWatcher,
  Write,
  WriteResult,
} from "../../store/store.ts";
import { StoreError } from "../../store/store.ts";
import { StoreView } from "../../store/store-view.ts";
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

export class ConvertingStore extends StoreView {
  readonly #converter: ObjectConverter;
  readonly #shown: string;
  readonly #stored: string;

  constructor({ store, converter, shown, stored }: ConvertingStoreOptions) {
    // Events are on their way through the conversion: whoever wants the newest waits for them, as with a remote store.
    super(store, { newestRevision: async () => (await store.newestRevision?.()) ?? store.revision });
    this.#converter = converter;
    this.#shown = shown;
    this.#stored = stored;
  }

  override async get(key: string): Promise<KeyValue | undefined> {
    const found = await this.below.get(key);
    return found === undefined ? undefined : (await this.#read([found]))[0];
  }

  override async range(prefix: string, options?: RangeOptions): Promise<RangeResult> {
    const result = await this.below.range(prefix, options);
    return { ...result, items: await this.#read(result.items) };
  }

  override async transact(writes: readonly Write[]): Promise<WriteResult> {
    const converted = await Promise.all(
      writes.map(async (write) => (write.type === "put" ? { ...write, value: await this.#write(write.value) } : write)),
    );
    return this.below.transact(converted);
  }

  override watch(prefix: string, fromRevision: number, watcher: StoreWatcher): StoreWatch {
    const queue = new EventQueue(
      watcher,
      (values) => this.#read(values),
      () => watch?.close(),
    );
    const watch: StoreWatch | undefined = this.below.watch(prefix, fromRevision, queue);
    if (queue.over) watch.close();
    return {
      close: () => {
        queue.over = true;
        watch.close();
      },
    };
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
