import { CelSyntaxError } from "./errors.ts";

export type TokenKind = "ident" | "quoted" | "int" | "uint" | "double" | "string" | "bytes" | "op" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** The text: for strings after escapes are read, for operators the operator itself. */
  readonly text: string;
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly pos: number;
}

const SPACE = /(?:[\t\n\f\r ]+|\/\/[^\n]*)+/uy;
const NUMBER =
  /0x[0-9a-fA-F]+[uU]?|(?:[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)|[0-9]+[uU]?/uy;
const STRING_START = /([rR]?[bB]?|[bB][rR])("""|'''|"|')/uy;
const IDENT = /[_a-zA-Z][_a-zA-Z0-9]*/uy;
const QUOTED = /`([-_a-zA-Z0-9./ ]+)`/uy;
const OPERATOR = /&&|\|\||==|!=|<=|>=|[-+*/%!<>?:.,()[\]{}]/uy;

/** Splits an expression into tokens, the last of which is `end`. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let pos = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = pos;
    return pattern.exec(source);
  };
  for (;;) {
    pos += take(SPACE)?.[0].length ?? 0;
    if (pos >= source.length) break;
    const start = take(STRING_START);
    if (start) {
      const token = stringToken(source, pos, start[1] as string, start[2] as string);
      tokens.push(token.token);
      pos = token.end;
      continue;
    }
    const found =
      numberToken(take(NUMBER), pos) ??
      plainToken("ident", take(IDENT), pos) ??
      plainToken("quoted", take(QUOTED), pos) ??
      plainToken("op", take(OPERATOR), pos);
    if (!found)
      throw new CelSyntaxError(`Syntax error: token recognition error at: '${String.fromCodePoint(source.codePointAt(pos) ?? 0)}'`, pos);
    tokens.push(found.token);
    pos = found.end;
  }
  tokens.push({ kind: "end", text: "<EOF>", pos });
  return tokens;
}

interface Lexed {
  readonly token: Token;
  readonly end: number;
}

function plainToken(kind: TokenKind, match: RegExpExecArray | null, pos: number): Lexed | undefined {
  return match ? { token: { kind, text: match[1] ?? match[0], pos }, end: pos + match[0].length } : undefined;
}

function numberToken(match: RegExpExecArray | null, pos: number): Lexed | undefined {
  if (!match) return undefined;
  const text = match[0];
  const hex = text.startsWith("0x");
  const kind = /[uU]$/u.test(text) ? "uint" : !hex && /[.eE]/u.test(text) ? "double" : "int";
  return { token: { kind, text: kind === "uint" ? text.slice(0, -1) : text, pos }, end: pos + text.length };
}

function stringToken(source: string, pos: number, prefix: string, quote: string): Lexed {
  const raw = /r/iu.test(prefix);
  const isBytes = /b/iu.test(prefix);
  const start = pos + prefix.length + quote.length;
  let at = start;
  for (;;) {
    const c = source[at];
    if (c === undefined || (quote.length === 1 && (c === "\n" || c === "\r"))) {
      throw new CelSyntaxError(`Syntax error: token recognition error at: '${source.slice(pos, at)}'`, pos);
    }
    if (source.startsWith(quote, at)) break;
    at += c === "\\" && !raw ? 2 : 1;
  }
  const body = source.slice(start, at);
  const end = at + quote.length;
  if (isBytes) return { token: { kind: "bytes", text: "", bytes: bytesOf(body, raw, pos), pos }, end };
  return { token: { kind: "string", text: raw ? body : unescape(body, pos), pos }, end };
}

const ESCAPE = /\\(?:([abfnrtv\\?"'`])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([\s\S]?))/gu;
const SIMPLE: Readonly<Record<string, string>> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

function escapes(body: string, pos: number, emit: (code: number, octet: boolean) => string): string {
  return body.replace(ESCAPE, (_all, simple?: string, hex?: string, u4?: string, u8?: string, octal?: string) => {
    if (simple !== undefined) return SIMPLE[simple] ?? simple;
    const digits = hex ?? u4 ?? u8;
    if (digits === undefined && octal === undefined) throw new CelSyntaxError("Syntax error: unable to unescape string", pos);
    const code = digits !== undefined ? Number.parseInt(digits, 16) : Number.parseInt(octal as string, 8);
    return emit(code, hex !== undefined || octal !== undefined);
  });
}

function unescape(body: string, pos: number): string {
  return escapes(body, pos, (code) => {
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw new CelSyntaxError("Syntax error: invalid unicode code point", pos);
    return String.fromCodePoint(code);
  });
}

/** In bytes `\xff` and `\377` are octets, everything else is the UTF-8 of what is written. */
function bytesOf(body: string, raw: boolean, pos: number): Uint8Array<ArrayBuffer> {
  if (raw) return new TextEncoder().encode(body);
  // Octets travel through the string as lone surrogates, which no source text can hold as characters of their own.
  const marked = escapes(body, pos, (code, octet) => {
    if (octet) return String.fromCharCode(0xdc00 + code);
    throw new CelSyntaxError("Syntax error: unicode escapes are not allowed in bytes literals", pos);
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
