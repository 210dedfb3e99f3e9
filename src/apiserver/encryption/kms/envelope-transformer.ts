/**
 * Values encrypted under data keys that a KMS keeps secret: each value names its key's encrypted source; what the KMS has
 * decrypted once is remembered for a day.
 */
import type { Clock } from "../../../core/clock.ts";
import { openGcm } from "../aes.ts";
import type { EncryptionMetrics } from "../encryption-metrics.ts";
import { type Opened, type Transformer, TransformError } from "../transformer.ts";
import { decodeEncryptedObject, encodeEncryptedObject, type EncryptedObject, sourceKey, sourceType } from "./encrypted-object.ts";
import { hkdfGcm } from "./hkdf-gcm.ts";
import type { KmsProbe } from "./kms-probe.ts";
import type { KmsService } from "./kms-service.ts";

export interface EnvelopeOptions {
  readonly name: string;
  readonly service: KmsService;
  readonly probe: KmsProbe;
  readonly clock: Clock;
  readonly metrics: EncryptionMetrics;
}

interface Kept {
  readonly open: (data: Uint8Array, context: string) => Uint8Array;
  /** Monotonic ms. */
  readonly until: number;
}

const keptFor = 24 * 3_600_000;

export class EnvelopeTransformer implements Transformer {
  readonly #options: EnvelopeOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #asking = new Map<string, Promise<Kept>>();

  constructor(options: EnvelopeOptions) {
    this.#options = options;
  }

  get current(): string {
    try {
      return sealOf(this.#options.probe.state.source);
    } catch (error) {
      if (error instanceof TransformError) return "";
      throw error;
    }
  }

  seal(data: Uint8Array, context: string): Uint8Array {
    const { probe, metrics, name } = this.#options;
    const { transformer, source } = probe.writeState();
    // What is written here is read here: the KMS need not be asked for its key.
    this.#keep(sourceKey(source), (sealed, place) => (transformer.open(sealed, place) as Opened).value);
    const sealed = transformer.seal(data, context);
    metrics.keyUsed("to_storage", name, source.keyId);
    return encodeEncryptedObject({ ...source, data: sealed });
  }

  open(data: Uint8Array, context: string): Opened | Promise<Opened> {
    const object = decodeEncryptedObject(data);
    // Without a key of its own this server cannot say what is stale: it waits until it has one.
    void this.#options.probe.state;
    const key = sourceKey(object);
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.until > this.#options.clock.monotonic()) return this.#opened(object, kept, context);
    return this.#ask(key, object).then((found) => this.#opened(object, found, context));
  }

  #opened(object: EncryptedObject, kept: Kept, context: string): Opened {
    this.#options.metrics.keyUsed("from_storage", this.#options.name, object.keyId);
    return { value: kept.open(object.data, context), seal: sealOf(object) };
  }

  /** Whoever wants the same key waits for the same answer. */
  #ask(key: string, object: EncryptedObject): Promise<Kept> {
    const known = this.#asking.get(key);
    if (known !== undefined) return known;
    this.#options.metrics.cacheMisses.inc();
    const asking = this.#decrypt(key, object).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  async #decrypt(key: string, object: EncryptedObject): Promise<Kept> {
    let plain: Buffer;
    try {
      plain = await this.#options.service.decrypt(object);
    } catch (error) {
      if (!(error instanceof TransformError)) throw error;
      throw new TransformError(`failed to decrypt DEK, error: ${error.message}`, { cause: error });
    }
    if (object.type === sourceType.seed) {
      const derived = hkdfGcm(plain);
      return this.#keep(key, (data, context) => (derived.open(data, context) as Opened).value);
    }
    if (![16, 24, 32].includes(plain.length)) throw new TransformError(`crypto/aes: invalid key size ${plain.length}`);
    return this.#keep(key, (data, context) => openGcm(plain, data, context));
  }

  #keep(key: string, open: Kept["open"]): Kept {
    const now = this.#options.clock.monotonic();
    const known = this.#kept.get(key);
    if (known !== undefined && known.until - now > keptFor / 2) return known;
    for (const [other, { until }] of this.#kept) if (until <= now) this.#kept.delete(other);
    const kept = { open, until: now + keptFor };
    this.#kept.set(key, kept);
    this.#options.metrics.cachedSources.set(this.#kept.size, { provider_name: this.#options.name });
    return kept;
  }
}

const sealOf = ({ keyId, type }: { readonly keyId: string; readonly type: number }): string => `${type} ${keyId}`;
