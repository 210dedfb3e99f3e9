/** URLs as Go's `net/url` reads them, with its errors. */
import { goQuote } from "./go-quote.ts";
import { NetipError, parseAddress } from "./netip.ts";

/** The parts of a URL, empty where it does not have them. */
export interface GoUrl {
  readonly scheme: string;
  readonly opaque: string;
  /** As it was written, before the `@`; undefined where there is none. */
  readonly user: string | undefined;
  /** With the port. */
  readonly host: string;
  readonly escapedPath: string;
  /** As it was written, without `?`. */
  readonly query: string;
  readonly forceQuery: boolean;
  readonly fragment: string;
}

/** The text is none; the message is Go's: `parse "x": invalid URI for request`. */
export class UrlError extends Error {}

type Mode = "path" | "query" | "host" | "zone" | "user" | "fragment";

/** `url.Parse`: relative references too. Throws {@link UrlError}. */
export function parseUrl(text: string): GoUrl {
  const hash = text.indexOf("#");
  return wrapped(hash < 0 ? text : text.slice(0, hash), false, hash < 0 ? "" : text.slice(hash + 1));
}

/** What `url.Parse` has against the text; undefined when nothing. */
export function urlFault(text: string): string | undefined {
  try {
    parseUrl(text);
    return undefined;
  } catch (error) {
    if (error instanceof UrlError) return error.message;
    throw error;
  }
}

/** `url.ParseRequestURI`: absolute URLs and absolute paths. Throws {@link UrlError}. */
export function parseRequestUri(text: string): GoUrl {
  return wrapped(text, true, "");
}

function wrapped(text: string, viaRequest: boolean, fragment: string): GoUrl {
  let shown = text;
  try {
    const parts = parse(text, viaRequest);
    // Only a fault of the fragment shows the fragment.
    shown = fragment === "" ? text : `${text}#${fragment}`;
    return { ...parts, fragment: unescape(fragment, "fragment") };
  } catch (error) {
    if (!(error instanceof UrlError)) throw error;
    throw new UrlError(`parse ${goQuote(shown)}: ${error.message}`);
  }
}

function parse(text: string, viaRequest: boolean): Omit<GoUrl, "fragment"> {
  // eslint-disable-next-line no-control-regex -- those are what must not be there
  if (/[\u0000-\u001f\u007f]/u.test(text)) throw new UrlError("net/url: invalid control character in URL");
  if (text === "" && viaRequest) throw new UrlError("empty url");
  const none = { scheme: "", opaque: "", user: undefined, host: "", escapedPath: "", query: "", forceQuery: false };
  if (text === "*") return { ...none, escapedPath: "*" };
  const { scheme, rest: afterScheme } = readScheme(text);
  const question = afterScheme.indexOf("?");
  const forceQuery = question >= 0 && question === afterScheme.length - 1;
  const query = question < 0 ? "" : afterScheme.slice(question + 1);
  let rest = question < 0 ? afterScheme : afterScheme.slice(0, question);
  const base = { ...none, scheme, query, forceQuery };
  if (!rest.startsWith("/")) {
    if (scheme !== "") return { ...base, opaque: rest };
    if (viaRequest) throw new UrlError("invalid URI for request");
    if (rest.split("/", 1)[0]?.includes(":")) throw new UrlError("first path segment in URL cannot contain colon");
  }
  let authority: Pick<GoUrl, "user" | "host"> = { user: undefined, host: "" };
  if ((scheme !== "" || (!viaRequest && !rest.startsWith("///"))) && rest.startsWith("//")) {
    const slash = rest.indexOf("/", 2);
    authority = readAuthority(scheme, slash < 0 ? rest.slice(2) : rest.slice(2, slash));
    rest = slash < 0 ? "" : rest.slice(slash);
  }
  return { ...base, ...authority, escapedPath: escapedPath(rest) };
}

function readScheme(text: string): { scheme: string; rest: string } {
  const match = /^([a-zA-Z][a-zA-Z0-9+.-]*)?:/u.exec(text);
  if (!match) return { scheme: "", rest: text };
  if (match[1] === undefined) throw new UrlError("missing protocol scheme");
  return { scheme: match[1].toLowerCase(), rest: text.slice(match[0].length) };
}

function readAuthority(scheme: string, authority: string): Pick<GoUrl, "user" | "host"> {
  const at = authority.lastIndexOf("@");
  const host = readHost(scheme, authority.slice(at + 1));
  if (at < 0) return { user: undefined, host };
  const user = authority.slice(0, at);
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/u.test(user)) throw new UrlError("net/url: invalid userinfo");
  for (const part of user.split(":", 2)) unescape(part, "user");
  return { user, host };
}

