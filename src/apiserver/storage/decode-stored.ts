/** Stored bytes as objects: JSON, which is what is written here, and the protobuf that upstream writes for built-in kinds. */
import { shareManagedFields } from "../../schema/apply/managed-fields.ts";
import { decodeProtobuf, parseJson, protobufMagic } from "../../schema/codec.ts";
import { internalError } from "../../core/api-error.ts";
import { encryptedDataFault, isEncrypted } from "../encryption/identity.ts";
import type { UnstructuredObject } from "../../schema/object.ts";

/** The object as it was stored, of whichever version. Throws what the codecs throw. */
export function decodeStored(value: Uint8Array): UnstructuredObject {
  if (value[0] === protobufMagic[0] && protobufMagic.every((byte, i) => value[i] === byte))
    return shareManagedFields(decodeProtobuf(value).object);
  if (isEncrypted(value)) throw internalError(encryptedDataFault);
  return shareManagedFields(parseJson(value) as UnstructuredObject);
}
