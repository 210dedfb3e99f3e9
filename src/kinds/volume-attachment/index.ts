import type { VolumeAttachment } from "../../schema/types/storage-v1.ts";
import { volumeattachments } from "../../schema/types/storage-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { keepField, keepMetadata } from "../update-rules.ts";
import { volumeAttachmentCells } from "./columns.ts";
import { setVolumeAttachmentDefaults } from "./defaults.ts";
import { validateVolumeAttachment, validateVolumeAttachmentUpdate } from "./validation.ts";

export const volumeAttachmentKind: Kind = kind<VolumeAttachment>({
  ref: volumeattachments,
  metadataOnUpdate: ["whole"],
  metadataOnStatusUpdate: ["whole"],
  setDefaults: setVolumeAttachmentDefaults,
  allowUnconditionalUpdate: false,
  prepareForCreate(attachment) {
    attachment.status = { attached: false };
  },
  prepareForUpdate(attachment, old) {
    keepField(attachment, old, "status");
  },
  prepareForStatusUpdate(attachment, old) {
    keepField(attachment, old, "spec");
    keepMetadata(attachment, old);
  },
  validateCreate: validateVolumeAttachment,
  validateUpdate: validateVolumeAttachmentUpdate,
  validateStatusUpdate: validateVolumeAttachmentUpdate,
  cells: volumeAttachmentCells,
});
