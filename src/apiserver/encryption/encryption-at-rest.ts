/** Encryption at rest as a server has it: a configuration in force, which may be replaced while the server runs. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Clock, Timer } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { MetricsRegistry } from "../../core/metrics.ts";
import type { Store } from "../../store/store.ts";
import { buildTransformers, type ResourceTransformers } from "./build-transformers.ts";
import { EncryptionConfigurationError, parseEncryptionConfiguration } from "./encryption-configuration.ts";
import { EncryptionMetrics } from "./encryption-metrics.ts";
import { identity } from "./identity.ts";
import { SealedStore } from "./sealed-store.ts";
import { PrefixTransformer } from "./transformer.ts";

export interface EncryptionOptions {
  /** The configuration's text, and where it is read from. */
  readonly text: string;
  readonly path: string;
  /** Read the file again every minute. */
  readonly reload: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  /** The API server's own name: metrics tell its hash. */
  readonly server: string;
  /** The key under which etcd really keeps what is `key` here: it is bound into what is encrypted. The same when absent. */
  readonly storedKey?: ((key: string) => string) | undefined;
}

const rereadEvery = 60_000;

/** For resources of which a configuration says nothing. */
const plain = new PrefixTransformer("identity transformer tried to read encrypted data", [{ prefix: "", transformer: identity }]);

export class EncryptionAtRest {
  readonly #options: EncryptionOptions;
  readonly #metrics: EncryptionMetrics;
  #transformers: ResourceTransformers;
  #hash: string;
  #timer: Timer | undefined;
  #closed = false;

  private constructor(options: EncryptionOptions) {
    this.#options = options;
    this.#metrics = new EncryptionMetrics(options.metrics, options.clock, options.server);
    this.#transformers = this.#build(options.text);
    this.#hash = hashOf(options.text);
    this.#metrics.configured(this.#hash);
  }

  /** Throws EncryptionConfigurationError. */
  static async open(options: EncryptionOptions): Promise<EncryptionAtRest> {
    const encryption = new EncryptionAtRest(options);
    await encryption.#transformers.start();
    if (options.reload) {
      encryption.#timer = options.clock.setInterval(() => void encryption.reread(), rereadEvery);
    }
    return encryption;
  }

  #build(text: string): ResourceTransformers {
    const { path, reload, clock, log } = this.#options;
    return buildTransformers(parseEncryptionConfiguration(text, path, reload), { clock, log, metrics: this.#metrics });
  }

  /** The store as a resource is to see it. The same where neither this configuration nor a later one has anything to say of it. */
  storeFor(store: Store, group: string, resource: string): Store {
    if (!this.#options.reload && this.#transformers.of(group, resource) === undefined) return store;
    return new SealedStore({
      store,
      transformer: () => this.#transformers.of(group, resource) ?? plain,
      storedKey: this.#options.storedKey ?? ((key) => key),
      resource: group === "" ? resource : `${resource}.${group}`,
      clock: this.#options.clock,
      metrics: this.#metrics,
    });
  }

  /** There is a check of KMS providers to be shown. */
  get hasHealthCheck(): boolean {
    return this.#options.reload || this.#transformers.probes.length > 0;
  }

  /** What is wrong with KMS providers, as it was found last; undefined: nothing. */
  fault(): string | undefined {
    return this.#transformers.lastFault();
  }

  /** Reads the file again and takes what it says when that is new and works. Never rejects: the old configuration stays then. */
  async reread(): Promise<void> {
    const { path, log, clock } = this.#options;
    let made: ResourceTransformers | undefined;
    try {
      const text = await readFile(path, "utf8");
      const hash = hashOf(text);
      if (hash === this.#hash || this.#closed) return;
      made = this.#build(text);
      await made.start();
      const fault = await made.check();
      if (fault !== undefined) throw new EncryptionConfigurationError(fault);
      const old = this.#transformers;
      this.#transformers = made;
      this.#hash = hash;
      clock.setTimeout(() => old.close(), old.grace);
      this.#metrics.configured(hash);
      this.#metrics.reloaded("success");
      log.info("the encryption configuration was read again", { path });
    } catch (error) {
      made?.close();
      this.#metrics.reloaded("failure");
      log.error(`error processing encryption config file ${path}: the one before stays in force`, { error });
    }
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#transformers.close();
  }
}

function hashOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}
