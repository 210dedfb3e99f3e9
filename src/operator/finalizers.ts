/** Finalizers: names that keep a deleted object until their owners have cleaned up. */
import type { Client } from "../client/client.ts";
import type { KubeObject } from "../schema/object.ts";
import type { ResourceRef } from "../schema/resource-ref.ts";
import { updateWithRetry } from "./update.ts";

export function hasFinalizer(object: KubeObject, finalizer: string): boolean {
  return object.metadata?.finalizers?.includes(finalizer) === true;
}

/** Someone asked for its deletion. */
export function isBeingDeleted(object: KubeObject): boolean {
  return object.metadata?.deletionTimestamp !== undefined;
}

/** Adds `finalizer` on the server unless it is there; answers the object as it stands then. */
export function addFinalizer<T extends KubeObject>(client: Client, ref: ResourceRef<T>, object: T, finalizer: string): Promise<T> {
  if (hasFinalizer(object, finalizer)) return Promise.resolve(object);
  return updateWithRetry(client, ref, object, (draft) => {
    if (draft.metadata === undefined || hasFinalizer(draft, finalizer)) return false;
    draft.metadata.finalizers = [...(draft.metadata.finalizers ?? []), finalizer];
    return true;
  });
}

/** Takes `finalizer` off on the server; an object that is gone already is fine. */
export async function removeFinalizer<T extends KubeObject>(
  client: Client,
  ref: ResourceRef<T>,
  object: T,
  finalizer: string,
): Promise<void> {
  if (!hasFinalizer(object, finalizer)) return;
  await updateWithRetry(
    client,
    ref,
    object,
    (draft) => {
      if (draft.metadata === undefined || !hasFinalizer(draft, finalizer)) return false;
      draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter((f) => f !== finalizer);
      return true;
    },
    { ignoreNotFound: true },
  );
}
