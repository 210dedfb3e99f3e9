/** Wiring of the protection of volume attributes classes: one that a volume or a claim names is not deleted. */
import type { Controller } from "../../operator/controller.ts";
import { type PersistentVolumeClaim, persistentvolumeclaims, persistentvolumes } from "../../schema/types/core-v1.ts";
import { type VolumeAttributesClass, volumeattributesclasses } from "../../schema/types/storage-v1.ts";
import { protect, protectionStep } from "../protection.ts";

const finalizer = "kubernetes.io/vac-protection";
const byClass = "vac-protection/class";

/** Wanted, present, and on the way. */
export function classesOf({ spec, status }: PersistentVolumeClaim): string[] {
  const named = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
  return [...new Set(named.filter((name) => name !== undefined && name !== ""))] as string[];
}

export function vacProtectionController(): Controller {
  return {
    name: "volumeattributesclass-protection-controller",
    workers: 1,
    setup({ client, informers }, queue) {
      const classes = informers.informer(volumeattributesclasses);
      const volumes = informers.informer(persistentvolumes);
      const claims = informers.informer(persistentvolumeclaims);
      const ofVolume = ({ spec }: { spec?: { volumeAttributesClassName?: string | undefined } | undefined }): string[] =>
        spec?.volumeAttributesClassName ? [spec.volumeAttributesClassName] : [];
      volumes.addIndex(byClass, ofVolume);
      claims.addIndex(byClass, classesOf);
      const enqueue = (named: VolumeAttributesClass): void => {
        if (protectionStep(named, finalizer) !== "none") queue.add(named.metadata?.name ?? "");
      };
      classes.addHandlers({ onAdd: enqueue, onUpdate: enqueue });
      const left = (old: string[], now: string[]): void => old.filter((name) => !now.includes(name)).forEach((name) => queue.add(name));
      volumes.addHandlers({
        onUpdate: (volume, old) => left(ofVolume(old), ofVolume(volume)),
        onDelete: (volume) => left(ofVolume(volume), []),
      });
      claims.addHandlers({
        onUpdate: (claim, old) => left(classesOf(old), classesOf(claim)),
        onDelete: (claim) => left(classesOf(claim), []),
      });
      return async (key, signal) => {
        const named = classes.lister.get("", key);
        if (named === undefined) return;
        const isUsed = (): boolean => volumes.lister.byIndex(byClass, key).length > 0 || claims.lister.byIndex(byClass, key).length > 0;
        await protect({ client, ref: volumeattributesclasses, finalizer, signal }, named, isUsed);
      };
    },
  };
}
