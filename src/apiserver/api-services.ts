/**
 * Every group version that this server serves has an APIService object that says so: made when it appears, gone when it
 * goes. Those of built-in groups are kept `onstart`, those of custom ones as long as they are served.
 */
import { type Clock, formatTime, type Timer } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { KubeObject } from "../schema/object.ts";
import { type APIService, apiservices } from "../schema/types/apiregistration-v1.ts";
import { resourcePath } from "../schema/resource-ref.ts";
import { customPriority, type GroupVersionPriority, servedGroups } from "./discovery/documents.ts";
import { ownRequest, ServerObjectSource } from "./object-source.ts";
import type { ApiServer } from "./server-interface.ts";

const label = "kube-aggregator.kubernetes.io/automanaged";

export interface ApiServiceOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly priority: (group: string, version: string) => GroupVersionPriority;
}

type Server = Pick<ApiServer, "handle" | "definitions" | "onDefinitionsChange">;

export class ApiServices {
  readonly #server: Server;
  readonly #options: ApiServiceOptions;
  readonly #source: ServerObjectSource<APIService>;
  readonly #stop = new AbortController();
  readonly #removals: (() => void)[] = [];
  #timer: Timer | undefined;
  #working = false;

  constructor(server: Server, options: ApiServiceOptions) {
    this.#server = server;
    this.#options = options;
    this.#source = new ServerObjectSource(server, apiservices, options);
  }

  /** Resolves when the present objects are known; what is missing is made after that. */
  async start(): Promise<void> {
    await this.#source.start();
    this.#removals.push(
      this.#server.onDefinitionsChange(() => this.#soon()),
      this.#source.addHandlers({ onDelete: () => this.#soon() }),
    );
    this.#soon();
  }

  stop(): void {
    this.#stop.abort();
    this.#timer?.cancel();
    for (const remove of this.#removals) remove();
    this.#source.stop();
  }

  /** Installing many definitions is one change. */
  #soon(delay = 10): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.setTimeout(() => void this.#sync(), delay);
  }

  async #sync(): Promise<void> {
    if (this.#working || this.#stop.signal.aborted) return this.#working ? this.#soon(50) : undefined;
    this.#working = true;
    try {
      const wanted = this.#wanted();
      for (const [name, service] of wanted) if (this.#source.get("", name) === undefined) await this.#create(service);
      for (const present of this.#source.list()) {
        const name = present.metadata?.name ?? "";
        const managed = present.metadata?.labels?.[label] === "true" && present.spec?.service === undefined;
        if (managed && !wanted.has(name)) await this.#request("DELETE", resourcePath(apiservices, { name }));
      }
    } catch (error) {
      this.#options.log.warn("keeping APIServices", { error });
      this.#soon(1000);
    } finally {
      this.#working = false;
    }
  }

  #wanted(): Map<string, APIService> {
    const wanted = new Map<string, APIService>();
    for (const { group, versions } of servedGroups(this.#server.definitions)) {
      for (const { version } of versions) {
        const priority = this.#options.priority(group, version);
        const name = `${version}.${group}`;
        wanted.set(name, {
          kind: "APIService",
          apiVersion: "apiregistration.k8s.io/v1",
          metadata: { name, labels: { [label]: priority === customPriority ? "true" : "onstart" } },
          spec: {
            ...(group === "" ? {} : { group }),
            version,
            groupPriorityMinimum: priority.group,
            versionPriority: priority.version,
          },
        });
      }
    }
    return wanted;
  }

  async #create(service: APIService): Promise<void> {
    const made = await this.#request("POST", resourcePath(apiservices), service);
    if (made === undefined) return;
    const available = {
      type: "Available",
      status: "True",
      reason: "Local",
      message: "Local APIServices are always available",
      lastTransitionTime: formatTime(this.#options.clock.now()),
    };
    const name = service.metadata?.name ?? "";
    const path = resourcePath(apiservices, { name, subresource: "status" });
    await this.#request("PUT", path, { ...made, status: { conditions: [available] } } as KubeObject);
  }

  async #request(method: string, path: string, object?: KubeObject): Promise<KubeObject | undefined> {
    const response = await this.#server.handle(ownRequest(method, path, this.#options.log, this.#stop.signal, object));
    if (response.status < 400) return response.object;
    // Somebody else was faster: the next look shows what there is.
    if (response.status === 404 || response.status === 409) return undefined;
    throw new Error(`${method} ${path}: ${JSON.stringify(response.object ?? response.status)}`);
  }
}
