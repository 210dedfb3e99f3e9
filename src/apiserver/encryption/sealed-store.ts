/** A store whose values are sealed: everything above it sees plain bytes, everything below it what a transformer made of them. */
import type { Clock } from "../../core/clock.ts";
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
import { StoreView } from "../../store/store-view.ts";
import type { EncryptionMetrics } from "./encryption-metrics.ts";
import { type Opened, type PrefixTransformer, TransformError } from "./transformer.ts";

export interface SealedStoreOptions {
  readonly store: Store;
  /** The one in force: it may change while the server runs. */
  readonly transformer: () => PrefixTransformer;
  /** The key under which the store below, or etcd, really keeps what is `key` here. */
  readonly storedKey: (key: string) => string;
  /** `secrets`, `deployments.apps`: for metrics. */
  readonly resource: string;
  readonly clock: Clock;
  readonly metrics: EncryptionMetrics;
}

export class SealedStore extends StoreView {
  readonly #options: SealedStoreOptions;
  /** By sealed bytes: the store below hands out the same ones again and again, and what is above knows values by identity. */
  readonly #opened = new WeakMap<Uint8Array, Opened>();

  constructor(options: SealedStoreOptions) {
    super(options.store, { currentSeal: () => options.transformer().current });
    this.#options = options;
  }

  override get readsLater(): boolean {
    return true;
  }

  /** The value opened; one that does not open comes with the reason. */
  #open(kv: KeyValue): KeyValue | Promise<KeyValue> {
    const known = this.#opened.get(kv.value);
    if (known !== undefined) return { ...kv, ...known };
    const { storedKey, metrics, resource, clock } = this.#options;
    const transformer = this.#options.transformer();
    const began = clock.monotonic();
    const prefix = transformer.prefixOf(kv.value);
    const label = prefix === undefined ? "unknown" : prefix === "" ? "identity" : prefix;
    const done = (opened: Opened): KeyValue => {
      metrics.transformed(resource, "from_storage", label, began);
      this.#opened.set(kv.value, opened);
      return { ...kv, ...opened };
    };
    const failed = (error: unknown): KeyValue => {
      if (!(error instanceof TransformError)) throw error;
      metrics.transformed(resource, "from_storage", label, began, error);
      return { ...kv, unreadable: error.message };
    };
    try {
      const opened = transformer.open(kv.value, storedKey(kv.key));
      return opened instanceof Promise ? opened.then(done, failed) : done(opened);
    } catch (error) {
      return failed(error);
    }
  }

  #seal(write: Write): Write {
    if (write.type === "delete") return write;
    const { storedKey, metrics, resource, clock } = this.#options;
    const transformer = this.#options.transformer();
    const began = clock.monotonic();
    const { prefix } = transformer.first;
    try {
      const seal = transformer.current;
      const value = transformer.seal(write.value, storedKey(write.key));
      metrics.transformed(resource, "to_storage", prefix, began);
      this.#opened.set(value, { value: write.value, seal });
      return { ...write, value };
    } catch (error) {
      if (error instanceof TransformError) metrics.transformed(resource, "to_storage", prefix, began, error);
      throw error;
    }
  }

  override async get(key: string): Promise<KeyValue | undefined> {
    const kv = await this.below.get(key);
    return kv === undefined ? undefined : this.#open(kv);
  }

  override async range(prefix: string, options?: RangeOptions): Promise<RangeResult> {
    const result = await this.below.range(prefix, options);
    const items: KeyValue[] = [];
    for (const kv of result.items) {
      const opened = this.#open(kv);
      items.push(opened instanceof Promise ? await opened : opened);
    }
    return { ...result, items };
  }

  /** Throws TransformError for what cannot be sealed: nothing is written then. */
  override async transact(writes: readonly Write[]): Promise<WriteResult> {
    const result = await this.below.transact(writes.map((write) => this.#seal(write)));
    if (result.ok || result.current === undefined) return result;
    return { ...result, current: await this.#open(result.current) };
  }

  override watch(prefix: string, fromRevision: number, watcher: StoreWatcher): StoreWatch {
    /** Set while a key is asked for: what comes meanwhile waits in line. */
    let line: Promise<void> | undefined;
    let open = true;
    const inLine = (work: () => Promise<void> | undefined): void => {
      const next: Promise<void> | undefined = line === undefined ? work() : line.then(() => (open ? work() : undefined));
      if (next === undefined) return;
      const mine = next.finally(() => {
        if (line === mine) line = undefined;
      });
      line = mine;
    };
    const watch = this.below.watch(prefix, fromRevision, {
      event: (event) => inLine(() => this.#tell(event, watcher, () => open)),
      progress: (revision) =>
        inLine(() => {
          watcher.progress?.(revision);
          return undefined;
        }),
      end: (error) =>
        inLine(() => {
          watcher.end(error);
          return undefined;
        }),
    });
    return {
      close: () => {
        open = false;
        watch.close();
      },
    };
  }

  /** Hands an event on; a promise where a key has to be asked for. */
  #tell(event: StoreEvent, watcher: StoreWatcher, open: () => boolean): Promise<void> | undefined {
    const current = event.current === undefined ? undefined : this.#open(event.current);
    const previous = event.previous === undefined ? undefined : this.#open(event.previous);
    if (!(current instanceof Promise) && !(previous instanceof Promise)) {
      watcher.event({ ...event, current, previous });
      return undefined;
    }
    return Promise.all([current, previous]).then(([now, before]) => {
      if (open()) watcher.event({ ...event, current: now, previous: before });
    });
  }
}
