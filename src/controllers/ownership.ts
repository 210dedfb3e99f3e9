/**
 * Who controls whom: controller references, and the claim by which a controller adopts matching orphans and releases
 * what no longer matches (upstream's controller ref manager).
 */
import { hasReason } from "../core/api-error.ts";
import type { Client } from "../client/client.ts";
import type { KubeObject } from "../schema/object.ts";
import { apiVersionOf, type ResourceRef } from "../schema/resource-ref.ts";
import type { OwnerReference } from "../schema/types/meta-v1.ts";

/** The reference whose `controller` is true; at most one has it. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  const references = object.metadata?.ownerReferences;
  if (references !== undefined) for (const r of references) if (r.controller === true) return r;
  return undefined;
}

export function isControlledBy(object: KubeObject, owner: KubeObject): boolean {
  const uid = controllerOf(object)?.uid;
  return uid !== undefined && uid === owner.metadata?.uid;
}

/** A reference that makes `owner`, of the kind of `ref`, the controller; it blocks the owner's foreground deletion. */
export function controllerRef(owner: KubeObject, ref: ResourceRef<object>): OwnerReference {
  return {
    apiVersion: apiVersionOf(ref),
    kind: ref.kind,
    name: owner.metadata?.name ?? "",
    uid: owner.metadata?.uid ?? "",
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Strategic merge patch that adds the controller reference. The uid is a precondition: another object of that name is refused. */
export function adoptPatch(owner: KubeObject, ownerRef: ResourceRef<object>, uid: string): object {
  return { metadata: { ownerReferences: [controllerRef(owner, ownerRef)], uid } };
}

/** Strategic merge patch that takes the references to these owners away. */
export function releasePatch(uid: string, ownerUids: readonly string[]): object {
  return { metadata: { uid, ownerReferences: ownerUids.map((owner) => ({ $patch: "delete", uid: owner })) } };
}

/** What {@link planClaim} decides about one object. */
export type Claim = "owned" | "adopt" | "release" | "ignore";

/** Whether `object` is `owner`'s, should become so, should stop being so, or is no business of it. */
export function planClaim(owner: KubeObject, object: KubeObject, matches: boolean): Claim {
  const ref = controllerOf(object);
  const ownerGoes = owner.metadata?.deletionTimestamp !== undefined;
  if (ref !== undefined) {
    if (ref.uid !== owner.metadata?.uid) return "ignore";
    if (matches) return "owned";
    return ownerGoes ? "ignore" : "release";
  }
  if (ownerGoes || !matches || object.metadata?.deletionTimestamp !== undefined) return "ignore";
  if (owner.metadata?.namespace && owner.metadata.namespace !== object.metadata?.namespace) return "ignore";
  return "adopt";
}

export interface ClaimOptions<T extends KubeObject> {
  readonly client: Client;
  readonly owner: KubeObject;
  readonly ownerRef: ResourceRef<object>;
  readonly ref: ResourceRef<T>;
  readonly matches: (object: T) => boolean;
  readonly signal: AbortSignal;
}

/**
 * Adopts and releases as {@link planClaim} says; the answer is what the owner controls after that. Before the first
 * adoption the owner is read from the server: a cache that is behind must not let a deleted owner adopt. All objects are
 * tried before the first error is thrown.
 */
export async function claim<T extends KubeObject>(objects: readonly T[], options: ClaimOptions<T>): Promise<T[]> {
  const { owner, ownerRef, ref, client, signal } = options;
  const claimed: T[] = [];
  const errors: Error[] = [];
  const namespace = owner.metadata?.namespace ?? "";
  let mayAdopt: Promise<void> | undefined;
  for (const object of objects) {
    const decision = planClaim(owner, object, options.matches(object));
    const { name = "", uid = "" } = object.metadata ?? {};
    try {
      if (decision === "adopt") {
        mayAdopt ??= recheckOwner(client, owner, ownerRef, signal);
        await mayAdopt.catch((error: unknown) => {
          throw new Error(`can't adopt ${ref.kind} ${namespace}/${name} (${uid}): ${messageOf(error)}`, { cause: error });
        });
        await client.resource(ref, namespace).patch(name, "strategic", adoptPatch(owner, ownerRef, uid), { signal });
      } else if (decision === "release") {
        await client.resource(ref, namespace).patch(name, "strategic", releasePatch(uid, [owner.metadata?.uid ?? ""]), { signal });
      }
      if (decision === "owned" || decision === "adopt") claimed.push(object);
    } catch (error) {
      // Gone, or replaced by another object of the same name (the uid in the patch does not fit: Invalid).
      if (hasReason(error, "NotFound") || (decision === "release" && hasReason(error, "Invalid"))) continue;
      errors.push(error instanceof Error ? error : new Error(String(error)));
    }
  }
  if (errors.length > 0) throw aggregate(errors);
  return claimed;
}

async function recheckOwner(client: Client, owner: KubeObject, ref: ResourceRef<object>, signal: AbortSignal): Promise<void> {
  const { namespace = "", name = "", uid = "" } = owner.metadata ?? {};
  let fresh: KubeObject;
  try {
    fresh = (await client.resource(ref, namespace).get(name, { signal })) as KubeObject;
  } catch (error) {
    throw new Error(`can't recheck DeletionTimestamp: ${messageOf(error)}`, { cause: error });
  }
  if (fresh.metadata?.uid !== uid) {
    throw new Error(
      `can't recheck DeletionTimestamp: original ${ref.kind} ${namespace}/${name} is gone: got uid ${fresh.metadata?.uid ?? ""}, wanted ${uid}`,
    );
  }
  if (fresh.metadata.deletionTimestamp !== undefined) {
    throw new Error(`${namespace}/${name} has just been deleted at ${fresh.metadata.deletionTimestamp}`);
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** One error out of several, worded as upstream joins them: `[a, b]`, each text once. */
export function aggregate(errors: readonly Error[]): Error {
  const texts = [...new Set(errors.map((e) => e.message))];
  const first = errors[0];
  if (errors.length === 1 && first !== undefined) return first;
  return new AggregateError(errors, texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`);
}
