/** What the protection controllers share: an object that is used keeps a finalizer, and goes when its last user has gone. */
import type { Client } from "../client/client.ts";
import { hasReason } from "../core/api-error.ts";
import type { KubeObject } from "../schema/object.ts";
import type { ResourceRef } from "../schema/resource-ref.ts";

export type Step = "add" | "release" | "none";

/** What an object's finalizer asks for. `release`: it is to be taken away as soon as nothing uses the object. */
export function protectionStep({ metadata }: KubeObject, finalizer: string): Step {
  const has = metadata?.finalizers?.includes(finalizer) === true;
  if (metadata?.deletionTimestamp === undefined) return has ? "none" : "add";
  return has ? "release" : "none";
}

/** Does the step that is due. `isUsed` is asked of objects that are to be deleted alone. */
export async function protect<T extends KubeObject>(
  { client, ref, finalizer, signal }: { client: Client; ref: ResourceRef<T>; finalizer: string; signal: AbortSignal },
  object: T,
  isUsed: () => boolean | Promise<boolean>,
): Promise<void> {
  const step = protectionStep(object, finalizer);
  if (step === "none" || (step === "release" && (await isUsed()))) return;
  const { metadata } = object;
  const others = (metadata?.finalizers ?? []).filter((f) => f !== finalizer);
  const finalizers = step === "add" ? [...others, finalizer] : others;
  try {
    await client.resource(ref, metadata?.namespace ?? "").update({ ...object, metadata: { ...metadata, finalizers } }, { signal });
  } catch (error) {
    if (!hasReason(error, "NotFound")) throw error;
  }
}
