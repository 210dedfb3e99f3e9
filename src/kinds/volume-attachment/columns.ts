import type { VolumeAttachment } from "../../schema/types/storage-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function volumeAttachmentCells(attachment: VolumeAttachment, now: number): unknown[] {
  const { spec, status } = attachment;
  const volume = spec.source.persistentVolumeName ?? "";
  return [nameOf(attachment), spec.attacher, volume, spec.nodeName, status?.attached ?? false, age(attachment, now)];
}
