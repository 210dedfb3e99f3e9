/** What the parts of one server share. */
import type { Timer } from "../core/clock.ts";
import type { UnstructuredObject } from "../schema/object.ts";
import { apiVersionOf } from "../schema/resource-ref.ts";
import type { Store } from "../store/store.ts";
import type { ApiRequest, ApiResponse } from "./request.ts";
import { AdmissionMetrics } from "./admission/metrics.ts";
import { AccessMetrics } from "./pipeline/access-metrics.ts";
import { Deadlines } from "./pipeline/deadlines.ts";
import { Slots } from "./pipeline/slots.ts";
import { Traffic } from "./pipeline/traffic.ts";
import { type Measurements, type ResourceMeasurement, ServerMetrics } from "./server-metrics.ts";
import type { ObjectConverter, ResourceDefinition } from "./resource.ts";
import type { ApiServerOptions, Route } from "./server-interface.ts";
import { Served } from "./served.ts";
import { ObjectSizes } from "./flow-control/object-sizes.ts";
import type { ObjectStats } from "./flow-control/work-estimate.ts";
import type { RequestInfo } from "./request.ts";
import { ConvertingStore } from "./storage/converting-store.ts";
import { ObjectStorage } from "./storage/object-storage.ts";
import { Warmth } from "./storage/warmth.ts";
import { FieldManagers } from "./verbs/field-managers.ts";

/** A definition that is served, with its versions by name. */
export interface Installed {
  readonly definition: ResourceDefinition;
  readonly versions: ReadonlyMap<string, Served>;
}

export class ServerState {
  readonly options: ApiServerOptions;
  readonly metrics: ServerMetrics;
  readonly access: AccessMetrics;
  readonly admission: AdmissionMetrics;
  readonly fieldManagers: FieldManagers;
  /** By `group/resource`. */
  readonly #installed = new Map<string, Installed>();
  /** By storage prefix: definitions may share one. */
  readonly #storages = new Map<string, ObjectStorage>();
  readonly #listeners = new Set<() => void>();
  readonly routes: Map<string, Route> = new Map();
  readonly readyChecks: Map<string, () => string | undefined> = new Map();
  /** Finds the server that answers for a path in place of this one. Undefined: there is none. */
  delegate: ((path: string) => { proxy(request: ApiRequest): Promise<ApiResponse> } | undefined) | undefined;
  readonly maxBodyBytes: number;
  readonly deadlines: Deadlines;
  readonly traffic: Traffic;
  /** Places, where there is no fairness. */
  readonly slots: { readonly readOnly: Slots; readonly mutating: Slots };
  /** `/readyz` fails: the server is about to stop. */
  leaving = false;
  /** Requests from outside are told to come back later. */
  turningAway = false;
  /** Set while the server stops: nothing new is accepted. */
  stopping = false;
  readonly #sizes: ObjectSizes;
  readonly #warmth = new Warmth();
  #bookmarks: Timer | undefined;

