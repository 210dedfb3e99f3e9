/** APIService objects for what this server serves itself: groups of built-in and of custom resources. */
import type { ApiServer } from "../../apiserver/server-interface.ts";
import { hasReason } from "../../core/api-error.ts";
import type { Timer } from "../../core/clock.ts";
import { apiservices } from "../../schema/types/apiregistration-v1.ts";
import type { APIService, APIServiceSpec } from "../../schema/types/apiregistration-v1.ts";
import { automanagedLabel, localApiService } from "../api-services.ts";
import type { ResourceDeps } from "../deps.ts";

/** Definitions come in bursts: one pass for all of a burst. */
const settleMs = 250;

export class ApiServiceRegistration {
  readonly #deps: ResourceDeps;
  readonly #server: Pick<ApiServer, "definitions" | "onDefinitionsChange">;
  readonly #stopWatching: () => void;
  /** What was there before this server. */
  #atStart: ReadonlySet<string> | undefined;
  readonly #synced = new Set<string>();
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(deps: ResourceDeps, server: Pick<ApiServer, "definitions" | "onDefinitionsChange">) {
    this.#deps = deps;
    this.#server = server;
    this.#stopWatching = server.onDefinitionsChange(() => this.#later());
  }

  /** Something may have been changed that has to be as served. */
  changed(): void {
    this.#later();
  }

  /** Creates what is missing, removes what is served no more, restores what was changed; but built-in groups' only once. */
  async reconcile(): Promise<void> {
    const wanted = this.#wanted();
    const listed = (await this.#deps.objects("apiregistration.k8s.io", "apiservices").list()) as unknown as APIService[];
    const present = new Map(listed.map((service) => [service.metadata?.name ?? "", service]));
    this.#atStart ??= new Set(present.keys());
    await Promise.all(
      [...new Set([...wanted.keys(), ...present.keys()])].map((name) => this.#sync(name, wanted.get(name), present.get(name))),
    );
  }

  #wanted(): Map<string, APIService> {
    const wanted = new Map<string, APIService>();
    for (const { group, versions } of this.#server.definitions) {
      if (group === "apiregistration.k8s.io") continue;
      for (const { version } of versions) {
        const service = localApiService(group, version);
        wanted.set(service.metadata?.name ?? "", service);
      }
    }
    return wanted;
  }

  async #sync(name: string, wanted: APIService | undefined, present: APIService | undefined): Promise<void> {
    await this.#bring(name, wanted, present);
    this.#synced.add(name);
  }

  async #bring(name: string, wanted: APIService | undefined, present: APIService | undefined): Promise<void> {
    const at = this.#deps.client().resource(apiservices);
    const done = this.#synced.has(name);
    if (wanted !== undefined && isOnce(wanted) && done) return;
    if (present === undefined) {
      if (wanted !== undefined) await ignoring(["AlreadyExists"], at.create(wanted));
      return;
    }
    const managed = present.metadata?.labels?.[automanagedLabel];
    if (managed !== "true" && managed !== "onstart") return;
    if (isOnce(present) && (done || this.#atStart?.has(name) !== true)) return;
    if (wanted === undefined) await ignoring(["NotFound"], at.delete(name, { preconditions: { uid: present.metadata?.uid ?? "" } }));
    else if (!isSameSpec(present.spec, wanted.spec)) await ignoring(["NotFound"], at.update({ ...present, spec: wanted.spec }));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopWatching();
    this.#timer?.cancel();
    await this.#running;
  }

  #later(): void {
    if (this.#stopped) return;
    this.#timer?.cancel();
    this.#timer = this.#deps.clock.setTimeout(() => {
      this.#running = this.#running
        .then(() => this.reconcile())
        .catch((error: unknown) => {
          this.#deps.log.warn("registering API services failed, to be tried again", { error });
          this.#later();
        });
    }, settleMs);
  }
}

function isOnce({ metadata }: APIService): boolean {
  return metadata?.labels?.[automanagedLabel] === "onstart";
}

function isSameSpec(a: Partial<APIServiceSpec> = {}, b: Partial<APIServiceSpec> = {}): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)] as (keyof APIServiceSpec)[]);
  return [...names].every((name) => a[name] === b[name]);
}

async function ignoring(reasons: readonly ("AlreadyExists" | "NotFound")[], write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!hasReason(error, ...reasons)) throw error;
  }
}
