/** APIService objects for what this server serves itself: groups of built-in and of custom resources. */
import type { ApiServer } from "../../apiserver/server-interface.ts";
import { hasReason } from "../../core/api-error.ts";
import type { Timer } from "../../core/clock.ts";
import { apiservices } from "../../schema/types/apiregistration-v1.ts";
import type { APIService } from "../../schema/types/apiregistration-v1.ts";
import { automanagedLabel, localApiService } from "../api-services.ts";
import type { ResourceDeps } from "../deps.ts";

/** Definitions come in bursts: one pass for all of a burst. */
const settleMs = 250;

export class ApiServiceRegistration {
  readonly #deps: ResourceDeps;
  readonly #server: Pick<ApiServer, "definitions" | "onDefinitionsChange">;
  readonly #stopWatching: () => void;
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(deps: ResourceDeps, server: Pick<ApiServer, "definitions" | "onDefinitionsChange">) {
    this.#deps = deps;
    this.#server = server;
    this.#stopWatching = server.onDefinitionsChange(() => this.#later());
  }

  /** Creates what is missing, removes what is served no more. */
  async reconcile(): Promise<void> {
    const served = new Map<string, APIService>();
    for (const { group, versions } of this.#server.definitions) {
      if (group === "apiregistration.k8s.io") continue;
      for (const { version } of versions) {
        const service = localApiService(group, version);
        served.set(service.metadata?.name ?? "", service);
      }
    }
    const at = this.#deps.client().resource(apiservices);
    const present = (await this.#deps.objects("apiregistration.k8s.io", "apiservices").list()) as unknown as APIService[];
    const names = new Set(present.map((s) => s.metadata?.name ?? ""));
    const missing = [...served].filter(([name]) => !names.has(name));
    await Promise.all(missing.map(([, service]) => ignoring("AlreadyExists", at.create(service))));
    for (const service of present) {
      const name = service.metadata?.name ?? "";
      const ours = service.metadata?.labels?.[automanagedLabel] !== undefined && service.spec?.service === undefined;
      if (ours && !served.has(name)) await ignoring("NotFound", at.delete(name));
    }
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

async function ignoring(reason: "AlreadyExists" | "NotFound", write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!hasReason(error, reason)) throw error;
  }
}
