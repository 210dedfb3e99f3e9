/**
 * Keeps what is served true to the CustomResourceDefinitions that are stored: accepts names, establishes, installs and
 * uninstalls, and on deletion removes the instances before the definition goes.
 */
import { ApiError, hasReason, notFound } from "../../core/api-error.ts";
import { type Clock, sleep } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { mutable } from "../../schema/object.ts";
import { resourcePath } from "../../schema/resource-ref.ts";
import {
  type CustomResourceDefinition,
  type CustomResourceDefinitionStatus as Status,
  customresourcedefinitions,
} from "../../schema/types/apiextensions-v1.ts";
import { jsonEqual } from "../json-equal.ts";
import { ownRequest, ServerObjectSource } from "../object-source.ts";
import type { ApiServer } from "../server-interface.ts";
import {
  approvalCondition,
  cleanupFinalizer,
  established,
  findCondition,
  isTrue,
  notAccepted,
  setCondition,
  terminating,
} from "./conditions.ts";
import { customDefinition } from "./definition.ts";
import type { DefinitionOptions } from "./definition.ts";
import { decideNames, HeldNames } from "./names.ts";

export interface CrdManagerOptions extends DefinitionOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** How often instances that are slow to go are looked at, and how long in all: ms. Default 500 and 60,000. */
  readonly cleanupPoll?: readonly [every: number, total: number] | undefined;
}

type Server = Pick<ApiServer, "handle" | "install" | "uninstall" | "definition" | "objects">;

interface Installed {
  readonly group: string;
  readonly resource: string;
  readonly uid: string;
  /** The definition as it was when it was installed. */
  readonly crd: CustomResourceDefinition;
  readonly terminating: boolean;
}

export class CrdManager {
  readonly #server: Server;
  readonly #options: CrdManagerOptions;
  readonly #source: ServerObjectSource<CustomResourceDefinition>;
  readonly #installed = new Map<string, Installed>();
  readonly #held = new HeldNames();
  readonly #pending = new Set<string>();
  readonly #cleaning = new Set<string>();
  readonly #stop = new AbortController();
  #working: Promise<void> | undefined;

  constructor(server: Server, options: CrdManagerOptions) {
    this.#server = server;
    this.#options = options;
    this.#source = new ServerObjectSource(server, customresourcedefinitions, options);
  }

  /** The stored definitions, for OpenAPI. */
  get definitions(): readonly CustomResourceDefinition[] {
    return this.#source.list();
  }

