/** Writes that read again and retry when someone else was faster. */
import { hasReason } from "../core/api-error.ts";
import type { Client, ResourceClient } from "../client/client.ts";
import type { KubeObject } from "../schema/object.ts";
import { mutable } from "../schema/object.ts";
import type { ResourceRef } from "../schema/resource-ref.ts";

export interface UpdateOptions {
  /** `status`: through that subresource. */
  subresource?: "status";
  /** The object is gone: answer it as it was. */
  ignoreNotFound?: boolean;
  /** Attempts in all; 5 as client-go's DefaultRetry. */
  attempts?: number;
  signal?: AbortSignal;
}

/**
 * Lets `change` alter a copy of `object` and writes it. On a conflict the present object is read and `change` is called
 * on it again. `change` answers false when there is nothing to write. An object that was replaced by another of its name
 * (uid) is not touched: that is a conflict.
 */
export async function updateWithRetry<T extends KubeObject>(
  client: Client,
  ref: ResourceRef<T>,
  object: T,
  change: (draft: T) => boolean | void,
  options: UpdateOptions = {},
): Promise<T> {
  const { attempts = 5 } = options;
  const resource: ResourceClient<T> = client.resource(ref, object.metadata?.namespace);
  const call = options.signal === undefined ? {} : { signal: options.signal };
  let present = object;
  for (let attempt = 1; ; attempt++) {
    const draft = mutable(present);
    if (change(draft) === false) return present;
    try {
      return options.subresource === "status" ? await resource.updateStatus(draft, call) : await resource.update(draft, call);
    } catch (error) {
      if (options.ignoreNotFound === true && hasReason(error, "NotFound")) return present;
      if (!hasReason(error, "Conflict") || attempt >= attempts) throw error;
      try {
        present = await resource.get(object.metadata?.name ?? "", call);
      } catch (readError) {
        if (options.ignoreNotFound === true && hasReason(readError, "NotFound")) return present;
        throw readError;
      }
      if (present.metadata?.uid !== object.metadata?.uid) throw error;
    }
  }
}

/** {@link updateWithRetry} of the status. */
export function updateStatusWithRetry<T extends KubeObject>(
  client: Client,
  ref: ResourceRef<T>,
  object: T,
  change: (draft: T) => boolean | void,
  options: Omit<UpdateOptions, "subresource"> = {},
): Promise<T> {
  return updateWithRetry(client, ref, object, change, { ...options, subresource: "status" });
}

/** Merges `status` into the object's status by a patch (strategic where the type has merge keys), without a version check. */
export function patchStatus<T extends KubeObject>(
  client: Client,
  ref: ResourceRef<T>,
  object: KubeObject,
  status: object,
  type: "strategic" | "merge" = "strategic",
): Promise<T> {
  const { namespace, name = "", uid } = object.metadata ?? {};
  // The uid is a precondition: the status of another object of that name is left alone.
  const patch = { ...(uid === undefined ? {} : { metadata: { uid } }), status };
  return client.resource(ref, namespace).patch(name, type, patch, { subresource: "status" });
}
