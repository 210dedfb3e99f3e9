import type { PersistentVolumeClaim } from "../../schema/types/core-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function claimCells(claim: PersistentVolumeClaim, now: number): unknown[] {
  const { metadata, spec, status } = claim;
  const bound = (spec?.volumeName ?? "") !== "";
  return [
    nameOf(claim),
    metadata?.deletionTimestamp === undefined ? (status?.phase ?? "") : "Terminating",
    spec?.volumeName ?? "",
    bound ? (status?.capacity?.["storage"] ?? "0") : "",
    bound ? accessModesText(status?.accessModes) : "",
    storageClassOf(claim),
    spec?.volumeAttributesClassName ?? "<unset>",
    age(claim, now),
    spec?.volumeMode ?? "<unset>",
  ];
}

const shortModes: readonly (readonly [mode: string, short: string])[] = [
  ["ReadWriteOnce", "RWO"],
  ["ReadOnlyMany", "ROX"],
  ["ReadWriteMany", "RWX"],
  ["ReadWriteOncePod", "RWOP"],
];

export function accessModesText(modes: readonly string[] | undefined): string {
  return shortModes.flatMap(([mode, short]) => (modes?.includes(mode) === true ? [short] : [])).join(",");
}

/** The class of a claim or a volume; the annotation is the older way to name it. */
export function storageClassOf(
  object: Pick<PersistentVolumeClaim, "metadata"> & { spec?: { storageClassName?: string | undefined } | undefined },
): string {
  return object.metadata?.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? object.spec?.storageClassName ?? "";
}