  /** Resolves when every established definition is served. The resource customresourcedefinitions must be installed. */
  async start(): Promise<void> {
    this.#source.addHandlers({
      onAdd: (crd) => this.#changed(crd),
      onUpdate: (crd) => this.#changed(crd),
      onDelete: (crd) => this.#deleted(crd),
    });
    await this.#source.start();
    await this.#working;
  }

  stop(): void {
    this.#stop.abort();
    this.#source.stop();
    this.#options.conversions?.targets.close();
  }

  #changed(crd: CustomResourceDefinition): void {
    this.#held.set(crd);
    // Serving follows the stored state at once; what has to be written comes in turn.
    this.#serve(crd);
    this.#enqueue(crd.metadata?.name ?? "");
  }

  #deleted(crd: CustomResourceDefinition): void {
    this.#held.delete(crd.metadata?.name ?? "");
    this.#unserve(crd.metadata?.name ?? "");
    this.#askAgain(crd);
  }

  /** Other definitions of the group may wait for a name that is free now. Those that have theirs keep them. */
  #askAgain({ spec, metadata }: CustomResourceDefinition): void {
    for (const other of this.#source.list()) {
      if (other.spec.group !== spec.group || other.metadata?.name === metadata?.name || isTrue(other, "NamesAccepted")) continue;
      this.#enqueue(other.metadata?.name ?? "");
    }
  }

  #enqueue(name: string): void {
    this.#pending.add(name);
    this.#working ??= this.#work().finally(() => (this.#working = undefined));
  }

  /** One after the other: deciding on names must see the decisions before. */
  async #work(): Promise<void> {
    for (let name = this.#next(); name !== undefined; name = this.#next()) {
      const crd = this.#source.get("", name);
      if (crd === undefined) continue;
      try {
        await this.#sync(crd);
      } catch (error) {
        if (hasReason(error, "NotFound", "Conflict")) continue;
        this.#options.log.error("custom resource definition", { error, name });
        const again = name;
        this.#options.clock.setTimeout(() => this.#enqueue(again), 1000);
      }
    }
  }

  #next(): string | undefined {
    if (this.#stop.signal.aborted) return undefined;
    const [name] = this.#pending;
    if (name !== undefined) this.#pending.delete(name);
    return name;
  }

  async #sync(crd: CustomResourceDefinition): Promise<void> {
    const name = crd.metadata?.name ?? "";
    if (crd.metadata?.deletionTimestamp !== undefined) {
      if (crd.metadata.finalizers?.includes(cleanupFinalizer) === true && !this.#cleaning.has(name)) {
        this.#cleaning.add(name);
        void this.#clean(crd).finally(() => this.#cleaning.delete(name));
      }
      return;
    }
    const status = this.#decide(crd);
    if (jsonEqual(status, crd.status)) return;
    await this.#write(name, (target) => {
      target.status = this.#decide(target);
    });
    if (!jsonEqual(status.acceptedNames, crd.status?.acceptedNames)) this.#askAgain(crd);
  }

  #decide(crd: CustomResourceDefinition): Status {
    const now = this.#options.clock.now();
    const status = mutable(crd.status ?? {}) as Status;
    const { accepted, condition } = decideNames(crd, this.#held);
    status.acceptedNames = accepted;
    setCondition(status, condition, now);
    if (condition.status === "True") setCondition(status, established, now);
    else if (findCondition(crd, "Established") === undefined) setCondition(status, notAccepted, now);
    const approval = approvalCondition(crd);
    if (approval !== undefined) setCondition(status, approval, now);
    return status;
  }

  /** Through the status subresource, so that a definition goes with its last finalizer. Gives up when it is gone (404). */
  async #write(name: string, change: (crd: CustomResourceDefinition) => void): Promise<void> {
    const path = resourcePath(customresourcedefinitions, { name, subresource: "status" });
    const { group, resource } = customresourcedefinitions;
    for (;;) {
      const present = await this.#server.objects(group, resource).get("", name);
      if (present === undefined) throw notFound({ group, resource }, name);
      const object = mutable(present);
      change(object as unknown as CustomResourceDefinition);
      const request = ownRequest("PUT", path, this.#options.log, this.#stop.signal, object);
      const response = await this.#server.handle(request);
      if (response.status < 400) return;
      if (response.status !== 409)
        throw ApiError.fromStatus((response.object ?? { code: response.status }) as { code?: number; message?: string });
    }
  }

  #serve(crd: CustomResourceDefinition): void {
    const name = crd.metadata?.name ?? "";
    if (!isTrue(crd, "NamesAccepted") && !isTrue(crd, "Established")) return this.#unserve(name);
    const ending = isTrue(crd, "Terminating");
    const before = this.#installed.get(name);
    if (before !== undefined && before.terminating === ending && before.uid === crd.metadata?.uid && sameServing(before.crd, crd)) return;
    const definition = customDefinition(crd, this.#options, ending);
    if (definition === undefined) return this.#unserve(name);
    if (before !== undefined && (before.resource !== definition.resource || before.uid !== crd.metadata?.uid)) this.#unserve(name);
    this.#installed.set(name, {
      group: definition.group,
      resource: definition.resource,
      uid: crd.metadata?.uid ?? "",
      crd,
      terminating: ending,
    });
    this.#server.install(definition);
  }

  #unserve(name: string): void {
    const installed = this.#installed.get(name);
    if (installed === undefined) return;
    this.#installed.delete(name);
    this.#server.uninstall(installed.group, installed.resource);
  }

  async #clean(crd: CustomResourceDefinition): Promise<void> {
    const name = crd.metadata?.name ?? "";
    const now = (): number => this.#options.clock.now();
    const set = (condition: Parameters<typeof setCondition>[1], release = false): Promise<void> =>
      this.#write(name, (target) => {
        setCondition((target.status ??= {}), condition, now());
        if (release && target.metadata?.finalizers !== undefined) {
          target.metadata.finalizers = target.metadata.finalizers.filter((f) => f !== cleanupFinalizer);
          if (target.metadata.finalizers.length === 0) delete target.metadata.finalizers;
        }
      });
    try {
      await set(terminating("True", "InstanceDeletionInProgress", "CustomResource deletion is in progress"));
      if (isTrue(crd, "Established")) {
        await this.#served(crd, (version) => this.#deleteInstances(crd, version, set));
        await set(terminating("False", "InstanceDeletionCompleted", "removed all instances"), true);
      } else await set(terminating("False", "NeverEstablished", "resource was never established"), true);
    } catch (error) {
      if (this.#stop.signal.aborted || hasReason(error, "NotFound")) return;
      this.#options.log.error("custom resources are still there", { error, name });
      this.#options.clock.setTimeout(() => this.#enqueue(name), 5000);
    }
  }

  /** Instances can be there though no version is served any more: the stored one is, while they are removed. */
  async #served(crd: CustomResourceDefinition, work: (version: string) => Promise<void>): Promise<void> {
    // What is stored at the storage version can be removed though nobody converts any more.
    const converted = crd.spec.conversion?.strategy === "Webhook";
    const version = crd.spec.versions.find((v) => v.served && (v.storage || !converted))?.name;
    if (version !== undefined) return work(version);
    const versions = crd.spec.versions.map((v) => ({ ...v, served: v.storage }));
    const definition = customDefinition({ ...crd, spec: { ...crd.spec, versions } }, this.#options, true);
    if (definition === undefined) return;
    this.#server.install(definition);
    try {
      await work(definition.storageVersion);
    } finally {
      this.#server.uninstall(definition.group, definition.resource);
    }
  }

  async #deleteInstances(
    crd: CustomResourceDefinition,
    version: string,
    set: (condition: Parameters<typeof setCondition>[1]) => Promise<void>,
  ): Promise<void> {
    const { group } = crd.spec;
    const resource = crd.status?.acceptedNames?.plural ?? crd.spec.names.plural;
    const access = this.#server.objects(group, resource);
    const { signal } = this.#stop;
    const namespaces = new Set((await access.list()).map((o) => o.metadata?.namespace ?? ""));
    for (const namespace of namespaces) {
      const scope = namespace === "" ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
      const request = ownRequest("DELETE", `/apis/${group}/${version}${scope}/${resource}`, this.#options.log, signal);
      const response = await this.#server.handle(request);
      if (response.status < 400) continue;
      const why = `could not issue all deletes: ${(response.object as { message?: string } | undefined)?.message ?? response.status}`;
      await set(terminating("True", "InstanceDeletionFailed", why));
      throw new Error(why);
    }
    const [every, total] = this.#options.cleanupPoll ?? [500, 60_000];
    const end = this.#options.clock.monotonic() + total;
    while ((await access.list()).length > 0) {
      if (this.#options.clock.monotonic() >= end) {
        const why = "could not confirm zero CustomResources remaining: context deadline exceeded";
        await set(terminating("True", "InstanceDeletionCheck", why));
        throw new Error(why);
      }
      await sleep(this.#options.clock, every, signal);
    }
  }
}

/** What is installed depends on these parts only. */
function sameServing(a: CustomResourceDefinition, b: CustomResourceDefinition): boolean {
  return jsonEqual(a.spec, b.spec) && jsonEqual(a.status?.acceptedNames, b.status?.acceptedNames);
}
