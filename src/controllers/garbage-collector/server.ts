/** The collector's reads and writes. Each is bound to a uid: an object that took another's name is never touched. */
import { hasReason, isApiError } from "../../core/api-error.ts";
import type { Client, ResourceClient } from "../../client/client.ts";
import type { KubeObject } from "../../schema/object.ts";
import type { ResourceRef } from "../../schema/resource-ref.ts";
import type { OwnerReference } from "../../schema/types/meta-v1.ts";
import { releasePatch } from "../ownership.ts";
import type { Identity } from "./graph.ts";

const attempts = 5;

export class Server {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  #resource(ref: ResourceRef, identity: Identity): ResourceClient<KubeObject> {
    return this.#client.resource(ref, ref.namespaced ? identity.namespace : undefined);
  }

  /** Undefined: it does not exist, or another object has its name. */
  async get(ref: ResourceRef, identity: Identity, signal: AbortSignal): Promise<KubeObject | undefined> {
    try {
      const object = await this.#resource(ref, identity).get(identity.name, { signal });
      return object.metadata?.uid === identity.uid ? object : undefined;
    } catch (error) {
      if (hasReason(error, "NotFound")) return undefined;
      throw error;
    }
  }

  /** Takes references to these owners away. */
  async disown(ref: ResourceRef, identity: Identity, owners: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#changeOwners(
      ref,
      identity,
      releasePatch(identity.uid, owners),
      (refs) => refs.filter((o) => !owners.includes(o.uid)),
      signal,
    );
  }

  /** Makes its references non-blocking. */
  unblock(ref: ResourceRef, identity: Identity, object: KubeObject, signal: AbortSignal): Promise<KubeObject | undefined> {
    const free = (refs: readonly OwnerReference[]): OwnerReference[] => refs.map((o) => ({ ...o, blockOwnerDeletion: false }));
    const patch = { metadata: { uid: identity.uid, ownerReferences: free(object.metadata?.ownerReferences ?? []) } };
    return this.#changeOwners(ref, identity, patch, free, signal);
  }

  /** Custom resources know no strategic merge: for them the whole list is written over the version that was read. */
  async #changeOwners(
    ref: ResourceRef,
    identity: Identity,
    strategic: object,
    change: (refs: readonly OwnerReference[]) => OwnerReference[],
    signal: AbortSignal,
  ): Promise<KubeObject | undefined> {
    const resource = this.#resource(ref, identity);
    try {
      return await resource.patch(identity.name, "strategic", strategic, { signal });
    } catch (error) {
      if (hasReason(error, "NotFound")) return undefined;
      if (!isApiError(error) || error.code !== 415) throw error;
    }
    const object = await this.get(ref, identity, signal);
    if (object === undefined) return undefined;
    const { resourceVersion, uid, ownerReferences = [] } = object.metadata ?? {};
    const patch = { metadata: { resourceVersion, uid, ownerReferences: change(ownerReferences) } };
    return resource.patch(identity.name, "merge", patch, { signal });
  }

  async removeFinalizer(ref: ResourceRef, identity: Identity, finalizer: string, signal: AbortSignal): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const object = await this.get(ref, identity, signal);
      const { resourceVersion, uid, finalizers = [] } = object?.metadata ?? {};
      if (!finalizers.includes(finalizer)) return;
      const patch = { metadata: { resourceVersion, uid, finalizers: finalizers.filter((f) => f !== finalizer) } };
      try {
        await this.#resource(ref, identity).patch(identity.name, "merge", patch, { signal });
        return;
      } catch (error) {
        if (hasReason(error, "NotFound")) return;
        if (!hasReason(error, "Conflict") || attempt >= attempts) throw error;
      }
    }
  }

  /**
   * Deletes what `object` was when its owners were looked at; when it has changed since, only if its owners have not.
   * False: it is gone already.
   */
  async delete(ref: ResourceRef, identity: Identity, object: KubeObject, propagationPolicy: string, signal: AbortSignal): Promise<boolean> {
    const resource = this.#resource(ref, identity);
    const { uid } = identity;
    const resourceVersion = object.metadata?.resourceVersion ?? "";
    try {
      await resource.delete(identity.name, { propagationPolicy, preconditions: { uid, resourceVersion }, signal });
      return true;
    } catch (error) {
      if (hasReason(error, "NotFound")) return false;
      if (!hasReason(error, "Conflict")) throw error;
      const fresh = await this.get(ref, identity, signal);
      if (fresh === undefined) return false;
      const owners = (o: KubeObject): string => JSON.stringify(o.metadata?.ownerReferences ?? []);
      if (owners(fresh) !== owners(object)) throw error;
    }
    try {
      await resource.delete(identity.name, { propagationPolicy, preconditions: { uid }, signal });
      return true;
    } catch (error) {
      if (hasReason(error, "NotFound")) return false;
      throw error;
    }
  }
}
