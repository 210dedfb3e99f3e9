/** Volumes note when their phase changed last (KEP-3762). */
import { formatTime } from "../core/clock.ts";
import type { PersistentVolume } from "../schema/types/core-v1.ts";
import type { Special } from "./special.ts";

export const persistentVolumes: Special = {
  strategy: (base) => ({
    ...base,
    prepareForCreate: (context, object) => {
      base.prepareForCreate?.(context, object);
      const volume = object as unknown as PersistentVolume;
      volume.status = { ...volume.status, lastPhaseTransitionTime: formatTime(context.now) };
    },
  }),
  status: (base) => ({
    ...base,
    prepareForUpdate: (context, object, old) => {
      base.prepareForUpdate?.(context, object, old);
      const { status } = object as unknown as PersistentVolume;
      const before = (old as unknown as PersistentVolume).status;
      if (status === undefined) return;
      const given = status.lastPhaseTransitionTime;
      if (status.phase === before?.phase) {
        if (!given && before?.lastPhaseTransitionTime) status.lastPhaseTransitionTime = before.lastPhaseTransitionTime;
      } else if (!given || given === before?.lastPhaseTransitionTime) status.lastPhaseTransitionTime = formatTime(context.now);
    },
  }),
};
