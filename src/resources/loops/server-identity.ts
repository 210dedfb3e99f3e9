import { createHash, randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { isApiError } from "../../core/api-error.ts";
import { formatMicroTime } from "../../core/clock.ts";
import { mutable } from "../../schema/object.ts";
import { leases } from "../../schema/types/coordination-v1.ts";
import type { Lease } from "../../schema/types/coordination-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import type { ServerLoopOptions } from "./options.ts";

const namespace = "kube-system";
const label = "apiserver.kubernetes.io/identity";
const addressAnnotation = "kubernetes.io/peer-advertise-address";
/** Upstream's; others judge a server by its last renewal much sooner. */
const leaseSeconds = 3600;
/** A server that has not renewed for that long is taken out of the endpoints. */
const aliveMs = 30_000;

/** What an API server is called among those of its cluster. */
export function serverName(options: Pick<ServerLoopOptions, "identity" | "advertiseAddress" | "port">): string {
  const identity = options.identity ?? `${hostname()} ${options.advertiseAddress}:${options.port}`;
  return `apiserver-${createHash("sha256")
    .update(identity)
    .digest("base64url")
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "")
    .slice(0, 26)}`;
}

/** The Lease by which API servers know of one another (KEP-1965). */
export class ServerIdentity {
  readonly #deps: ResourceDeps;
  readonly #name: string;
  readonly #holder: string;
  readonly #address: string;
  #withdrawn = false;

  constructor(deps: ResourceDeps, options: ServerLoopOptions) {
    this.#deps = deps;
    this.#name = serverName(options);
    this.#holder = `${this.#name}_${randomUUID()}`;
    this.#address = options.advertiseAddress.includes(":")
      ? `[${options.advertiseAddress}]:${options.port}`
      : `${options.advertiseAddress}:${options.port}`;
  }

  async renew(): Promise<void> {
    const at = this.#deps.client().resource(leases, namespace);
    const found = (await this.#deps.objects("coordination.k8s.io", "leases").get(namespace, this.#name)) as Lease | undefined;
    const renewTime = formatMicroTime(this.#deps.clock.now());
    const metadata = {
      labels: { [label]: "kube-apiserver", "kubernetes.io/hostname": hostname().toLowerCase() },
      annotations: { [addressAnnotation]: this.#address },
    };
    const spec = { holderIdentity: this.#holder, leaseDurationSeconds: leaseSeconds, renewTime };
    try {
      if (found === undefined) await at.create({ metadata: { ...metadata, name: this.#name, namespace }, spec });
      else {
        const lease = mutable(found);
        lease.metadata = {
          ...lease.metadata,
          labels: { ...lease.metadata?.labels, ...metadata.labels },
          annotations: { ...lease.metadata?.annotations, ...metadata.annotations },
        };
        lease.spec = { ...lease.spec, ...spec };
        await at.update(lease);
      }
    } catch (error) {
      // A conflict is another renewal of ours that was slow: the next one is due soon.
      if (!isApiError(error) || error.reason !== "Conflict") throw error;
    }
  }

  /** Addresses of the servers that are alive, this one among them, sorted. */
  async addresses(): Promise<string[]> {
    const all = (await this.#deps.objects("coordination.k8s.io", "leases").list(namespace)) as Lease[];
    const now = this.#deps.clock.now();
    const alive = all.filter((l) => {
      if (l.metadata?.labels?.[label] !== "kube-apiserver") return false;
      if (l.metadata.name === this.#name) return !this.#withdrawn;
      return now - Date.parse(l.spec?.renewTime ?? "") < aliveMs;
    });
    const texts = alive.map((l) => l.metadata?.annotations?.[addressAnnotation] ?? "").filter((a) => a !== "");
    return [...new Set(texts.map((a) => a.slice(0, a.lastIndexOf(":")).replace(/^\[|\]$/g, "")))].sort();
  }

  /** Leases of servers that went without a word. */
  async collect(): Promise<void> {
    const all = (await this.#deps.objects("coordination.k8s.io", "leases").list(namespace)) as Lease[];
    const now = this.#deps.clock.now();
    for (const { metadata, spec } of all) {
      if (metadata?.labels?.[label] !== "kube-apiserver" || metadata.name === undefined || metadata.name === this.#name) continue;
      const until = Date.parse(spec?.renewTime ?? "") + (spec?.leaseDurationSeconds ?? Number.NaN) * 1000;
      if (until >= now) continue;
      await this.#remove(metadata.name);
    }
  }

  async withdraw(): Promise<void> {
    this.#withdrawn = true;
    await this.#remove(this.#name);
  }

  async #remove(name: string): Promise<void> {
    try {
      await this.#deps.client().resource(leases, namespace).delete(name);
    } catch (error) {
      if (!isApiError(error)) throw error;
    }
  }
}
