/** What stands in the store for an object that is encrypted by KMS v2: upstream's protobuf message `EncryptedObject`. */
import { dns1123Subdomain } from "../../../core/names.ts";
import { ProtobufError, ProtobufReader } from "../../../schema/protobuf-reader.ts";
import { TransformError } from "../transformer.ts";

/** How the data key comes from its source: it is the source, or is derived from it for each value. */
export const sourceType = { key: 0, seed: 1 } as const;

/** The data key's source as the KMS returned it, and by which key. */
export interface EncryptedSource {
  readonly keyId: string;
  readonly source: Uint8Array;
  readonly annotations: ReadonlyMap<string, Uint8Array>;
  readonly type: number;
}

export interface EncryptedObject extends EncryptedSource {
  readonly data: Uint8Array;
}

const maxKeyId = 1024;
const maxSource = 1024;
const maxAnnotations = 32 * 1024;

/** What is wrong with a key's name; undefined: nothing. */
export function keyIdFault(keyId: string): { readonly code: "empty" | "too_long"; readonly message: string } | undefined {
  const size = Buffer.byteLength(keyId);
  if (size === 0) return { code: "empty", message: "keyID is empty" };
  if (size <= maxKeyId) return undefined;
  return { code: "too_long", message: `keyID is ${size} bytes, which exceeds the max size of ${maxKeyId}` };
}

/** Throws TransformError for what a KMS must not answer. */
export function checkEncryptedSource({ keyId, source, annotations, type }: EncryptedSource): void {
  if (type !== sourceType.key && type !== sourceType.seed) throw new TransformError(`unknown encryptedDEKSourceType: ${type}`);
  const invalid = "failed to validate encrypted DEK source: encrypted DEK source is";
  if (source.length === 0) throw new TransformError(`${invalid} empty`);
  if (source.length > maxSource) throw new TransformError(`${invalid} ${source.length} bytes, which exceeds the max size of ${maxSource}`);
  const fault = keyIdFault(keyId);
  if (fault !== undefined) throw new TransformError(`failed to validate key id: ${fault.message}`);
  let total = 0;
  for (const [name, value] of annotations) {
    const faults = dns1123Subdomain(name);
    if (faults.length === 0 && !name.includes(".")) faults.push("should be a domain with at least two segments separated by dots");
    if (faults.length > 0) {
      throw new TransformError(`failed to validate annotations: annotations: Invalid value: ${JSON.stringify(name)}: ${faults.join(", ")}`);
    }
    total += Buffer.byteLength(name) + value.length;
  }
  if (total > maxAnnotations) {
    throw new TransformError(
      `failed to validate annotations: total size of annotations is ${total}, which exceeds the max size of ${maxAnnotations}`,
    );
  }
}

/** Throws TransformError. */
export function decodeEncryptedObject(bytes: Uint8Array): EncryptedObject {
  let data = new Uint8Array();
  let keyId = "";
  let source = new Uint8Array();
  let type = 0;
  const annotations = new Map<string, Uint8Array>();
  try {
    const reader = new ProtobufReader(bytes);
    while (reader.at < reader.end) {
      const tag = reader.uint32();
      if (tag === 0x0a) data = Uint8Array.from(reader.bytes());
      else if (tag === 0x12) keyId = reader.string();
      else if (tag === 0x1a) source = Uint8Array.from(reader.bytes());
      else if (tag === 0x22) annotations.set(...readAnnotation(reader.bytes()));
      else if (tag === 0x28) type = reader.uint32();
      else reader.skip(tag & 7);
    }
  } catch (error) {
    if (error instanceof ProtobufError) throw new TransformError(`proto: cannot parse invalid wire-format data: ${error.message}`);
    throw error;
  }
  if (data.length === 0) throw new TransformError("encrypted data is empty");
  const object = { data, keyId, source, annotations, type };
  checkEncryptedSource(object);
  return object;
}

function readAnnotation(bytes: Uint8Array): [string, Uint8Array] {
  const reader = new ProtobufReader(bytes);
  let name = "";
  let value = new Uint8Array();
  while (reader.at < reader.end) {
    const tag = reader.uint32();
    if (tag === 0x0a) name = reader.string();
    else if (tag === 0x12) value = Uint8Array.from(reader.bytes());
    else reader.skip(tag & 7);
  }
  return [name, value];
}

export function encodeEncryptedObject({ data, keyId, source, annotations, type }: EncryptedObject): Buffer {
  return Buffer.concat([
    field(0x0a, data),
    field(0x12, Buffer.from(keyId)),
    field(0x1a, source),
    ...[...annotations].map(([name, value]) => field(0x22, Buffer.concat([field(0x0a, Buffer.from(name)), field(0x12, value)]))),
    ...(type === 0 ? [] : [Buffer.from([0x28, type])]),
  ]);
}

function field(tag: number, value: Uint8Array): Buffer {
  const head = [tag];
  let { length } = value;
  for (; length > 127; length >>>= 7) head.push((length & 127) | 128);
  return Buffer.concat([Buffer.from([...head, length]), value]);
}

/** Equal texts for equal sources: what decrypted keys are kept under. */
export function sourceKey({ keyId, source, annotations, type }: EncryptedSource): string {
  const parts = [...annotations]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${Buffer.from(value).toString("base64")}`);
  return [type, Buffer.from(source).toString("base64"), JSON.stringify(keyId), ...parts].join(" ");
}
