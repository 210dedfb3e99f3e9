/** Small value formats that validators share, with upstream's messages. Names and labels are in `schema/names.ts`. */
import type { FieldError, FieldPath } from "../schema/field-error.ts";
import { invalidField, required } from "../schema/field-error.ts";
import { dns1123Label, dns1123Subdomain, portName, portNumber, qualifiedName, regexMessage } from "../core/names.ts";

export {
  configMapKey,
  dns1123SubdomainWithUnderscore as subdomainWithUnderscore,
  httpHeaderName,
  nameIsDns1035Label,
  nameIsDnsLabel,
  nameIsDnsSubdomain,
  nameIsPathSegment as pathSegment,
  percent as percentString,
  portNumber,
  rangeMessage as inclusiveRangeError,
  regexMessage as regexError,
  relaxedEnvVarName,
  userId as posixId,
  wildcardDns1123Subdomain as wildcardSubdomain,
} from "../core/names.ts";

/** Length in UTF-8 bytes, as Go's `len` counts. */
export function byteLength(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else if (unit >= 0xd800 && unit <= 0xdbff) {
      // A surrogate pair is four bytes and was counted as two units.
      bytes += 2;
      i++;
    } else bytes += 2;
  }
  return bytes;
}

/** Adds an `Invalid value` error for every message. */
export function invalidEach(messages: readonly string[], path: FieldPath, value: unknown, errors: FieldError[], origin?: string): void {
  for (const message of messages) errors.push(invalidField(path, value, message, origin));
}

/** An `Invalid value` error that keeps the value to itself. */
export function invalidWithoutValue(path: FieldPath, detail: string): FieldError {
  return { ...invalidField(path, "", detail), body: `Invalid value: ${detail}` };
}

export function validateDnsLabel(value: string, path: FieldPath, errors: FieldError[]): void {
  invalidEach(dns1123Label(value), path, value, errors, "format=k8s-short-name");
}

export function validateDnsSubdomain(value: string, path: FieldPath, errors: FieldError[]): void {
  invalidEach(dns1123Subdomain(value), path, value, errors, "format=k8s-long-name");
}

export function validateQualifiedName(value: string, path: FieldPath, errors: FieldError[]): void {
  invalidEach(qualifiedName(value), path, value, errors, "format=qualified-name");
}

export const negativeMessage = "must be greater than or equal to 0";

export function validateNonnegative(value: number | undefined, path: FieldPath, errors: FieldError[]): void {
  if (value !== undefined && value < 0) errors.push(invalidField(path, value, negativeMessage, "minimum"));
}

export function validatePositive(value: number, path: FieldPath, errors: FieldError[]): void {
  if (value <= 0) errors.push(invalidField(path, value, "must be greater than zero", "minimum"));
}

/** A port as number or as name (`IntOrString`). */
export function validatePortNumberOrName(port: number | string | undefined, path: FieldPath, errors: FieldError[]): void {
  if (typeof port === "string") invalidEach(portName(port), path, port, errors);
  else invalidEach(portNumber(port ?? 0), path, port ?? 0, errors);
}

/** `example.com/name`: a qualified name that has a prefix. */
export function validateDomainPrefixedKey(key: string, path: FieldPath, errors: FieldError[]): void {
  if (key === "") {
    errors.push(required(path));
    return;
  }
  const messages = qualifiedName(key);
  invalidEach(messages, path, key, errors);
  if (messages.length === 0 && !key.includes("/")) {
    errors.push(invalidField(path, key, 'must be a domain-prefixed key (such as "acme.io/foo")'));
  }
}

const httpPathPattern = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const httpPathRegex = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;

/** `acme.io/foo`, as ingress class controllers and managedBy fields want it. */
export function validateDomainPrefixedPath(value: string, path: FieldPath, errors: FieldError[]): void {
  if (value === "") {
    errors.push(required(path));
    return;
  }
  const slash = value.indexOf("/");
  const host = slash < 0 ? "" : value.slice(0, slash);
  const rest = slash < 0 ? "" : value.slice(slash + 1);
  if (host === "" || rest === "") {
    errors.push(invalidField(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")'));
    return;
  }
  invalidEach(dns1123Subdomain(host), path, host, errors);
  if (!httpPathRegex.test(rest)) errors.push(invalidField(path, rest, regexMessage("Invalid path", httpPathPattern)));
}

/** A name of at least three segments (`crd.group.example`), as signers and API services carry. */
export function validateFullyQualifiedName(name: string, path: FieldPath, errors: FieldError[]): void {
  if (name === "") {
    errors.push(required(path));
    return;
  }
  const messages = dns1123Subdomain(name);
  if (messages.length > 0) errors.push(invalidField(path, name, messages.join(",")));
  else if (name.split(".").length < 3) {
    errors.push(invalidField(path, name, "should be a domain with at least three segments separated by dots"));
  }
}
