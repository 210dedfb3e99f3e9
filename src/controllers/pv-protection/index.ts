/** Wiring of the protection of volumes: one that is bound is not deleted. */
import type { Controller } from "../../operator/controller.ts";
import { type PersistentVolume, persistentvolumes } from "../../schema/types/core-v1.ts";
import { protect, protectionStep } from "../protection.ts";

const finalizer = "kubernetes.io/pv-protection";

export function pvProtectionController(): Controller {
  return {
    name: "persistentvolume-protection-controller",
    identity: "pv-protection-controller",
    workers: 1,
    setup({ client, informers }, queue) {
      const volumes = informers.informer(persistentvolumes);
      const enqueue = (volume: PersistentVolume): void => {
        if (protectionStep(volume, finalizer) !== "none") queue.add(volume.metadata?.name ?? "");
      };
      volumes.addHandlers({ onAdd: enqueue, onUpdate: enqueue });
      return async (key, signal) => {
        const volume = volumes.lister.get("", key);
        if (volume === undefined) return;
        await protect({ client, ref: persistentvolumes, finalizer, signal }, volume, () => volume.status?.phase === "Bound");
      };
    },
  };
}
