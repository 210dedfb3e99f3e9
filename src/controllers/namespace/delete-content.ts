/** Deletes what is in a namespace, pods first (KEP-5080), and says what is left. */
import { hasReason } from "../../core/api-error.ts";
import type { Client } from "../../client/client.ts";
import type { KubeObject } from "../../schema/object.ts";
import { pods, type Namespace, type Pod } from "../../schema/types/core-v1.ts";
import { messageOf } from "../ownership.ts";
import { isPodTerminal } from "../pod-state.ts";
import { discover, discoveryFailure, type ServedResource } from "../resource-discovery.ts";
import { estimateSeconds, type Remainder } from "./conditions.ts";

export interface ContentResult {
  readonly discoveryFailures: ReadonlyMap<string, string>;
  /** For the condition. */
  readonly errors: readonly string[];
  /** Thrown when the namespace must be tried again at once. */
  readonly failure: string | undefined;
  readonly remaining: readonly Remainder[];
  /** Seconds; 0 when nothing is left. */
  readonly estimate: number;
}

export async function deleteContent(client: Client, namespace: Namespace, now: number, signal: AbortSignal): Promise<ContentResult> {
  const { resources, failures } = await discover(client, signal);
  const content = new Content(client, namespace, now, signal);
  if (failures.size > 0) content.failures.push(discoveryFailure(failures));
  const deletable = resources.filter((r) => r.ref.namespaced && r.verbs.includes("delete"));
  const isPods = (r: ServedResource): boolean => r.ref.group === "" && r.ref.resource === "pods";
  const podResource = deletable.find(isPods);
  if (podResource !== undefined)
    await content.clear(podResource, (why) => `failed to delete pods for namespace: ${content.name}, err: ${why}`);
  // While pods are left, what protects them (network policies, their volumes) stays.
  if (content.remaining.length === 0) {
    for (const resource of deletable) if (!isPods(resource)) await content.clear(resource, (why) => why);
  }
  const failure =
    content.failures.length === 0 ? undefined : content.failures.length === 1 ? content.failures[0] : `[${content.failures.join(", ")}]`;
  return { discoveryFailures: failures, errors: content.errors, failure, remaining: content.remaining, estimate: content.estimate };
}

class Content {
  readonly name: string;
  readonly errors: string[] = [];
  readonly failures: string[] = [];
  readonly remaining: Remainder[] = [];
  estimate = 0;
  readonly #client: Client;
  readonly #terminatingFor: number;
  readonly #signal: AbortSignal;

  constructor(client: Client, namespace: Namespace, now: number, signal: AbortSignal) {
    this.#client = client;
    this.name = namespace.metadata?.name ?? "";
    this.#terminatingFor = now - Date.parse(namespace.metadata?.deletionTimestamp ?? "");
    this.#signal = signal;
  }

  async clear(resource: ServedResource, wording: (why: string) => string): Promise<void> {
    try {
      await this.#clear(resource);
    } catch (error) {
      if (this.#signal.aborted) throw error;
      this.errors.push(messageOf(error));
      this.failures.push(wording(messageOf(error)));
    }
  }

  async #clear({ ref, verbs }: ServedResource): Promise<void> {
    const client = this.#client.resource<KubeObject>(ref, this.name);
    const canList = verbs.includes("list");
    const present = canList ? await this.#list(client) : [];
    if (canList && present.length === 0) return;
    const grace = ref === pods || (ref.group === "" && ref.resource === "pods") ? longestGrace(present as Pod[]) : 0;
    const options = { propagationPolicy: "Background", signal: this.#signal };
    if (!verbs.includes("deletecollection") || !(await this.#ifServed(client.deleteCollection(options)))) {
      for (const object of present) await this.#ifServed(client.delete(object.metadata?.name ?? "", options));
    }
    if (!canList) return;
    const left = await this.#list(client);
    if (left.length === 0) return;
    const finalizers = new Map<string, number>();
    for (const o of left) for (const f of o.metadata?.finalizers ?? []) finalizers.set(f, (finalizers.get(f) ?? 0) + 1);
    const remainder = { group: ref.group, resource: ref.resource, count: left.length, finalizers };
    this.remaining.push(remainder);
    const estimate = estimateSeconds(remainder, grace, this.#terminatingFor);
    if (estimate === undefined) {
      throw new Error(
        `unexpected items still remain in namespace: ${this.name} for gvr: ${ref.group}/${ref.version}, Resource=${ref.resource}`,
      );
    }
    this.estimate = Math.max(this.estimate, estimate);
  }

  async #list(client: ReturnType<Client["resource"]>): Promise<KubeObject[]> {
    try {
      return (await client.list({ signal: this.#signal })).items as KubeObject[];
    } catch (error) {
      if (hasReason(error, "NotFound", "MethodNotAllowed")) return [];
      throw error;
    }
  }

  /** False when the resource is not served any more or does not do that. */
  async #ifServed(write: Promise<unknown>): Promise<boolean> {
    try {
      await write;
      return true;
    } catch (error) {
      if (hasReason(error, "NotFound", "MethodNotAllowed")) return false;
      throw error;
    }
  }
}

function longestGrace(list: readonly Pod[]): number {
  return Math.max(0, ...list.filter((p) => !isPodTerminal(p)).map((p) => p.spec?.terminationGracePeriodSeconds ?? 0));
}
