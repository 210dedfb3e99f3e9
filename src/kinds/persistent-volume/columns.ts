import type { PersistentVolume } from "../../schema/types/core-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";
import { accessModesText, storageClassOf } from "../persistent-volume-claim/columns.ts";

export function persistentVolumeCells(volume: PersistentVolume, now: number): unknown[] {
  const { metadata, spec, status } = volume;
  const claim = spec?.claimRef;
  return [
    nameOf(volume),
    spec?.capacity?.["storage"] ?? "0",
    accessModesText(spec?.accessModes),
    spec?.persistentVolumeReclaimPolicy ?? "",
    metadata?.deletionTimestamp === undefined ? (status?.phase ?? "") : "Terminating",
    claim === undefined ? "" : `${claim.namespace ?? ""}/${claim.name ?? ""}`,
    storageClassOf(volume),
    spec?.volumeAttributesClassName ?? "<unset>",
    status?.reason ?? "",
    age(volume, now),
    spec?.volumeMode ?? "<unset>",
  ];
}
