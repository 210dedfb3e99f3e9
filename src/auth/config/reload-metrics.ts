/** What is counted of configuration files that are read again, under upstream's names. */
import { createHash } from "node:crypto";
import type { Counter, Gauge, MetricsRegistry } from "../../core/metrics.ts";

function hashed(text: string): string {
  return text === "" ? "" : `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

export class ReloadMetrics {
  readonly #total: Counter;
  readonly #last: Gauge;
  readonly #info: Gauge;
  readonly #server: string;
  #hash: string | undefined;

  /** `what`: whose configuration, as in the metric's name and help. `serverId`: this API server's name among others. */
  constructor(registry: MetricsRegistry, what: "authentication" | "authorization", serverId: string) {
    const prefix = `apiserver_${what}_config_controller`;
    const labels = ["status", "apiserver_id_hash"];
    this.#server = hashed(serverId);
    this.#total = registry.counter(
      `${prefix}_automatic_reloads_total`,
      `Total number of automatic reloads of ${what} configuration split by status and apiserver identity.`,
      labels,
    );
    this.#last = registry.gauge(
      `${prefix}_automatic_reload_last_timestamp_seconds`,
      `Timestamp of the last automatic reload of ${what} configuration split by status and apiserver identity.`,
      labels,
    );
    this.#info = registry.gauge(
      `${prefix}_last_config_info`,
      `Information about the last applied ${what} configuration with hash as label, split by apiserver identity.`,
      ["apiserver_id_hash", "hash"],
    );
  }

  /** The text that is in force. */
  applied(text: string): void {
    if (this.#hash !== undefined) this.#info.delete({ apiserver_id_hash: this.#server, hash: this.#hash });
    this.#hash = hashed(text);
    this.#info.set(1, { apiserver_id_hash: this.#server, hash: this.#hash });
  }

  /** `now`: seconds since the epoch. */
  reloaded(status: "success" | "failure", now: number): void {
    const labels = { status, apiserver_id_hash: this.#server };
    this.#total.inc(labels);
    this.#last.set(now, labels);
  }
}
