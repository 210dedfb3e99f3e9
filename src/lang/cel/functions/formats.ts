import { parseRequestUri, UrlError } from "../../../core/go-url.ts";
import { labelValue, nameIsDns1035Label, nameIsDnsLabel, nameIsDnsSubdomain, qualifiedName } from "../../../core/names.ts";
import { CelError } from "../errors.ts";
import { type FunctionTable, global, method } from "../function.ts";
import { readBase64, readDate, readDateTime } from "../string-formats.ts";
import { type CelType, listOf, objectType, optionalOf, STRING } from "../types.ts";
import { CelOpaque, CelOptional, type CelValue } from "../values.ts";

const FORMAT: CelType = objectType("kubernetes.NamedFormat");

type Check = (text: string) => string[];

/** A format by its name; `maxPatternSize` is what upstream reckons the cost of validation by. */
class NamedFormat extends CelOpaque {
  readonly type: CelType = FORMAT;
  readonly name: string;
  readonly check: Check;
  readonly maxPatternSize: number;
  constructor(name: string, check: Check, maxPatternSize: number) {
    super();
    this.name = name;
    this.check = check;
    this.maxPatternSize = maxPatternSize;
  }
  equals(other: CelValue): boolean {
    return other instanceof NamedFormat && other.name === this.name;
  }
}

function uri(text: string): string[] {
  try {
    parseRequestUri(text);
    return [];
  } catch (error) {
    if (error instanceof UrlError) return [error.message];
    throw error;
  }
}

function readAs(read: (text: string) => unknown, message: string): Check {
  return (text) => {
    try {
      if (text === "") return [message];
      read(text);
      return [];
    } catch (error) {
      if (error instanceof CelError) return [message];
      throw error;
    }
  };
}

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/iu;
/** The sizes of upstream's patterns of base64, of a UUID, of a date and time, of a URL. */
const [BASE64_SIZE, UUID_SIZE, DATE_TIME_SIZE, URL_SIZE] = [84, 70, 71, 1103];

const FORMATS: Readonly<Record<string, NamedFormat>> = {
  dns1123Label: new NamedFormat("DNS1123Label", (text) => nameIsDnsLabel(text, false), 30),
  dns1123Subdomain: new NamedFormat("DNS1123Subdomain", (text) => nameIsDnsSubdomain(text, false), 60),
  dns1035Label: new NamedFormat("DNS1035Label", (text) => nameIsDns1035Label(text, false), 30),
  qualifiedName: new NamedFormat("QualifiedName", qualifiedName, 60),
  dns1123LabelPrefix: new NamedFormat("DNS1123LabelPrefix", (text) => nameIsDnsLabel(text, true), 30),
  dns1123SubdomainPrefix: new NamedFormat("DNS1123SubdomainPrefix", (text) => nameIsDnsSubdomain(text, true), 60),
  dns1035LabelPrefix: new NamedFormat("DNS1035LabelPrefix", (text) => nameIsDns1035Label(text, true), 30),
  labelValue: new NamedFormat("LabelValue", labelValue, 40),
  uri: new NamedFormat("URI", uri, URL_SIZE),
  uuid: new NamedFormat("uuid", (text) => (UUID.test(text) ? [] : ["does not match the UUID format"]), UUID_SIZE),
  byte: new NamedFormat("byte", readAs(readBase64, "invalid base64"), BASE64_SIZE),
  date: new NamedFormat("date", readAs(readDate, "invalid date"), DATE_TIME_SIZE),
  datetime: new NamedFormat("datetime", readAs(readDateTime, "invalid datetime"), DATE_TIME_SIZE),
};

function validate(format: NamedFormat, text: string): CelOptional {
  const messages = format.check(text);
  return new CelOptional(messages.length === 0 ? undefined : messages);
}

/** Kubernetes' library of named formats. */
export const FORMAT_FUNCTIONS: FunctionTable = {
  validate: [method("format-validate", [FORMAT, STRING], optionalOf(listOf(STRING)), validate)],
  "format.named": [
    global(
      "format-named",
      [STRING],
      optionalOf(FORMAT),
      (name: string) => new CelOptional(Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined),
    ),
  ],
  ...Object.fromEntries(
    Object.entries(FORMATS).map(([name, format]) => [`format.${name}`, [global(`format.${name}`, [], FORMAT, () => format)]]),
  ),
};
