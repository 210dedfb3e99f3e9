import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, forbiddenField, invalidField, tooLong } from "../../schema/field-error.ts";
import type { ConfigMap } from "../../schema/types/core-v1.ts";
import { byteLength, configMapKey, invalidEach, nameIsDnsSubdomain } from "../formats.ts";
import { validateObjectMeta } from "../object-meta.ts";
import { semanticEqual } from "../semantic-equal.ts";

/** The data of a config map or a secret together, in bytes. */
export const maxDataSize: number = 1024 * 1024;

const dataPath = new FieldPath("data");
const binaryPath = new FieldPath("binaryData");

/** Bytes that a base64 text stands for. */
export function base64Length(text: string): number {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  return Math.floor((text.length * 3) / 4) - padding;
}

/** Errors of a config map beyond its metadata. */
export function validateConfigMap(map: ConfigMap): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const key in map.data) {
    const messages = configMapKey(key);
    if (messages.length > 0) invalidEach(messages, dataPath.key(key), key, errors);
    if (map.binaryData && key in map.binaryData) {
      errors.push(invalidField(dataPath.key(key), key, "duplicate of key present in binaryData"));
    }
    size += byteLength(map.data[key] as string);
  }
  for (const key in map.binaryData) {
    invalidEach(configMapKey(key), binaryPath.key(key), key, errors);
    size += base64Length(map.binaryData[key] as string);
  }
  if (size > maxDataSize) errors.push(tooLong(new FieldPath("[]"), maxDataSize));
  return errors;
}

export function validateConfigMapUpdate(map: ConfigMap, old: ConfigMap): FieldError[] {
  const errors: FieldError[] = [];
  if (old.immutable === true) {
    const detail = "field is immutable when `immutable` is set";
    if (map.immutable !== true) errors.push(forbiddenField(new FieldPath("immutable"), detail));
    if (!semanticEqual(map.data ?? {}, old.data ?? {})) errors.push(forbiddenField(dataPath, detail));
    if (!semanticEqual(map.binaryData ?? {}, old.binaryData ?? {})) errors.push(forbiddenField(binaryPath, detail));
  }
  errors.push(...validateObjectMeta(map.metadata, true, nameIsDnsSubdomain), ...validateConfigMap(map));
  return errors;
}
