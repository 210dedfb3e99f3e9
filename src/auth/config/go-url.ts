/** URLs as far as Go's net/url finds fault with them. */
import { goQuote } from "../../core/go-quote.ts";

export interface UrlParts {
  readonly scheme: string;
  /** It names a user, or tries to. */
  readonly user: boolean;
  /** Without the question mark. */
  readonly query: string;
  readonly fragment: string;
}

/** What `url.Parse` has against the text; undefined when nothing. */
export function urlFault(text: string): string | undefined {
  const fault = (why: string): string => `parse ${goQuote(text)}: ${why}`;
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(text)) return fault("net/url: invalid control character in URL");
  if (text === "") return undefined;
  if (text.startsWith(":")) return fault("missing protocol scheme");
  const bare = text.split("#")[0] as string;
  const escape = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(bare.split("?")[0] as string);
  if (escape !== null) return fault(`invalid URL escape ${goQuote(escape[0])}`);
  const authority = /^(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?\/\/([^/?#]*)/.exec(bare)?.[1];
  if (authority === undefined) {
    const first = (bare.split("?")[0] as string).split("/")[0] as string;
    return first.includes(":") && !/^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(first)
      ? fault("first path segment in URL cannot contain colon")
      : undefined;
  }
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  if (host.startsWith("[") && !host.includes("]")) return fault("missing ']' in host");
  const after = host.slice(host.lastIndexOf("]") + 1);
  const port = after.includes(":") ? after.slice(after.lastIndexOf(":")) : "";
  if (port !== "" && !/^:\d*$/.test(port)) return fault(`invalid port ${goQuote(port)} after host`);
  const strange = /[ "<>\\^`{|}]/.exec(host);
  return strange === null ? undefined : fault(`invalid character ${goQuote(strange[0])} in host name`);
}

/** Of a URL without fault. */
export function urlParts(text: string): UrlParts {
  const [, scheme = "", rest = ""] = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?([^]*)$/.exec(text) ?? [];
  const hash = rest.indexOf("#");
  const before = hash < 0 ? rest : rest.slice(0, hash);
  const mark = before.indexOf("?");
  const authority = /^\/\/([^/?]*)/.exec(before)?.[1] ?? "";
  return {
    scheme: scheme.toLowerCase(),
    user: authority.includes("@"),
    query: mark < 0 ? "" : before.slice(mark + 1),
    fragment: hash < 0 ? "" : rest.slice(hash + 1),
  };
}
