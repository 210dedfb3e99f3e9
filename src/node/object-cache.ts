/**
 * Config maps and secrets that this node's pods refer to: each is watched for itself (a node may not list them all), for as
 * long as a pod uses it.
 */
import type { Client, ResourceClient } from "../client/client.ts";
import { isApiError, notFound } from "../core/api-error.ts";
import { sleep, type Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { KubeObject } from "../schema/object.ts";
import type { ResourceRef } from "../schema/resource-ref.ts";
import { configmaps, secrets, type ConfigMap, type Pod, type Secret } from "../schema/types/core-v1.ts";
import { visitContainers } from "../kinds/pod/containers.ts";
import type { ReferencedObjects } from "./container/environment.ts";

interface Entry {
  /** Undefined before the first answer, null when there is no such object. */
  value: KubeObject | null | undefined;
  readonly users: Set<string>;
  readonly stop: AbortController;
  first: Promise<void>;
}

export interface ObjectCacheOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  /** An object changed that these pods use. */
  onChange(podUids: readonly string[]): void;
}

const retryDelay = 1000;

export class ObjectCache implements ReferencedObjects {
  readonly #options: ObjectCacheOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: ObjectCacheOptions) {
    this.#options = options;
  }

  /** Watches what the pod refers to from now on, and no longer what only it used before. */
  use(pod: Pod): void {
    const uid = pod.metadata?.uid ?? "";
    const wanted = references(pod);
    for (const [key, { ref, namespace, name }] of wanted) this.#watch(key, ref, namespace, name).users.add(uid);
    this.#dropUser(uid, (key) => !wanted.has(key));
  }

  release(uid: string): void {
    this.#dropUser(uid, () => true);
  }

  #dropUser(uid: string, drops: (key: string) => boolean): void {
    for (const [key, entry] of this.#entries) {
      if (!drops(key) || !entry.users.delete(uid) || entry.users.size > 0) continue;
      entry.stop.abort();
      this.#entries.delete(key);
    }
  }

  stop(): void {
    for (const entry of this.#entries.values()) entry.stop.abort();
    this.#entries.clear();
  }

  configMap(namespace: string, name: string): Promise<ConfigMap> {
    return this.#get(configmaps, namespace, name);
  }

  secret(namespace: string, name: string): Promise<Secret> {
    return this.#get(secrets, namespace, name);
  }

  async #get<T extends KubeObject>(ref: ResourceRef<T>, namespace: string, name: string): Promise<T> {
    const { client } = this.#options;
    const entry = this.#entries.get(keyOf(ref, namespace, name));
    if (entry !== undefined) await entry.first;
    if (entry?.value) return entry.value as T;
    // The watch may lag behind the pod that was made right after its config map: what seems absent is asked for.
    try {
      return await client.resource(ref, namespace).get(name);
    } catch (error) {
      if (isApiError(error) && error.code === 404) throw plainNotFound(ref, name);
      throw error;
    }
  }

  #watch(key: string, ref: ResourceRef, namespace: string, name: string): Entry {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    let ready = (): void => undefined;
    const entry: Entry = { value: undefined, users: new Set(), stop: new AbortController(), first: new Promise((done) => (ready = done)) };
    this.#entries.set(key, entry);
    void this.#follow(entry, this.#options.client.resource(ref, namespace), name, ready);
    return entry;
  }

  async #follow(entry: Entry, resource: ResourceClient<KubeObject>, name: string, ready: () => void): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = entry.stop;
    const fieldSelector = `metadata.name=${name}`;
    while (!signal.aborted) {
      try {
        const list = await resource.list({ fieldSelector, signal });
        this.#set(entry, list.items[0] ?? null);
        ready();
        const resourceVersion = list.metadata.resourceVersion ?? "";
        for await (const event of resource.watch({ fieldSelector, resourceVersion, allowWatchBookmarks: true, signal })) {
          if (event.type !== "BOOKMARK") this.#set(entry, event.type === "DELETED" ? null : event.object);
        }
      } catch (error) {
        ready();
        if (signal.aborted) return;
        log.debug("watch ended", { object: name, error });
        await sleep(clock, retryDelay, signal).catch(() => undefined);
      }
    }
  }

  #set(entry: Entry, value: KubeObject | null): void {
    const before = entry.value;
    entry.value = value;
    const same = before?.metadata?.resourceVersion === value?.metadata?.resourceVersion && before?.metadata?.uid === value?.metadata?.uid;
    if (before !== undefined && !same) this.#options.onChange([...entry.users]);
  }
}

function keyOf(ref: ResourceRef, namespace: string, name: string): string {
  return `${ref.resource}/${namespace}/${name}`;
}

/** In the words of the watch-based managers: without quotes around a group. */
function plainNotFound(ref: ResourceRef, name: string): Error {
  return notFound({ group: "", resource: ref.kind.toLowerCase() }, name);
}

interface Reference {
  ref: ResourceRef;
  namespace: string;
  name: string;
}

/** Every config map and secret a pod's spec names. */
function references(pod: Pod): Map<string, Reference> {
  const found = new Map<string, Reference>();
  const namespace = pod.metadata?.namespace ?? "";
  const add = (ref: ResourceRef, name: string | undefined): void => {
    if (name) found.set(keyOf(ref, namespace, name), { ref, namespace, name });
  };
  visitContainers(pod.spec, (container) => {
    for (const from of container.envFrom ?? []) {
      add(configmaps, from.configMapRef?.name);
      add(secrets, from.secretRef?.name);
    }
    for (const { valueFrom } of container.env ?? []) {
      add(configmaps, valueFrom?.configMapKeyRef?.name);
      add(secrets, valueFrom?.secretKeyRef?.name);
    }
  });
  for (const volume of pod.spec?.volumes ?? []) {
    add(configmaps, volume.configMap?.name);
    add(secrets, volume.secret?.secretName);
    for (const source of volume.projected?.sources ?? []) {
      add(configmaps, source.configMap?.name);
      add(secrets, source.secret?.name);
    }
  }
  for (const { name } of pod.spec?.imagePullSecrets ?? []) add(secrets, name);
  return found;
}
