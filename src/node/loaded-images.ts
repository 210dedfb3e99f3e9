/** Brings the images of the machine's store into the node's runtime, at the start and whenever one is added or removed. */
import { watch, type FSWatcher } from "node:fs";
import { basename, dirname } from "node:path";
import type { Logger } from "../core/log.ts";
import type { CriClient } from "./cri/cri-client.ts";
import type { ImageStore } from "./images/image-store.ts";

export class LoadedImages {
  readonly #store: ImageStore;
  readonly #cri: CriClient;
  readonly #log: Logger;
  readonly #present = new Map<string, string>();
  #watcher: FSWatcher | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  constructor(store: ImageStore, cri: CriClient, log: Logger) {
    this.#store = store;
    this.#cri = cri;
    this.#log = log;
  }

  /**
   * Goes on in the background: a pod that wants one of these images before its turn has come pulls it from the same mirror.
   */
  start(): void {
    const file = basename(this.#store.namesFile);
    this.#watcher = watch(dirname(this.#store.namesFile), (_event, name) => {
      if (name === file) void this.sync();
    });
    void this.sync();
  }

  stop(): void {
    this.#stopped = true;
    this.#watcher?.close();
  }

  sync(): Promise<void> {
    this.#again = true;
    this.#running ??= this.#work().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #work(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      const wanted = new Map(this.#store.list().map((image) => [image.name, image.digest]));
      for (const name of this.#present.keys()) if (!wanted.has(name)) await this.#drop(name);
      for (const [name, digest] of wanted) if (!this.#stopped && this.#present.get(name) !== digest) await this.#pull(name, digest);
    }
  }

  async #pull(name: string, digest: string): Promise<void> {
    try {
      const known = await this.#cri.imageStatus({ image: name });
      if (known?.repoDigests.some((d) => d.endsWith(`@${digest}`)) !== true || !known.repoTags.includes(name))
        await this.#cri.pullImage({ image: name }, undefined, undefined);
      this.#present.set(name, digest);
    } catch (error) {
      if (!this.#stopped) this.#log.warn("a loaded image could not be brought into the runtime", { image: name, error });
    }
  }

  async #drop(name: string): Promise<void> {
    try {
      await this.#cri.removeImage({ image: name });
      this.#present.delete(name);
    } catch (error) {
      this.#log.warn("an image could not be removed from the runtime", { image: name, error });
    }
  }
}
