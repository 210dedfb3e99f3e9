import { type GoUrl, parseRequestUri, parseUrl, queryValues, splitHost, UrlError } from "../../../core/go-url.ts";
import { CelError } from "../errors.ts";
import { type FunctionTable, global, method } from "../function.ts";
import { BOOL, type CelType, listOf, mapOf, objectType, STRING } from "../types.ts";
import { CelOpaque, type CelValue, EntryMap } from "../values.ts";

const URL_TYPE: CelType = objectType("kubernetes.URL");

class UrlValue extends CelOpaque {
  readonly type: CelType = URL_TYPE;
  readonly url: GoUrl;
  constructor(url: GoUrl) {
    super();
    this.url = url;
  }
  equals(other: CelValue): boolean {
    if (!(other instanceof UrlValue)) return false;
    return Object.entries(this.url).every(([name, value]) => other.url[name as keyof GoUrl] === value);
  }
}

function read(text: string): UrlValue {
  try {
    // Of fragments only the second knows; the first is what is allowed at all.
    parseRequestUri(text);
    return new UrlValue(parseUrl(text));
  } catch (error) {
    if (error instanceof UrlError) throw new CelError(`URL parse error during conversion from string: ${error.message}`);
    throw error;
  }
}

function isUrl(text: string): boolean {
  try {
    parseRequestUri(text);
    return true;
  } catch (error) {
    if (error instanceof UrlError) return false;
    throw error;
  }
}

const getter = (id: string, get: (url: GoUrl) => string): FunctionTable[string] => [
  method(id, [URL_TYPE], STRING, (value: UrlValue) => get(value.url)),
];

/** Kubernetes' URL library. */
export const URL_FUNCTIONS: FunctionTable = {
  url: [global("string_to_url", [STRING], URL_TYPE, read)],
  isURL: [global("is_url_string", [STRING], BOOL, isUrl)],
  getScheme: getter("url_get_scheme", (url) => url.scheme),
  getHost: getter("url_get_host", (url) => url.host),
  getHostname: getter("url_get_hostname", (url) => splitHost(url.host).host),
  getPort: getter("url_get_port", (url) => splitHost(url.host).port),
  getEscapedPath: getter("url_get_escaped_path", (url) => url.escapedPath),
  getQuery: [
    method("url_get_query", [URL_TYPE], mapOf(STRING, listOf(STRING)), (value: UrlValue) => new EntryMap(queryValues(value.url.query))),
  ],
};