  constructor(options: ApiServerOptions) {
    this.options = options;
    this.maxBodyBytes = options.maxBodyBytes ?? 3 * 1024 * 1024;
    const [reading, mutating] = options.maxInFlight ?? [0, 0];
    this.slots = { readOnly: new Slots(reading), mutating: new Slots(mutating) };
    this.#sizes = new ObjectSizes(options.clock);
    this.traffic = new Traffic(options.clock);
    const { flowControl } = options;
    if (flowControl !== undefined) {
      flowControl.statsOf = (info) => this.#stats(info);
      this.traffic.measure(flowControl.metrics.readVsWrite, flowControl.seats, flowControl.places);
    }
    this.deadlines = new Deadlines(options.clock);
    this.fieldManagers = new FieldManagers(options.clock);
    this.metrics = new ServerMetrics(options.metrics, () => this.#measure());
    this.access = new AccessMetrics(options.metrics);
    this.admission = new AdmissionMetrics(options.metrics, options.clock);
  }

  install(definition: ResourceDefinition): void {
    const before = this.installed(definition.group, definition.resource)?.definition;
    if (
      before !== undefined &&
      (before.storageVersion !== definition.storageVersion || before.converter?.key !== definition.converter?.key)
    )
      this.#drop(before.storagePrefix);
    const versions = new Map(definition.versions.map((v) => [v.version, new Served(definition, v)]));
    this.#installed.set(`${definition.group}/${definition.resource}`, { definition, versions });
    for (const run of this.#listeners) run();
  }

  uninstall(group: string, resource: string): void {
    const installed = this.#installed.get(`${group}/${resource}`);
    if (installed === undefined) return;
    this.#installed.delete(`${group}/${resource}`);
    const { storagePrefix } = installed.definition;
    const shared = this.definitions().some((d) => d.storagePrefix === storagePrefix);
    if (!shared) this.#drop(storagePrefix);
    for (const run of this.#listeners) run();
  }

  /** Forgets what is cached of a prefix; its watches end. */
  #drop(storagePrefix: string): void {
    for (const [key, storage] of this.#storages) {
      if (key !== storagePrefix && !key.startsWith(`${storagePrefix}@`)) continue;
      storage.close();
      this.#storages.delete(key);
    }
  }

  onChange(run: () => void): () => void {
    this.#listeners.add(run);
    return () => void this.#listeners.delete(run);
  }

  definitions(): ResourceDefinition[] {
    return [...this.#installed.values()].map((i) => i.definition);
  }

  installed(group: string, resource: string): Installed | undefined {
    return this.#installed.get(group === "" ? `/${resource}` : `${group}/${resource}`);
  }

  /** `version`: at which objects are seen, where somebody else converts them; the storage version when absent. */
  storage(definition: ResourceDefinition, version: string = definition.storageVersion): ObjectStorage {
    const { converter, storagePrefix } = definition;
    const key = converter === undefined ? storagePrefix : `${storagePrefix}@${version}`;
    const known = this.#storages.get(key);
    if (known !== undefined) return known;
    const { store, clock, log, encryption } = this.options;
    const stored = encryption?.storeFor(store, definition.storageGroup ?? definition.group, definition.resource) ?? store;
    const made = new ObjectStorage({
      store: converter === undefined ? stored : convertingStore(stored, definition, converter, version),
      clock,
      storagePrefix,
      upgrade: converter === undefined ? (object) => this.#upgrade(definition, object) : (object) => object,
      warmth: this.#warmth,
      fault: (error) => log.error("a watch failed and was ended", { resource: definition.resource, error }),
    });
    this.#storages.set(key, made);
    return made;
  }

  storages(): ReadonlyMap<string, ObjectStorage> {
    return this.#storages;
  }

  /** Objects that an earlier release, or an earlier storage version of a CRD, has stored. */
  #upgrade(definition: ResourceDefinition, stored: UnstructuredObject): UnstructuredObject {
    const object = definition.upgradeStored?.(stored) ?? stored;
    const installed = this.installed(definition.group, definition.resource);
    const own = installed?.versions.values().next().value;
    if (own === undefined || object.apiVersion === own.storageApiVersion) return object;
    for (const served of installed?.versions.values() ?? []) {
      if (served.apiVersion === object.apiVersion) return served.toStorage(object);
    }
    return Object.assign(object, { apiVersion: own.storageApiVersion });
  }

  /** What is stored of a resource, as far as its cache is there. */
  #stats({ group, resource }: RequestInfo): ObjectStats | undefined {
    const definition = this.installed(group, resource)?.definition;
    const storage = definition === undefined ? undefined : this.#storages.get(definition.storagePrefix);
    if (storage === undefined || definition?.handler !== undefined) return undefined;
    return { count: storage.cache.size, averageBytes: this.#sizes.of(storage.cache) };
  }

  #measure(): Measurements {
    const resources: ResourceMeasurement[] = [];
    for (const { group, resource, storagePrefix, handler } of this.definitions()) {
      const storage = this.#storages.get(storagePrefix);
      if (handler !== undefined || storage === undefined) continue;
      const { cache, hub } = storage;
      resources.push({
        group,
        resource,
        objects: cache.size,
        revision: cache.revision,
        bytes: Math.round(cache.size * this.#sizes.of(cache)),
        received: cache.changes,
        dispatched: hub.dispatched,
      });
    }
    return {
      inFlight: this.traffic.most(),
      diskBytes: this.options.store.stats().diskBytes,
      resources,
    };
  }

  start(): void {
    const every = this.options.bookmarkInterval ?? 60_000;
    this.#bookmarks ??= this.options.clock.setInterval(() => {
      for (const storage of this.#storages.values()) {
        storage.hub.bookmark();
        storage.pages.clear();
      }
    }, every);
  }

  stop(): void {
    this.stopping = true;
    this.#bookmarks?.cancel();
    for (const storage of this.#storages.values()) storage.close();
    this.#storages.clear();
  }
}

/** `store` as if objects were kept at `version`. */
function convertingStore(store: Store, { group, storageVersion }: ResourceDefinition, converter: ObjectConverter, version: string): Store {
  const [shown, stored] = [apiVersionOf({ group, version }), apiVersionOf({ group, version: storageVersion })];
  return new ConvertingStore({ store, converter, shown, stored });
}
