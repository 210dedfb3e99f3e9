/** What is wrong with a volume attachment. */
import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, forbiddenField, invalidField, required, tooLong } from "../../schema/field-error.ts";
import type { VolumeAttachment, VolumeAttachmentSource, VolumeAttachmentStatus, VolumeError } from "../../schema/types/storage-v1.ts";
import { byteLength, invalidEach, nameIsDnsSubdomain } from "../formats.ts";
import { internalForm } from "../internal-form.ts";
import { validateImmutable } from "../object-meta.ts";
import { validateInlineVolume } from "../persistent-volume/validation.ts";
import { validateCsiDriverName } from "../pod/validation-disks.ts";

const path = new FieldPath("spec");
const statusPath = new FieldPath("status");
/** Of the keys and values of the metadata together, in bytes. */
const metadataLimit = 256 * 1024;
const messageLimit = 1024;

/** Errors of a volume attachment beyond its metadata. */
export function validateVolumeAttachment({ spec, status }: VolumeAttachment): FieldError[] {
  const errors: FieldError[] = [];
  validateCsiDriverName(spec?.attacher ?? "", path.child("attacher"), errors);
  validateSource(spec?.source ?? {}, path.child("source"), errors);
  const node = spec?.nodeName ?? "";
  invalidEach(nameIsDnsSubdomain(node, false), path.child("nodeName"), node, errors);
  if (status) validateStatus(status, errors);
  const volume = spec?.source?.persistentVolumeName;
  if (volume !== undefined) invalidEach(nameIsDnsSubdomain(volume, false), path.child("source", "persistentVolumeName"), volume, errors);
  return errors;
}

/** The whole spec stays as it is. */
export function validateVolumeAttachmentUpdate(attachment: VolumeAttachment, old: VolumeAttachment): FieldError[] {
  const errors = validateVolumeAttachment(attachment);
  validateImmutable(attachment.spec, old.spec, path, errors, internalForm("VolumeAttachmentSpec", attachment.spec));
  return errors;
}

function validateSource(source: VolumeAttachmentSource, at: FieldPath, errors: FieldError[]): void {
  const { inlineVolumeSpec: inline, persistentVolumeName: volume } = source;
  const one = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
  if (inline === undefined && volume === undefined) errors.push(required(at, one));
  else if (inline !== undefined && volume !== undefined) errors.push(forbiddenField(at, one));
  else if (volume === "") errors.push(required(at.child("persistentVolumeName"), "must specify non empty persistentVolumeName"));
  else if (inline !== undefined) validateInlineVolume(inline, at.child("inlineVolumeSpec"), errors);
}

function validateStatus(status: VolumeAttachmentStatus, errors: FieldError[]): void {
  let size = 0;
  for (const [key, value] of Object.entries(status.attachmentMetadata ?? {})) size += byteLength(key) + byteLength(value);
  if (size > metadataLimit) errors.push(tooLong(statusPath.child("attachmentMetadata"), metadataLimit));
  validateError(status.attachError, statusPath.child("attachError"), errors);
  validateError(status.detachError, statusPath.child("detachError"), errors);
}

function validateError(error: VolumeError | undefined, at: FieldPath, errors: FieldError[]): void {
  if (!error) return;
  // Upstream tells the limit of the metadata here.
  if (byteLength(error.message ?? "") > messageLimit) errors.push(tooLong(at.child("message"), metadataLimit));
  const code = error.errorCode;
  if (code !== undefined && code < 0) {
    errors.push(invalidField(at.child("errorCode"), code, "must be between 0 and 2147483647, inclusive"));
  }
}