function checkPort(port: string): void {
  if (!/^(?::\d*)?$/u.test(port)) throw new UrlError(`invalid port ${goQuote(port)} after host`);
}

function readHost(scheme: string, host: string): string {
  const open = host.lastIndexOf("[");
  if (open > 0) throw new UrlError("invalid IP-literal");
  if (open === 0) return readLiteral(host);
  const first = host.indexOf(":");
  if (first >= 0) checkPort(host.slice(scheme === "http" || scheme === "https" ? first : host.lastIndexOf(":")));
  return unescape(host, "host");
}

function readLiteral(host: string): string {
  const close = host.lastIndexOf("]");
  if (close < 0) throw new UrlError("missing ']' in host");
  const port = host.slice(close + 1);
  checkPort(port);
  const name = host.slice(1, close);
  const zone = name.indexOf("%25");
  const address = zone < 0 ? unescape(name, "host") : unescape(name.slice(0, zone), "host") + unescape(name.slice(zone), "zone");
  try {
    if (parseAddress(address).bytes.length === 4) throw new UrlError("invalid IP-literal");
  } catch (error) {
    if (error instanceof NetipError) throw new UrlError(`invalid host: ${error.message}`);
    throw error;
  }
  return `[${address}]${unescape(port, "host")}`;
}

const HOST_CHARACTER = /[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"]/u;

/** The text with `%xx` read. Throws UrlError. */
function unescape(text: string, mode: Mode): string {
  const host = mode === "host" || mode === "zone";
  const bytes: number[] = [];
  const source = Buffer.from(text);
  for (let i = 0; i < source.length; i++) {
    const c = source[i] as number;
    if (c === 0x25) {
      const escape = source.subarray(i, i + 3).toString("latin1");
      if (!/^%[0-9a-fA-F]{2}$/u.test(escape)) throw new UrlError(`invalid URL escape ${goQuote(escape)}`);
      const value = Number.parseInt(escape.slice(1), 16);
      if (mode === "host" && value < 0x80 && escape !== "%25") throw new UrlError(`invalid URL escape ${goQuote(escape)}`);
      if (mode === "zone" && escape !== "%25" && value !== 0x20 && !HOST_CHARACTER.test(String.fromCharCode(value))) {
        throw new UrlError(`invalid URL escape ${goQuote(escape)}`);
      }
      bytes.push(value);
      i += 2;
    } else {
      const character = String.fromCharCode(c);
      if (host && c < 0x80 && !HOST_CHARACTER.test(character)) throw new UrlError(`invalid character ${goQuote(character)} in host name`);
      bytes.push(mode === "query" && c === 0x2b ? 0x20 : c);
    }
  }
  return Buffer.from(bytes).toString("utf8");
}

/** As it was written where that is a valid way to write it. */
function escapedPath(path: string): string {
  unescape(path, "path");
  if (/^[A-Za-z0-9\-_.~!$&'()*+,;=:@[\]%/]*$/u.test(path)) return path;
  const bytes = Buffer.from(
    path.replace(/%[0-9a-fA-F]{2}/gu, (e) => String.fromCharCode(Number.parseInt(e.slice(1), 16))),
    "utf8",
  );
  let escaped = "";
  for (const byte of bytes) {
    const c = String.fromCharCode(byte);
    escaped += /[A-Za-z0-9\-_.~$&+,/:;=@]/u.test(c) ? c : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return escaped;
}

/** The query's values by their names, in order; parts that cannot be read are left out. */
export function queryValues(query: string): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const part of query.split("&")) {
    if (part === "" || part.includes(";")) continue;
    const equals = part.indexOf("=");
    try {
      const name = unescape(equals < 0 ? part : part.slice(0, equals), "query");
      const value = unescape(equals < 0 ? "" : part.slice(equals + 1), "query");
      const known = values.get(name);
      if (known) known.push(value);
      else values.set(name, [value]);
    } catch (error) {
      if (!(error instanceof UrlError)) throw error;
    }
  }
  return values;
}

/** Host and port apart; a literal address without its brackets. */
export function splitHost(hostPort: string): { host: string; port: string } {
  const colon = hostPort.lastIndexOf(":");
  const valid = colon >= 0 && /^:\d*$/u.test(hostPort.slice(colon));
  const host = valid ? hostPort.slice(0, colon) : hostPort;
  const bare = host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
  return { host: bare, port: valid ? hostPort.slice(colon + 1) : "" };
}
