/**
 * Keeps one KMS provider fit for writing: asks its status, and when it names another key, has a new seed encrypted by that one. While it
 * fails, the seed at hand serves three minutes more; reading needs none of this.
 */
import { randomBytes } from "node:crypto";
import type { Clock, Timer } from "../../../core/clock.ts";
import type { Logger } from "../../../core/log.ts";
import { type EncryptionMetrics, hashOf } from "../encryption-metrics.ts";
import { type Transformer, TransformError } from "../transformer.ts";
import { checkEncryptedSource, type EncryptedSource, keyIdFault } from "./encrypted-object.ts";
import { hkdfGcm, seedSize } from "./hkdf-gcm.ts";
import type { KmsService, KmsStatus } from "./kms-service.ts";

/** By what is written now. */
export interface WriteState {
  readonly transformer: Transformer;
  readonly source: EncryptedSource;
  /** Milliseconds since the epoch after which nothing may be written any more. */
  expires: number;
}

export interface KmsProbeOptions {
  readonly name: string;
  readonly service: KmsService;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: EncryptionMetrics;
}

const whenWell = 60_000;
const whenIll = 10_000;
const writeFor = 180_000;
/** How long what was found is not asked for again. */
const wellFor = 20_000;
const illFor = 3000;

const rfc3339 = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

export class KmsProbe {
  readonly #options: KmsProbeOptions;
  #state: WriteState | undefined;
  #version = "";
  #fault: string | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<string | undefined> | undefined;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: KmsProbeOptions) {
    this.#options = options;
  }

  /** Asks once, and from then on by itself. Resolves also when the provider is ill: it may come up later. */
  async start(): Promise<void> {
    const fault = await this.check();
    if (fault !== undefined) this.#options.log.warn("a KMS provider is not well", { name: this.#options.name, fault });
    this.#arm(fault === undefined ? whenWell : whenIll);
  }

  #arm(delay: number): void {
    if (this.#closed) return;
    this.#timer = this.#options.clock.setTimeout(() => {
      void this.check().then((fault) => this.#arm(fault === undefined ? whenWell : whenIll));
    }, delay);
  }

  /** What is wrong with the provider; undefined: nothing. An answer is good for a while. */
  check(): Promise<string | undefined> {
    const age = this.#options.clock.monotonic() - this.#askedAt;
    if (age < (this.#fault === undefined ? wellFor : illFor)) return Promise.resolve(this.#fault);
    return (this.#asking ??= this.#ask().finally(() => (this.#asking = undefined)));
  }

  /** What was found last; asks again in the background when that is old. */
  lastFault(): string | undefined {
    void this.check();
    return this.#fault;
  }

  async #ask(): Promise<string | undefined> {
    const { name, service, clock } = this.#options;
    try {
      this.#fault = await this.#judge(await service.status());
    } catch (error) {
      if (!(error instanceof TransformError)) throw error;
      this.#fault = `failed to perform status section of the healthz check for KMS Provider ${name}, error: ${error.message}`;
    }
    this.#askedAt = clock.monotonic();
    return this.#fault;
  }

  async #judge({ healthz, version, keyId }: KmsStatus): Promise<string | undefined> {
    const { name, metrics } = this.#options;
    const faults: string[] = [];
    if (healthz !== "ok") faults.push(`got unexpected healthz status: ${healthz}`);
    if (version !== "v2" && version !== "v2beta1") faults.push(`expected KMSv2 API version v2, got ${version}`);
    else {
      this.#version ||= version;
      if (this.#version !== version) {
        const first = `KMSv2 API version should not change after the initial status response version ${this.#version}`;
        faults.push(`${first}, got ${version}`);
      }
    }
    const fault = keyIdFault(keyId);
    if (fault !== undefined) {
      metrics.invalidKeyIds.inc({ provider_name: name, error: fault.code });
      faults.push(`got invalid KMSv2 KeyID hash ${JSON.stringify(hashOf(keyId))}: ${fault.message}`);
    } else {
      metrics.keySeen(name, keyId);
      const rotation = await this.#rotate(keyId);
      if (rotation !== undefined) faults.push(rotation);
    }
    if (faults.length === 0) return undefined;
    const all = faults.length === 1 ? (faults[0] as string) : `[${faults.join(", ")}]`;
    return `kmsv2 Provider ${name} is not healthy, error: ${all}`;
  }

  /** A new seed where the key is a new one. What went wrong; undefined: nothing. */
  async #rotate(keyId: string): Promise<string | undefined> {
    const { service, clock, metrics } = this.#options;
    const state = this.#state;
    // From before the calls: this is the longest that a key may be used after it was changed.
    const expires = clock.now() + writeFor;
    if (state?.source.keyId === keyId) {
      state.expires = expires;
      return undefined;
    }
    const began = clock.monotonic();
    const seed = randomBytes(seedSize);
    metrics.keyGenerations.observe((clock.monotonic() - began) / 1000);
    let found = "";
    let why = "<nil>";
    try {
      const source = await service.encrypt(seed);
      found = source.keyId;
      checkEncryptedSource(source);
      if (source.keyId === keyId) {
        this.#state = { transformer: hkdfGcm(seed), source, expires };
        return undefined;
      }
    } catch (error) {
      if (!(error instanceof TransformError)) throw error;
      why = `failed to encrypt DEK, error: ${error.message}`;
    }
    const parts = [
      `errState=${state === undefined ? "got unexpected nil transformer" : "<nil>"}`,
      `errGen=${why}`,
      `statusKeyIDHash=${JSON.stringify(hashOf(keyId))}`,
      `encryptKeyIDHash=${JSON.stringify(hashOf(found))}`,
      `stateKeyIDHash=${JSON.stringify(hashOf(state?.source.keyId ?? ""))}`,
      `expirationTimestamp=${state === undefined ? "0001-01-01T00:00:00Z" : rfc3339(state.expires)}`,
    ];
    return `failed to rotate DEK useSeed=true, ${parts.join(", ")}`;
  }

  /** By what was written last, for comparison. Throws TransformError before the provider was ever well. */
  get state(): WriteState {
    if (this.#state === undefined) throw new TransformError("got unexpected nil transformer");
    return this.#state;
  }

  /** By what to write. Throws TransformError when the provider has been ill for too long. */
  writeState(): WriteState {
    const { state } = this;
    const now = this.#options.clock.now();
    if (now <= state.expires) return state;
    throw new TransformError(
      `encryptedDEKSource with keyID hash ${JSON.stringify(hashOf(state.source.keyId))} expired at ${rfc3339(state.expires)} (current time is ${rfc3339(now)})`,
    );
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#options.service.close();
  }
}
