/**
 * What names, labels, keys and ports may look like, with upstream's messages
 * (`k8s.io/apimachinery/pkg/util/validation`, `api/validate/content`). Each function returns the messages of what is wrong;
 * none means that the value is valid. Lengths count UTF-8 bytes.
 */
const byteLength = (value: string): number => Buffer.byteLength(value);

export function maxLengthMessage(length: number): string {
  return `must be no more than ${length} characters`;
}

function maxBytesMessage(length: number): string {
  return `must be no more than ${length} bytes`;
}

export function rangeMessage(low: number, high: number): string {
  return `must be between ${low} and ${high}, inclusive`;
}

export const emptyMessage = "must be non-empty";

/** `MESSAGE (e.g. 'a',  or 'b', regex used for validation is '…')` */
export function regexMessage(message: string, regex: string, ...examples: string[]): string {
  if (examples.length === 0) return `${message} (regex used for validation is '${regex}')`;
  return `${message} (e.g. ${examples.map((e) => `'${e}', `).join(" or ")}regex used for validation is '${regex}')`;
}

interface Format {
  readonly source: string;
  readonly regex: RegExp;
  readonly message: string;
  readonly examples: readonly string[];
}

function format(source: string, message: string, ...examples: string[]): Format {
  return { source, regex: new RegExp(`^(?:${source})$`), message, examples };
}

const mismatchOf = (f: Format): string => regexMessage(f.message, f.source, ...f.examples);

const labelFormat = format(
  "[a-z0-9]([-a-z0-9]*[a-z0-9])?",
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  "my-name",
  "123-abc",
);
const subdomainFormat = format(
  `${labelFormat.source}(\\.${labelFormat.source})*`,
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  "example.com",
);
const caselessSubdomainFormat: Format = {
  ...format(
    subdomainFormat.source,
    "an RFC 1123 subdomain must consist of alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    "Example.com",
  ),
  regex: new RegExp(`^(?:${subdomainFormat.source})$`, "i"),
};
const underscoreLabel = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const underscoreSubdomainFormat = format(
  `${underscoreLabel}(\\.${underscoreLabel})*`,
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
  "example.com",
);
const dns1035Format = format(
  "[a-z]([-a-z0-9]*[a-z0-9])?",
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  "my-name",
  "abc-123",
);
const wildcardFormat = format(
  `\\*\\.${subdomainFormat.source}`,
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  "*.example.com",
);

function check(value: string, f: Format, longest: number): string[] {
  const messages: string[] = [];
  if (byteLength(value) > longest) messages.push(maxLengthMessage(longest));
  if (!f.regex.test(value)) messages.push(mismatchOf(f));
  return messages;
}

export function dns1123Label(value: string): string[] {
  const messages: string[] = [];
  if (byteLength(value) > 63) messages.push(maxLengthMessage(63));
  if (!labelFormat.regex.test(value)) {
    messages.push(subdomainFormat.regex.test(value) ? "must not contain dots" : mismatchOf(labelFormat));
  }
  return messages;
}

export function dns1123Subdomain(value: string): string[] {
  return check(value, subdomainFormat, 253);
}

export function dns1123SubdomainCaseless(value: string): string[] {
  const messages = byteLength(value) > 253 ? [maxBytesMessage(253)] : [];
  if (!caselessSubdomainFormat.regex.test(value)) messages.push(mismatchOf(caselessSubdomainFormat));
  return messages;
}

export function dns1123SubdomainWithUnderscore(value: string): string[] {
  return check(value, underscoreSubdomainFormat, 253);
}

export function dns1035Label(value: string): string[] {
  return check(value, dns1035Format, 63);
}

export function wildcardDns1123Subdomain(value: string): string[] {
  return check(value, wildcardFormat, 253);
}

const nameFormat = format(
  "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]",
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  "MyName",
  "my.name",
  "123-abc",
);

