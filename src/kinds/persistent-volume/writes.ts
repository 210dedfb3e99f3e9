import type { PersistentVolume } from "../../schema/types/core-v1.ts";
import { formatSeconds } from "../../schema/time.ts";
import type { Kind } from "../kind.ts";
import { keepField } from "../update-rules.ts";

export const persistentVolumeWrites: Pick<Kind<PersistentVolume>, "prepareForCreate" | "prepareForUpdate" | "prepareForStatusUpdate"> = {
  prepareForCreate(volume): void {
    const since = volume.metadata?.creationTimestamp;
    volume.status = { phase: "Pending", ...(since === undefined ? {} : { lastPhaseTransitionTime: since }) };
  },
  prepareForUpdate(volume, old): void {
    keepField(volume, old, "status");
  },
  prepareForStatusUpdate(volume, old): void {
    keepField(volume, old, "spec");
    const { status } = volume;
    if (!status) return;
    const before = old.status?.lastPhaseTransitionTime;
    const phaseChanged = (status.phase ?? "") !== (old.status?.phase ?? "");
    if (!phaseChanged && before !== undefined) status.lastPhaseTransitionTime ??= before;
    if (phaseChanged && (status.lastPhaseTransitionTime ?? before) === before) {
      // The one hook that has to know the time.
      const now = formatSeconds(Math.floor(Date.now() / 1000));
      if (now !== null) status.lastPhaseTransitionTime = now;
    }
  },
};
