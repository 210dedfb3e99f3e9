/** Names that dynamic resource allocation has: of pools, attributes, shares; and the sizes it allows. */
import { dns1123Subdomain, cIdentifier } from "../../core/names.ts";
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { duplicate, invalidField, required, tooLong, tooMany } from "../../schema/field-error.ts";
import { byteLength, invalidEach } from "../formats.ts";
import { validateCsiDriverName } from "../pod/validation-disks.ts";

const poolNameLimit = 253;
const identifierLimit = 32;
/** Of a domain, a slash and an identifier: longer keys are shown cut. */
export const attributeKeyLength: number = 63 + 1 + identifierLimit;

export function validatePoolName(name: string | undefined, path: FieldPath, errors: FieldError[]): void {
  if (!name) {
    errors.push(required(path));
    return;
  }
  if (byteLength(name) > poolNameLimit) errors.push(tooLong(path, poolNameLimit));
  for (const part of name.split("/")) invalidEach(dns1123Subdomain(part), path, part, errors);
}

/** `name`, or `example.com/name`. */
export function validateAttributeName(name: string, path: FieldPath, errors: FieldError[]): void {
  const parts = name.split("/");
  const [first = "", second = ""] = parts;
  if (parts.length === 1) validateIdentifier(first, path, errors);
  if (parts.length !== 2) return;
  if (first === "") errors.push(invalidField(path, "", "the domain must not be empty"));
  else validateCsiDriverName(first, path, errors);
  if (second === "") errors.push(invalidField(path, "", "the name must not be empty"));
  else validateIdentifier(second, path, errors);
}

/** `example.com/name`. */
export function validateFullAttributeName(name: string, path: FieldPath, errors: FieldError[]): void {
  validateAttributeName(name, path, errors);
  if (!name.includes("/")) {
    errors.push(invalidField(path, name, "a fully qualified name must be a domain and a name separated by a slash"));
  }
}

function validateIdentifier(id: string, path: FieldPath, errors: FieldError[]): void {
  if (byteLength(id) > identifierLimit) errors.push(tooLong(path, identifierLimit));
  invalidEach(cIdentifier(id), path, id, errors);
}

const anyUuid = /^(?:urn:uuid:)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const bracedUuid = /^.[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}.$/i;
const plainUuid = /^[0-9a-f]{32}$/i;

/** A share's UID: the messages of `google/uuid` for what is none. */
export function validateShareId(id: string, path: FieldPath, errors: FieldError[]): void {
  const fault = uuidFault(id);
  if (fault !== undefined) errors.push(invalidField(path, id, `error validating uid: ${fault}`));
  else if (byteLength(id) !== 36 || id !== id.toLowerCase()) {
    const form = "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters";
    errors.push(invalidField(path, id, form));
  }
}

function uuidFault(id: string): string | undefined {
  switch (byteLength(id)) {
    case 36:
      return anyUuid.test(id) ? undefined : "invalid UUID format";
    case 45:
      if (!id.toLowerCase().startsWith("urn:uuid:")) return `invalid urn prefix: ${JSON.stringify(id.slice(0, 9))}`;
      return anyUuid.test(id) ? undefined : "invalid UUID format";
    case 38:
      if (!id.startsWith("{") || !id.endsWith("}")) return "invalid bracketed UUID format";
      return bracedUuid.test(id) ? undefined : "invalid UUID format";
    case 32:
      return plainUuid.test(id) ? undefined : "invalid UUID format";
    default:
      return `invalid UUID length: ${byteLength(id)}`;
  }
}

export type ValidateItem<T> = (item: T, path: FieldPath, errors: FieldError[]) => void;

/** Each item of a list that is not too long; null is what Go writes for a list that is absent and must be there. Of a longer one nothing else is told. */
export function validateList<T>(
  items: readonly T[] | null | undefined,
  max: number,
  path: FieldPath,
  errors: FieldError[],
  validate: ValidateItem<T>,
): void {
  if (!items) return;
  if (items.length > max) errors.push(tooMany(path, items.length, max));
  else items.forEach((item, i) => validate(item, path.index(i), errors));
}

/** The same of a list whose items differ by their keys. */
export function validateSet<T>(
  items: readonly T[] | null | undefined,
  max: number,
  path: FieldPath,
  errors: FieldError[],
  validate: ValidateItem<T>,
  keyOf: (item: T) => unknown,
): void {
  if (!items) return;
  validateList(items, max, path, errors, validate);
  if (items.length > max) return;
  const seen = new Set<string>();
  items.forEach((item, i) => {
    const key = keyOf(item);
    const text = JSON.stringify(key);
    if (seen.has(text)) errors.push(duplicate(path.index(i), key));
    seen.add(text);
  });
}

/** Keys and values of a map. `cut`: keys longer than this are shown without their middle. */
export function validateMap<T>(
  map: Readonly<Record<string, T>> | undefined,
  limits: { readonly max: number; readonly cut: number },
  path: FieldPath,
  errors: FieldError[],
  validateKey: ValidateItem<string>,
  validate: ValidateItem<T>,
): void {
  const entries = Object.entries(map ?? {});
  if (entries.length > limits.max) {
    errors.push(tooMany(path, entries.length, limits.max));
    return;
  }
  for (const [key, item] of entries) {
    validateKey(key, path, errors);
    validate(item, path.key(shortened(key, limits.cut)), errors);
  }
}

function shortened(text: string, max: number): string {
  if (text.length <= max) return text;
  const rest = max - 3;
  return `${text.slice(0, Math.floor((rest + 1) / 2))}...${text.slice(text.length - Math.floor(rest / 2))}`;
}