/** A label key: an optional DNS subdomain and `/`, then a name of at most 63 bytes. */
export function qualifiedName(value: string): string[] {
  const parts = value.split("/");
  if (parts.length > 2) {
    return [`a valid label key ${mismatchOf(nameFormat)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const messages: string[] = [];
  const name = parts.at(-1) as string;
  if (parts.length === 2) {
    const prefix = parts[0] as string;
    if (prefix === "") messages.push(`prefix part ${emptyMessage}`);
    else {
      if (byteLength(prefix) > 253) messages.push(`prefix part ${maxBytesMessage(253)}`);
      if (!subdomainFormat.regex.test(prefix)) messages.push(`prefix part ${mismatchOf(subdomainFormat)}`);
    }
  }
  if (name === "") messages.push(`name part ${emptyMessage}`);
  else if (byteLength(name) > 63) messages.push(`name part ${maxBytesMessage(63)}`);
  if (!nameFormat.regex.test(name)) messages.push(`name part ${mismatchOf(nameFormat)}`);
  return messages;
}

const labelValueFormat = format(
  `(${nameFormat.source})?`,
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  "MyValue",
  "my_value",
  "12345",
);

export function labelValue(value: string): string[] {
  const messages = byteLength(value) > 63 ? [maxBytesMessage(63)] : [];
  if (!labelValueFormat.regex.test(value)) messages.push(mismatchOf(labelValueFormat));
  return messages;
}

const cIdentifierFormat = format(
  "[A-Za-z_][A-Za-z0-9_]*",
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
  "my_name",
  "MY_NAME",
  "MyName",
);

export function cIdentifier(value: string): string[] {
  return cIdentifierFormat.regex.test(value) ? [] : [mismatchOf(cIdentifierFormat)];
}

function changesDirectory(value: string): string[] {
  if (value === ".") return ["must not be '.'"];
  if (value === "..") return ["must not be '..'"];
  return value.startsWith("..") ? ["must not start with '..'"] : [];
}

const envVarFormat = format(
  "[-._a-zA-Z][-._a-zA-Z0-9]*",
  "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
  "my.env-name",
  "MY_ENV.NAME",
  "MyEnvName1",
);

export function envVarName(value: string): string[] {
  return [...(envVarFormat.regex.test(value) ? [] : [mismatchOf(envVarFormat)]), ...changesDirectory(value)];
}

/** What upstream accepts since 1.32: printable ASCII other than `=`. */
export function relaxedEnvVarName(value: string): string[] {
  const messages = value === "" ? [`environment variable name ${emptyMessage}`] : [];
  if (!/^[\x20-\x3c\x3e-\x7e]*$/.test(value)) {
    messages.push("a valid environment variable name must consist only of printable ASCII characters other than '='");
  }
  return messages;
}

const configMapKeyFormat = format(
  "[-._a-zA-Z0-9]+",
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  "key.name",
  "KEY_NAME",
  "key-name",
);

export function configMapKey(value: string): string[] {
  return [...check(value, configMapKeyFormat, 253), ...changesDirectory(value)];
}

/** A port's name: at most 15 characters, as RFC 6335 has service names. */
export function portName(value: string): string[] {
  const messages: string[] = [];
  if (byteLength(value) > 15) messages.push(maxLengthMessage(15));
  if (!/^[-a-z0-9]+$/.test(value)) messages.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!/[a-z]/.test(value)) messages.push("must contain at least one letter (a-z)");
  if (value.includes("--")) messages.push("must not contain consecutive hyphens");
  if (value.startsWith("-") || value.endsWith("-")) messages.push("must not begin or end with a hyphen");
  return messages;
}

export function portNumber(value: number): string[] {
  return inRange(value, 1, 65535);
}

export function inRange(value: number, low: number, high: number): string[] {
  return value >= low && value <= high ? [] : [rangeMessage(low, high)];
}

export function userId(value: number): string[] {
  return inRange(value, 0, 0x7fffffff);
}

export function groupId(value: number): string[] {
  return inRange(value, 0, 0x7fffffff);
}

const percentFormat = format("[0-9]+%", "a valid percent string must be a numeric string followed by an ending '%'", "1%", "93%");

export function percent(value: string): string[] {
  return percentFormat.regex.test(value) ? [] : [mismatchOf(percentFormat)];
}

const headerFormat = format("[-A-Za-z0-9]+", "a valid HTTP header must consist of alphanumeric characters or '-'", "X-Header-Name");

export function httpHeaderName(value: string): string[] {
  return headerFormat.regex.test(value) ? [] : [mismatchOf(headerFormat)];
}

/** A name that stands as a segment of a URL path. */
export function pathSegmentName(value: string): string[] {
  if (value === "." || value === "..") return [`may not be '${value}'`];
  return pathSegmentPrefix(value);
}

export function pathSegmentPrefix(value: string): string[] {
  return ["/", "%"].filter((c) => value.includes(c)).map((c) => `may not contain '${c}'`);
}

export function decimalInteger(value: string): string[] {
  if (value === "") return [emptyMessage];
  return /^(?:0|-?[1-9][0-9]*)$/.test(value) ? [] : ["must be a valid decimal integer in canonical form"];
}

/** A generateName may end with a dash: what follows it makes the name valid. */
function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith("-") ? `${name.slice(0, -2)}a` : name;
}

export function nameIsDnsSubdomain(name: string, prefix: boolean): string[] {
  return dns1123Subdomain(prefix ? maskTrailingDash(name) : name);
}

export function nameIsDnsLabel(name: string, prefix: boolean): string[] {
  return dns1123Label(prefix ? maskTrailingDash(name) : name);
}

export function nameIsDns1035Label(name: string, prefix: boolean): string[] {
  return dns1035Label(prefix ? maskTrailingDash(name) : name);
}

export function nameIsPathSegment(name: string, prefix: boolean): string[] {
  return prefix ? pathSegmentPrefix(name) : pathSegmentName(name);
}
