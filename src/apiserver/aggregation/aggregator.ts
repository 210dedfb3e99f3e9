/**
 * Which group versions other servers answer for, and what those servers say of themselves: discovery and OpenAPI, asked for when a
 * version is added or changed, and every minute. Nothing here runs, and no request pays, while there are none.
 */
import { createHash } from "node:crypto";
import type { Clock, Timer } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { belowPrefix, type OpenApiV2 } from "./openapi-merge.ts";
import { type DiscoveryState, discoverRemote, type ResourceDiscovery } from "./remote-discovery.ts";
import { type RemoteVersion, versionKey } from "./remote-version.ts";

/** What is known of a remote version now. */
export interface AggregatedVersion {
  readonly remote: RemoteVersion;
  readonly resources: readonly ResourceDiscovery[];
  /** The server has been asked at all. */
  readonly asked: boolean;
  /** Stale: the server did not answer when it was asked last. */
  readonly freshness: "Current" | "Stale";
  /** The part of the server's OpenAPI v2 that is about the version. */
  readonly openApiV2: OpenApiV2 | undefined;
  /** Of {@link openApiV2}. */
  readonly openApiV2Hash: string;
  /** The server's OpenAPI v3 documents: name → `serverRelativeURL`. */
  readonly openApiV3: Readonly<Record<string, { readonly serverRelativeURL: string }>>;
}

interface Entry extends AggregatedVersion {
  remote: RemoteVersion;
  resources: readonly ResourceDiscovery[];
  asked: boolean;
  freshness: "Current" | "Stale";
  openApiV2: OpenApiV2 | undefined;
  openApiV2Hash: string;
  openApiV2Etag: string | undefined;
  openApiV3: Readonly<Record<string, { readonly serverRelativeURL: string }>>;
  failures: number;
  timer: Timer | undefined;
  /** Counts changes: what was asked for before one is not taken. */
  generation: number;
}

const refreshMs = 60_000;
const firstRetryMs = 500;

export interface AggregatorOptions {
  readonly clock: Clock;
  readonly log: Logger;
}

export class Aggregator {
  readonly #options: AggregatorOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #documents = new Map<string, DiscoveryState>();
  readonly #listeners = new Set<() => void>();
  #stopped = false;

  constructor(options: AggregatorOptions) {
    this.#options = options;
  }

  get versions(): readonly AggregatedVersion[] {
    return [...this.#entries.values()];
  }

  /** Called when something about {@link versions} is new. */
  onChange(run: () => void): void {
    this.#listeners.add(run);
  }

  /** Whose a path is: `/apis/GROUP/VERSION` and below, `/api/VERSION` for the core group. */
  find(path: string): RemoteVersion | undefined {
    if (this.#entries.size === 0) return undefined;
    const [, root, first = "", second] = path.split("/", 4);
    if (root === "apis" && second !== undefined) return this.#entries.get(`${first}/${second}`)?.remote;
    return root === "api" ? this.#entries.get(`/${first}`)?.remote : undefined;
  }

  /** Adds a version, or replaces what is known of it: its server is asked anew. */
  set(remote: RemoteVersion): void {
    const key = versionKey(remote);
    const known = this.#entries.get(key);
    this.#documents.delete(remote.server);
    if (known === undefined) {
      const nothing = {
        resources: [],
        freshness: "Stale",
        openApiV2: undefined,
        openApiV2Hash: "",
        openApiV2Etag: undefined,
        openApiV3: {},
      } as const;
      this.#entries.set(key, { remote, ...nothing, asked: false, failures: 0, timer: undefined, generation: 0 });
      this.#changed();
    } else {
      known.remote = remote;
      known.generation++;
      known.failures = 0;
    }
    this.#schedule(key, 0);
  }

  remove(group: string, version: string): void {
    const key = versionKey({ group, version });
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.timer?.cancel();
    entry.generation++;
    this.#entries.delete(key);
    if (![...this.#entries.values()].some((e) => e.remote.server === entry.remote.server)) this.#documents.delete(entry.remote.server);
    this.#changed();
  }

  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#entries.values()) timer?.cancel();
  }

  #changed(): void {
    for (const run of this.#listeners) run();
  }

  #schedule(key: string, ms: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#stopped) return;
    entry.timer?.cancel();
    entry.timer = this.#options.clock.setTimeout(() => void this.#refresh(key, entry), ms);
  }

  async #refresh(key: string, entry: Entry): Promise<void> {
    const { generation } = entry;
    const failed = await this.#discover(key, entry, generation);
    if (failed === undefined) await this.#describe(entry, generation);
    if (entry.generation !== generation || this.#stopped) return;
    if (failed === undefined) {
      entry.failures = 0;
      this.#schedule(key, refreshMs);
      return;
    }
    this.#options.log.debug("an aggregated server did not tell what it serves", { server: entry.remote.server, error: failed });
    this.#schedule(key, Math.min(firstRetryMs * 2 ** entry.failures++, refreshMs));
  }

  /** Answers what went wrong. */
  async #discover(key: string, entry: Entry, generation: number): Promise<Error | undefined> {
    const before = JSON.stringify([entry.asked, entry.freshness, entry.resources]);
    let failed: Error | undefined;
    try {
      const { server } = entry.remote;
      const state = await discoverRemote(entry.remote, this.#documents.get(server));
      if (entry.generation !== generation) return undefined;
      if (!state.legacy) this.#documents.set(server, state);
      entry.resources = state.resources.get(key) ?? [];
      entry.freshness = "Current";
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (entry.generation !== generation) return error;
      failed = error;
      entry.resources = [];
      entry.freshness = "Stale";
    }
    entry.asked = true;
    if (JSON.stringify([true, entry.freshness, entry.resources]) !== before) this.#changed();
    return failed;
  }

  /** OpenAPI: a server without it is served all the same. */
  async #describe(entry: Entry, generation: number): Promise<void> {
    const before = JSON.stringify([entry.openApiV2Hash, entry.openApiV3]);
    try {
      const v3 = await entry.remote.fetch("/openapi/v3", { accept: "application/json" });
      if (v3.status === 200 && entry.generation === generation) {
        entry.openApiV3 = (JSON.parse(v3.body.toString("utf8")) as { paths?: Entry["openApiV3"] }).paths ?? {};
      }
      const etag = entry.openApiV2Etag;
      const v2 = await entry.remote.fetch("/openapi/v2", {
        accept: "application/json",
        ...(etag === undefined ? {} : { "if-none-match": etag }),
      });
      if (v2.status === 200 && entry.generation === generation) {
        const { group, version } = entry.remote;
        entry.openApiV2 = belowPrefix(JSON.parse(v2.body.toString("utf8")) as OpenApiV2, `/apis/${group}/${version}/`);
        entry.openApiV2Etag = v2.headers["etag"];
        entry.openApiV2Hash = createHash("sha256").update(JSON.stringify(entry.openApiV2)).digest("hex");
      }
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#options.log.debug("an aggregated server did not describe itself", { server: entry.remote.server, error });
    }
    if (entry.generation === generation && JSON.stringify([entry.openApiV2Hash, entry.openApiV3]) !== before) this.#changed();
  }
}
