/** What is counted of encryption at rest, under upstream's names. */
import { createHash } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import type { Counter, Gauge, Histogram, MetricsRegistry } from "../../core/metrics.ts";

const doubling = (start: number, count: number): number[] => Array.from({ length: count }, (_, i) => start * 2 ** i);

export type Direction = "from_storage" | "to_storage";

export function hashOf(text: string): string {
  return text === "" ? "" : `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

export class EncryptionMetrics {
  readonly #clock: Clock;
  readonly #server: string;
  readonly #operations: Counter;
  readonly #durations: Histogram;
  readonly cacheMisses: Counter;
  readonly keyGenerations: Histogram;
  readonly keyGenerationFailures: Counter;
  readonly #kmsLatency: Histogram;
  readonly #keyIds: Counter;
  readonly #keyIdTimes: Gauge;
  readonly #statusTimes: Gauge;
  readonly invalidKeyIds: Counter;
  readonly cachedSources: Gauge;
  readonly #reloads: Counter;
  readonly #reloadTimes: Gauge;
  readonly #configInfo: Gauge;

  /** `server`: the API server's own name, told as a hash. */
  constructor(registry: MetricsRegistry, clock: Clock, server: string) {
    this.#clock = clock;
    this.#server = hashOf(server);
    const storage = (name: string): string => `apiserver_storage_${name}`;
    const envelope = (name: string): string => `apiserver_envelope_encryption_${name}`;
    const controller = (name: string): string => `apiserver_encryption_config_controller_${name}`;
    this.#operations = registry.counter(
      storage("transformation_operations_total"),
      "Total number of transformations by resource, direction, prefix and status: 'OK', or what failed.",
      ["resource", "transformation_type", "transformer_prefix", "status"],
    );
    this.#durations = registry.histogram(
      storage("transformation_duration_seconds"),
      "Latencies in seconds of value transformation operations.",
      ["transformation_type", "transformer_prefix"],
      doubling(5e-6, 25),
    );
    this.cacheMisses = registry.counter(
      storage("envelope_transformation_cache_misses_total"),
      "Total number of cache misses while accessing key decryption key(KEK).",
    );
    this.keyGenerations = registry.histogram(
      storage("data_key_generation_duration_seconds"),
      "Latencies in seconds of data encryption key(DEK) generation operations.",
      [],
      doubling(5e-6, 14),
    );
    this.keyGenerationFailures = registry.counter(
      storage("data_key_generation_failures_total"),
      "Total number of failed data encryption key(DEK) generation operations.",
    );
    this.#kmsLatency = registry.histogram(
      envelope("kms_operations_latency_seconds"),
      "KMS operation duration with gRPC error code status total.",
      ["provider_name", "method_name", "grpc_status_code"],
      doubling(0.0001, 20),
    );
    const keyLabels = ["transformation_type", "provider_name", "key_id_hash", "apiserver_id_hash"];
    this.#keyIds = registry.counter(envelope("key_id_hash_total"), "Number of times a keyID is used.", keyLabels);
    this.#keyIdTimes = registry.gauge(
      envelope("key_id_hash_last_timestamp_seconds"),
      "The last time in seconds when a keyID was used.",
      keyLabels,
    );
    this.#statusTimes = registry.gauge(
      envelope("key_id_hash_status_last_timestamp_seconds"),
      "The last time in seconds when a keyID was returned by the Status RPC call.",
      ["provider_name", "key_id_hash", "apiserver_id_hash"],
    );
    this.invalidKeyIds = registry.counter(
      envelope("invalid_key_id_from_status_total"),
      "Number of times an invalid keyID is returned by the Status RPC call split by error.",
      ["provider_name", "error"],
    );
    this.cachedSources = registry.gauge(envelope("dek_source_cache_size"), "Number of records in data encryption key (DEK) source cache.", [
      "provider_name",
    ]);
    this.#reloads = registry.counter(
      controller("automatic_reloads_total"),
      "Total number of reload successes and failures of encryption configuration split by apiserver identity.",
      ["status", "apiserver_id_hash"],
    );
    this.#reloadTimes = registry.gauge(
      controller("automatic_reload_last_timestamp_seconds"),
      "Timestamp of the last successful or failed automatic reload of encryption configuration split by apiserver identity.",
      ["status", "apiserver_id_hash"],
    );
    this.#configInfo = registry.gauge(
      controller("last_config_info"),
      "Information about the last applied encryption configuration with hash as label, split by apiserver identity.",
      ["apiserver_id_hash", "hash"],
    );
  }

  /** `began`: monotonic ms. */
  transformed(resource: string, direction: Direction, prefix: string, began: number, error?: unknown): void {
    this.#operations.inc({
      resource,
      transformation_type: direction,
      transformer_prefix: prefix,
      status: error === undefined ? "OK" : "unknown-non-grpc",
    });
    if (error !== undefined) return;
    this.#durations.observe((this.#clock.monotonic() - began) / 1000, { transformation_type: direction, transformer_prefix: prefix });
  }

  kmsCalled(provider: string, method: string, began: number, code: string): void {
    const labels = { provider_name: provider, method_name: `/v2.KeyManagementService/${method}`, grpc_status_code: code };
    this.#kmsLatency.observe((this.#clock.monotonic() - began) / 1000, labels);
  }

  keyUsed(direction: Direction, provider: string, keyId: string): void {
    const labels = {
      transformation_type: direction,
      provider_name: provider,
      key_id_hash: hashOf(keyId),
      apiserver_id_hash: this.#server,
    };
    this.#keyIds.inc(labels);
    this.#keyIdTimes.set(this.#clock.now() / 1000, labels);
  }

  keySeen(provider: string, keyId: string): void {
    const labels = { provider_name: provider, key_id_hash: hashOf(keyId), apiserver_id_hash: this.#server };
    this.#statusTimes.set(this.#clock.now() / 1000, labels);
  }

  /** `hash`: of the configuration that is in force. */
  configured(hash: string): void {
    this.#configInfo.clear();
    this.#configInfo.set(1, { apiserver_id_hash: this.#server, hash });
  }

  reloaded(status: "success" | "failure"): void {
    const labels = { status, apiserver_id_hash: this.#server };
    this.#reloads.inc(labels);
    this.#reloadTimes.set(this.#clock.now() / 1000, labels);
  }
}
