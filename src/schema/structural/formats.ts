/** The string formats that CRD schemas know (`k8s.io/kube-openapi/pkg/validation/strfmt`); other formats mean nothing. */
import { parseRequestUri, UrlError } from "../../core/go-url.ts";
import { parseCidr, parseIp } from "../../core/ip.ts";
import { CelError, readGoDuration } from "../../lang/cel/index.ts";

const uuid = (third: string, fourth: string): RegExp => new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${third}-?${fourth}-?[0-9a-f]{12}$`, "i");
const four = "[0-9a-f]{4}";

function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (match === null) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.getUTCDate() === Number(match[3]);
}

/** RFC 3339, in any case, or ISO 8601 without a zone. */
function isDateTime(text: string): boolean {
  const match = /^(\d{4}-\d\d-\d\d)t(\d\d):(\d\d):(\d\d)(?:.\d+)?(?:z|[+-]\d\d:\d\d)$/.exec(text.toLowerCase());
  if (match === null || !isDate(match[1] as string)) return false;
  return Number(match[2]) <= 23 && Number(match[3]) <= 59 && Number(match[4]) <= 59;
}

function readable(read: (text: string) => unknown, fault: new (...args: never[]) => Error): (text: string) => boolean {
  return (text) => {
    try {
      read(text);
      return true;
    } catch (error) {
      if (error instanceof fault) return false;
      throw error;
    }
  };
}

/** An address as mail headers have it: with a name before it, a comment after it, a literal address for a domain. */
function isEmail(text: string): boolean {
  const bare = text.replace(/\s*\([^()]*\)\s*$/u, "").trim();
  const address = /^(?:"[^"]*"|[^<>"]*)\s*<([^<>]+)>$/u.exec(bare)?.[1] ?? bare;
  return /^(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u{80}-\u{10ffff}-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u{80}-\u{10ffff}-]+)*|"(?:[^"\\]|\\.)*")@(?:\[[^[\]\\]*\]|[^\s@<>()[\],;:\\"]+)$/u.test(
    address,
  );
}

/** Six, eight or twenty bytes: in pairs with colons or dashes, in fours with dots, or without anything between. */
function isMac(text: string): boolean {
  const pairs = /^[0-9a-fA-F]{2}([:-])(?:[0-9a-fA-F]{2}\1)*[0-9a-fA-F]{2}$/.test(text);
  const fours = /^(?:[0-9a-fA-F]{4}\.)+[0-9a-fA-F]{4}$/.test(text);
  const bare = /^[0-9a-fA-F]+$/.test(text);
  return (pairs || fours || bare) && [12, 16, 40].includes(text.replace(/[^0-9a-fA-F]/g, "").length);
}

const hostname =
  /^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$/u;

function isbnDigits(text: string): string {
  return text.replace(/[\s-]+/g, "");
}

function isIsbn10(text: string): boolean {
  const digits = isbnDigits(text);
  if (!/^(?:[0-9]{9}X|[0-9]{10})$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < 10; i++) sum += (i + 1) * (digits[i] === "X" ? 10 : Number(digits[i]));
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = isbnDigits(text);
  if (!/^[0-9]{13}$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < 12; i++) sum += (i % 2 === 0 ? 1 : 3) * Number(digits[i]);
  return (10 - (sum % 10)) % 10 === Number(digits[12]);
}

const cardNumber =
  /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|(?:222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11}|6[27][0-9]{14})$/;

/** A known issuer's number whose Luhn sum is right. */
function isCreditCard(text: string): boolean {
  const digits = text.replace(/[^0-9]+/g, "");
  if (!cardNumber.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]) * (i % 2 === 0 ? 1 : 2);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}

const byte = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|0|[1-9][0-9]?)";

const shortName = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;

const formats: Record<string, (text: string) => boolean> = {
  bsonobjectid: (t) => /^[0-9a-fA-F]{24}$/.test(t),
  uri: readable(parseRequestUri, UrlError),
  email: isEmail,
  hostname: (t) => t.length <= 255 && hostname.test(t) && t.split(".").every((part) => part.length <= 63),
  ipv4: (t) => t.includes(".") && parseIp(t) !== undefined,
  ipv6: (t) => t.includes(":") && parseIp(t) !== undefined,
  cidr: (t) => parseCidr(t) !== undefined,
  mac: isMac,
  uuid: (t) => uuid(four, four).test(t),
  uuid3: (t) => uuid("3[0-9a-f]{3}", four).test(t),
  uuid4: (t) => uuid("4[0-9a-f]{3}", "[89ab][0-9a-f]{3}").test(t),
  uuid5: (t) => uuid("5[0-9a-f]{3}", "[89ab][0-9a-f]{3}").test(t),
  isbn: (t) => isIsbn10(t) || isIsbn13(t),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: (t) => t.length === 11 && /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(t),
  hexcolor: (t) => /^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/.test(t),
  rgbcolor: (t) => new RegExp(`^rgb\\(\\s*${byte}\\s*,\\s*${byte}\\s*,\\s*${byte}\\s*\\)$`).test(t),
  byte: (t) => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/.test(t),
  password: () => true,
  date: isDate,
  duration: readable(readGoDuration, CelError),
  datetime: isDateTime,
  k8sshortname: (t) => t.length <= 63 && shortName.test(t),
  k8slongname: (t) => t.length <= 253 && t.split(".").every((part) => shortName.test(part)),
};

/** Whether upstream looks at this format of strings at all. Dashes in the name do not count. */
export function isKnownFormat(format: string): boolean {
  return Object.hasOwn(formats, format.replaceAll("-", ""));
}

/** Whether the text has the format; true for a format that is not known. */
export function hasFormat(format: string, text: string): boolean {
  const name = format.replaceAll("-", "");
  return !Object.hasOwn(formats, name) || (formats[name] as (text: string) => boolean)(text);
}
