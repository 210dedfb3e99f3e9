/** Addresses and prefixes exactly as Go's `net/netip` reads them, with its errors; `ip.ts` has the laxer forms of older fields. */
import { goQuote } from "./go-quote.ts";

export interface NetipAddress {
  /** Four or sixteen bytes. */
  readonly bytes: Uint8Array;
  /** Of an IPv6 address; empty where there is none. */
  readonly zone: string;
}

export interface NetipPrefix {
  readonly address: NetipAddress;
  readonly bits: number;
}

/** The text is none; the message is Go's. */
export class NetipError extends Error {}

class Fault {
  readonly message: string;
  readonly at: string;
  constructor(message: string, at = "") {
    this.message = message;
    this.at = at;
  }
}

/** Throws {@link NetipError}. */
export function parseAddress(text: string): NetipAddress {
  try {
    for (const c of text) {
      if (c === ".") return { bytes: parse4(text), zone: "" };
      if (c === ":") return parse6(text);
      if (c === "%") throw new Fault("missing IPv6 address");
    }
    throw new Fault("unable to parse IP");
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const at = error.at === "" ? "" : ` (at ${goQuote(error.at)})`;
    throw new NetipError(`ParseAddr(${goQuote(text)}): ${error.message}${at}`);
  }
}

function parse4(text: string): Uint8Array {
  const bytes = new Uint8Array(4);
  let value = 0;
  let position = 0;
  let digits = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    if (c >= "0" && c <= "9") {
      if (digits === 1 && value === 0) throw new Fault("IPv4 field has octet with leading zero");
      value = value * 10 + Number(c);
      digits++;
      if (value > 255) throw new Fault("IPv4 field has value >255");
    } else if (c === ".") {
      if (i === 0 || i === text.length - 1 || text[i - 1] === ".") {
        throw new Fault("IPv4 field must have at least one digit", text.slice(i));
      }
      if (position === 3) throw new Fault("IPv4 address too long");
      bytes[position++] = value;
      value = 0;
      digits = 0;
    } else throw new Fault("unexpected character", text.slice(i));
  }
  if (position < 3) throw new Fault("IPv4 address too short");
  bytes[3] = value;
  return bytes;
}

interface Groups {
  readonly bytes: number[];
  /** How many bytes lie before `::`; undefined without one. */
  ellipsis: number | undefined;
  rest: string;
}

function parse6(text: string): NetipAddress {
  const percent = text.indexOf("%");
  const zone = percent < 0 ? "" : text.slice(percent + 1);
  if (percent >= 0 && zone === "") throw new Fault("zone must be a non-empty string");
  const groups: Groups = { bytes: [], ellipsis: undefined, rest: percent < 0 ? text : text.slice(0, percent) };
  if (groups.rest.startsWith("::")) {
    groups.ellipsis = 0;
    groups.rest = groups.rest.slice(2);
    if (groups.rest === "") return { bytes: new Uint8Array(16), zone };
  }
  while (groups.bytes.length < 16 && readGroup(groups));
  const { bytes, ellipsis, rest } = groups;
  if (rest !== "") throw new Fault("trailing garbage after address", rest);
  if (bytes.length === 16) {
    if (ellipsis !== undefined) throw new Fault("the :: must expand to at least one field of zeros");
    return { bytes: Uint8Array.from(bytes), zone };
  }
  if (ellipsis === undefined) throw new Fault("address string too short");
  const zeros = Array.from({ length: 16 - bytes.length }, () => 0);
  return { bytes: Uint8Array.from([...bytes.slice(0, ellipsis), ...zeros, ...bytes.slice(ellipsis)]), zone };
}

/** Reads up to the next group; false at the end. */
function readGroup(groups: Groups): boolean {
  const { bytes, rest } = groups;
  const hex = /^[0-9a-fA-F]*/u.exec(rest)?.[0] ?? "";
  if (hex.length > 4) throw new Fault("each group must have 4 or less digits", rest);
  if (hex === "") throw new Fault("each colon-separated field must have at least one digit", rest);
  if (rest[hex.length] === ".") {
    if (groups.ellipsis === undefined && bytes.length !== 12) {
      throw new Fault("embedded IPv4 address must replace the final 2 fields of the address", rest);
    }
    if (bytes.length + 4 > 16) throw new Fault("too many hex fields to fit an embedded IPv4 at the end of the address", rest);
    bytes.push(...parse4(rest));
    groups.rest = "";
    return false;
  }
  const value = Number.parseInt(hex, 16);
  bytes.push(value >> 8, value & 255);
  const after = rest.slice(hex.length);
  groups.rest = after;
  if (after === "") return false;
  if (!after.startsWith(":")) throw new Fault("unexpected character, want colon", after);
  if (after.length === 1) throw new Fault("colon must be followed by more characters", after);
  groups.rest = after.slice(1);
  if (!groups.rest.startsWith(":")) return true;
  if (groups.ellipsis !== undefined) throw new Fault("multiple :: in address", groups.rest);
  groups.ellipsis = bytes.length;
  groups.rest = groups.rest.slice(1);
  return groups.rest !== "";
}

/** `10.0.0.0/8`. Throws {@link NetipError}. */
export function parsePrefix(text: string): NetipPrefix {
  const fault = (message: string): NetipError => new NetipError(`netip.ParsePrefix(${goQuote(text)}): ${message}`);
  const slash = text.lastIndexOf("/");
  if (slash < 0) throw fault("no '/'");
  let address: NetipAddress;
  try {
    address = parseAddress(text.slice(0, slash));
  } catch (error) {
    if (error instanceof NetipError) throw fault(error.message);
    throw error;
  }
  if (address.zone !== "") throw fault("IPv6 zones cannot be present in a prefix");
  const length = text.slice(slash + 1);
  if (!/^(?:\d|[1-9]\d*)$/u.test(length)) throw fault(`bad bits after slash: ${goQuote(length)}`);
  const bits = Number(length);
  if (bits > address.bytes.length * 8) throw fault("prefix length out of range");
  return { address, bits };
}

/** An IPv4 address written as an IPv6 one: `::ffff:1.2.3.4`. */
export function isMapped(address: NetipAddress): boolean {
  const { bytes } = address;
  return bytes.length === 16 && bytes.subarray(0, 10).every((b) => b === 0) && bytes[10] === 255 && bytes[11] === 255;
}
