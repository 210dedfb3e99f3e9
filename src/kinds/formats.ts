/** Small value formats that validators share, with upstream's messages. Names and labels are in `schema/names.ts`. */
import type { FieldError, FieldPath } from "../schema/field-error.ts";
import { invalidField, required } from "../schema/field-error.ts";
import { dns1123Label, dns1123Subdomain, dns1035Label, portName, qualifiedName } from "../schema/names.ts";

const none: readonly string[] = Object.freeze([]);

export function regexError(message: string, pattern: string, ...examples: string[]): string {
  if (examples.length === 0) return `${message} (regex used for validation is '${pattern}')`;
  const list = examples.map((e, i) => `${i > 0 ? " or " : ""}'${e}', `).join("");
  return `${message} (e.g. ${list}regex used for validation is '${pattern}')`;
}

export function maxLengthError(length: number): string {
  return `must be no more than ${length} characters`;
}

export function inclusiveRangeError(low: number, high: number): string {
  return `must be between ${low} and ${high}, inclusive`;
}

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

export function portNumber(port: number): readonly string[] {
  return port >= 1 && port <= 65535 ? none : [inclusiveRangeError(1, 65535)];
}

const maxId = 2147483647;

/** User and group ids have the same range. */
export function posixId(id: number): readonly string[] {
  return id >= 0 && id <= maxId ? none : [inclusiveRangeError(0, maxId)];
}

/** What is wrong with a path element that begins with dots. */
function dotPrefix(value: string): string | undefined {
  if (value === ".") return "must not be '.'";
  if (value === "..") return "must not be '..'";
  if (value.startsWith("..")) return "must not start with '..'";
  return undefined;
}

const configMapKeyPattern = "[-._a-zA-Z0-9]+";
const configMapKeyRegex = /^[-._a-zA-Z0-9]+$/;

export function configMapKey(value: string): readonly string[] {
  const dots = dotPrefix(value);
  if (dots === undefined && value.length <= 253 && configMapKeyRegex.test(value)) return none;
  const messages: string[] = [];
  if (byteLength(value) > 253) messages.push(maxLengthError(253));
  if (!configMapKeyRegex.test(value)) {
    messages.push(
      regexError(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        configMapKeyPattern,
        "key.name",
        "KEY_NAME",
        "key-name",
      ),
    );
  }
  if (dots !== undefined) messages.push(dots);
  return messages;
}

const relaxedEnvNameRegex = /^[\x20-\x3c\x3e-\x7e]+$/;

/** Environment variable names since KEP-4369: any printable ASCII but `=`. */
export function relaxedEnvVarName(value: string): readonly string[] {
  if (relaxedEnvNameRegex.test(value)) return none;
  return value === ""
    ? ["environment variable name must be non-empty"]
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

const httpHeaderNameRegex = /^[-A-Za-z0-9]+$/;

export function httpHeaderName(value: string): readonly string[] {
  return httpHeaderNameRegex.test(value)
    ? none
    : [regexError("a valid HTTP header must consist of alphanumeric characters or '-'", "[-A-Za-z0-9]+", "X-Header-Name")];
}

const percentRegex = /^[0-9]+%$/;

export function percentString(value: string): readonly string[] {
  return percentRegex.test(value)
    ? none
    : [regexError("a valid percent string must be a numeric string followed by an ending '%'", "[0-9]+%", "1%", "93%")];
}

const subdomainPattern = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const wildcardRegex = /^\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

export function wildcardSubdomain(value: string): readonly string[] {
  const messages: string[] = [];
  if (byteLength(value) > 253) messages.push(maxLengthError(253));
  if (!wildcardRegex.test(value)) {
    messages.push(
      regexError(
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
        `\\*\\.${subdomainPattern}`,
        "*.example.com",
      ),
    );
  }
  return messages;
}

const underscoreLabel = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const underscoreRegex = /^_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*$/;

/** DNS search paths may hold underscores (KEP-4427). */
export function subdomainWithUnderscore(value: string): readonly string[] {
  const messages: string[] = [];
  if (byteLength(value) > 253) messages.push(maxLengthError(253));
  if (!underscoreRegex.test(value)) {
    messages.push(
      regexError(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
        `${underscoreLabel}(\\.${underscoreLabel})*`,
        "example.com",
      ),
    );
  }
  return messages;
}

/** What an object's name may never be, whatever its kind: it is one segment of a URL path. */
export function pathSegment(name: string, prefix: boolean): string[] {
  if (!prefix) {
    if (name === ".") return ["may not be '.'"];
    if (name === "..") return ["may not be '..'"];
  }
  const messages: string[] = [];
  if (name.includes("/")) messages.push("may not contain '/'");
  if (name.includes("%")) messages.push("may not contain '%'");
  return messages;
}

/** A generateName ends in a dash, which the name itself may not. */
function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith("-") ? `${name.slice(0, -2)}a` : name;
}

export function nameIsDnsSubdomain(name: string, prefix: boolean): string[] {
  return dns1123Subdomain(prefix ? maskTrailingDash(name) : name) as string[];
}

export function nameIsDnsLabel(name: string, prefix: boolean): string[] {
  return dns1123Label(prefix ? maskTrailingDash(name) : name) as string[];
}

export function nameIsDns1035Label(name: string, prefix: boolean): string[] {
  return dns1035Label(prefix ? maskTrailingDash(name) : name) as string[];
}

/** Adds an `Invalid value` error for every message. */
export function invalidEach(messages: readonly string[], path: FieldPath, value: unknown, errors: FieldError[], origin?: string): void {
  for (const message of messages) errors.push(invalidField(path, value, message, origin));
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
  if (!httpPathRegex.test(rest)) errors.push(invalidField(path, rest, regexError("Invalid path", httpPathPattern)));
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
