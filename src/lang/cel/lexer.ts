import { CelSyntaxError, type Problem } from "./errors.ts";

export type TokenKind = "ident" | "quoted" | "int" | "uint" | "double" | "string" | "bytes" | "op" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** The text: for strings after escapes are read, for operators the operator itself. */
  readonly text: string;
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly pos: number;
  /** Where it ends in the source. */
  readonly end: number;
}

export interface Tokens {
  readonly tokens: readonly Token[];
  /** What is no token at all, left out. */
  readonly problems: readonly Problem[];
}

const SPACE = /(?:[\t\n\f\r ]+|\/\/[^\n]*)+/uy;
const NUMBER =
  /0x[0-9a-fA-F]+[uU]?|(?:[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)|[0-9]+[uU]?/uy;
const ESC = String.raw`\\(?:[abfnrtv\\?"'\x60]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})`;
const COOKED = `"""(?:${ESC}|[^\\\\])*?"""|'''(?:${ESC}|[^\\\\])*?'''|"(?:${ESC}|[^\\\\"\\n\\r])*"|'(?:${ESC}|[^\\\\'\\n\\r])*'`;
const RAW = String.raw`"""[\s\S]*?"""|'''[\s\S]*?'''|"[^"\n\r]*"|'[^'\n\r]*'`;
const STRING = new RegExp(`(?:[bB]?(?:${COOKED})|(?:[rR][bB]?|[bB][rR])(?:${RAW}))`, "uy");
const IDENT = /[_a-zA-Z][_a-zA-Z0-9]*/uy;
const QUOTED = /`([-_a-zA-Z0-9./ ]+)`/uy;
const OPERATOR = /&&|\|\||==|!=|<=|>=|[-+*/%!<>?:.,()[\]{}]/uy;

/** Splits an expression into tokens, the last of which is `end`. Throws CelSyntaxError for escapes that stand for nothing. */
export function tokenize(source: string): Tokens {
  const tokens: Token[] = [];
  const problems: Problem[] = [];
  let pos = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = pos;
    return pattern.exec(source);
  };
  for (;;) {
    pos += take(SPACE)?.[0].length ?? 0;
    if (pos >= source.length) break;
    const found =
      stringToken(source, pos, take(STRING)) ??
      numberToken(take(NUMBER), pos) ??
      plainToken("ident", take(IDENT), pos) ??
      plainToken("quoted", take(QUOTED), pos) ??
      plainToken("op", take(OPERATOR), pos);
    if (found) {
      tokens.push(found);
      pos = found.end;
      continue;
    }
    const end = faultEnd(source, pos);
    problems.push({ message: `Syntax error: token recognition error at: '${visible(source.slice(pos, end))}'`, pos });
    pos = end;
  }
  tokens.push({ kind: "end", text: "<EOF>", pos: source.length, end: source.length });
  return { tokens, problems };
}

/** Line breaks and tabs as upstream's messages have them. */
export function visible(text: string): string {
  return text.replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t");
}

const GOOD_ESCAPE = /\\(?:[abfnrtv\\?"'`]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})/uy;
const PARTIAL_ESCAPE = /\\(?:[xX][0-9a-fA-F]?|u[0-9a-fA-F]{0,3}|U[0-9a-fA-F]{0,7}|[0-3][0-7]?)?/uy;

/** Where reading goes on after what is no token: behind the character that could not go on with it. */
function faultEnd(source: string, pos: number): number {
  const c = source[pos] as string;
  const next = (at: number): number => Math.min(source.length, at + String.fromCodePoint(source.codePointAt(at) ?? 0).length);
  if (c === "&" || c === "|" || c === "=") return next(pos + 1);
  if (c !== '"' && c !== "'") return next(pos);
  let at = pos + 1;
  while (at < source.length && source[at] !== "\n" && source[at] !== "\r") {
    if (source[at] !== "\\") {
      at++;
      continue;
    }
    GOOD_ESCAPE.lastIndex = at;
    const good = GOOD_ESCAPE.exec(source);
    if (!good) {
      PARTIAL_ESCAPE.lastIndex = at;
      return next(at + (PARTIAL_ESCAPE.exec(source)?.[0].length ?? 1));
    }
    at += good[0].length;
  }
  return next(at);
}

function plainToken(kind: TokenKind, match: RegExpExecArray | null, pos: number): Token | undefined {
  return match ? { kind, text: match[1] ?? match[0], pos, end: pos + match[0].length } : undefined;
}

function numberToken(match: RegExpExecArray | null, pos: number): Token | undefined {
  if (!match) return undefined;
  const text = match[0];
  const hex = text.startsWith("0x");
  const kind = /[uU]$/u.test(text) ? "uint" : !hex && /[.eE]/u.test(text) ? "double" : "int";
  return { kind, text: kind === "uint" ? text.slice(0, -1) : text, pos, end: pos + text.length };
}

function stringToken(source: string, pos: number, match: RegExpExecArray | null): Token | undefined {
  if (!match) return undefined;
  const end = pos + match[0].length;
  const prefix = /^[a-zA-Z]*/u.exec(match[0])?.[0] ?? "";
  const raw = /r/iu.test(prefix);
  const quoted = match[0].slice(prefix.length);
  const quotes = quoted.length >= 6 && (quoted.startsWith('"""') || quoted.startsWith("'''")) ? 3 : 1;
  const body = quoted.slice(quotes, -quotes);
  if (/b/iu.test(prefix)) return { kind: "bytes", text: "", bytes: bytesOf(body, raw, pos), pos, end };
  return { kind: "string", text: raw ? body : unescape(body, pos), pos, end };
}

const ESCAPE = /\\(?:([abfnrtv\\?"'`])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([\s\S]?))/gu;
const SIMPLE: Readonly<Record<string, string>> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

function escapes(body: string, pos: number, emit: (code: number, octet: boolean) => string): string {
  return body.replace(ESCAPE, (_all, simple?: string, hex?: string, u4?: string, u8?: string, octal?: string) => {
    if (simple !== undefined) return SIMPLE[simple] ?? simple;
    const digits = hex ?? u4 ?? u8;
    if (digits === undefined && octal === undefined) throw new CelSyntaxError("unable to unescape string", pos);
    const code = digits !== undefined ? Number.parseInt(digits, 16) : Number.parseInt(octal as string, 8);
    return emit(code, hex !== undefined || octal !== undefined);
  });
}

function unescape(body: string, pos: number): string {
  return escapes(body, pos, (code) => {
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw new CelSyntaxError("invalid unicode code point", pos);
    return String.fromCodePoint(code);
  });
}

/** In bytes `\xff` and `\377` are octets, everything else is the UTF-8 of what is written. */
function bytesOf(body: string, raw: boolean, pos: number): Uint8Array<ArrayBuffer> {
  if (raw) return new TextEncoder().encode(body);
  // Octets travel through the string as lone surrogates, which no source text can hold as characters of their own.
  const marked = escapes(body, pos, (code, octet) => {
    if (octet) return String.fromCharCode(0xdc00 + code);
    throw new CelSyntaxError("unable to unescape string", pos);
  });
  const parts: number[] = [];
  const encoder = new TextEncoder();
  for (const c of marked) {
    const code = c.charCodeAt(0);
    if (c.length === 1 && code >= 0xdc00 && code <= 0xdcff) parts.push(code - 0xdc00);
    else parts.push(...encoder.encode(c));
  }
  return Uint8Array.from(parts);
}
