/** Where a watch's events go. */
import type { FailureStatus } from "../../core/api-error.ts";
import { deepFreeze, type KubeObject } from "../../schema/object.ts";
import type { Change } from "../encoding/frames.ts";
import { asPartialObjectMetadata } from "../encoding/transformations.ts";
import type { ResponseSink, WatchObserver } from "../request.ts";
import type { Served } from "../served.ts";
import { bookmarkObject, type WatchEncoder } from "./watch-encoder.ts";
import type { WatchGroup } from "./watch-hub.ts";
import type { WatchOutput } from "./watcher.ts";

/** Bytes that may wait for a peer before it counts as slow. */
const highWater = 4 * 1024 * 1024;

/** Encodes onto a connection. */
export class WireOutput implements WatchOutput {
  readonly groupKey: string | undefined;
  readonly #encoder: WatchEncoder;
  readonly #sink: ResponseSink;
  readonly #sent: (events: number, bytes: number) => void;
  #cut = false;

  constructor(encoder: WatchEncoder, sink: ResponseSink, sent: (events: number, bytes: number) => void) {
    this.#encoder = encoder;
    this.#sink = sink;
    this.#sent = sent;
    this.groupKey = encoder.key === undefined ? undefined : `${encoder.served.apiVersion} ${encoder.key}`;
  }

  changes(changes: readonly Change[], group: WatchGroup | undefined): void {
    const encoder = this.#encoder;
    const bytes =
      group === undefined || encoder.key === undefined ? encoder.changes(changes) : group.shared(changes, () => encoder.changes(changes));
    this.#sink.write(bytes);
    this.#sent(changes.length, bytes.length);
  }

  bookmark(revision: number, endsInitialEvents: boolean, group: WatchGroup | undefined): void {
    const encoder = this.#encoder;
    const bytes =
      group === undefined || encoder.key === undefined
        ? encoder.bookmark(revision, endsInitialEvents)
        : group.shared(group, () => encoder.bookmark(revision, endsInitialEvents));
    this.#sink.write(bytes);
    this.#sent(1, bytes.length);
  }

  error(status: FailureStatus): void {
    this.#sink.write(this.#encoder.error(status));
  }

  end(): void {
    if (!this.#cut && !this.#sink.signal.aborted) this.#sink.end();
  }

  cut(): void {
    this.#cut = true;
    this.#sink.destroy();
  }

  get full(): boolean {
    return this.#sink.buffered > highWater;
  }

  onDrain(run: () => void): void {
    this.#sink.onDrain(run);
  }
}

/** Hands frozen objects to someone in this process. */
export class LocalOutput implements WatchOutput {
  readonly groupKey: string;
  readonly full = false;
  readonly #served: Served;
  readonly #metadataOnly: boolean;
  readonly #observer: WatchObserver;

  constructor(served: Served, metadataOnly: boolean, observer: WatchObserver) {
    this.#served = served;
    this.#metadataOnly = metadataOnly;
    this.#observer = observer;
    this.groupKey = `${served.apiVersion} objects`;
  }

  changes(changes: readonly Change[]): void {
    for (const { type, entry } of changes) {
      const object = entry.servedObject(this.#served);
      this.#observer.event(type, this.#metadataOnly ? Object.freeze(asPartialObjectMetadata(object, "v1")) : object);
    }
  }

  bookmark(revision: number, endsInitialEvents: boolean): void {
    this.#observer.event("BOOKMARK", deepFreeze(bookmarkObject(this.#served, revision, endsInitialEvents)));
  }

  error(status: FailureStatus): void {
    this.#observer.event("ERROR", deepFreeze(status as unknown as KubeObject));
  }

  end(): void {
    this.#observer.end();
  }

  cut(): void {
    this.#observer.end();
  }

  onDrain(run: () => void): void {
    run();
  }
}
