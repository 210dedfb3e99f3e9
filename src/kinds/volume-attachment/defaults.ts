import type { VolumeAttachment } from "../../schema/types/storage-v1.ts";
import { setNetworkDiskDefaults } from "../pod/volume-defaults.ts";
import { roundResourceList } from "../resource-list.ts";

/** Fills in the defaults of a volume written into an attachment, in place. */
export function setVolumeAttachmentDefaults(attachment: VolumeAttachment): void {
  const inline = attachment.spec?.source?.inlineVolumeSpec;
  if (!inline) return;
  roundResourceList(inline.capacity);
  if (inline.hostPath) inline.hostPath.type ??= "";
  setNetworkDiskDefaults(inline);
}
