/** The keys of an issuer, fetched when a token asks for one that is not known, and kept for as long as the issuer says. */
import type { Clock } from "../../core/clock.ts";
import { asError } from "../errors.ts";
import type { HttpAnswer, HttpGetter } from "./http-get.ts";
import { type CompactJws, parseKeySet, verifyJws, type WebKey } from "./jws.ts";

export interface KeySetOptions {
  readonly url: string;
  readonly http: HttpGetter;
  readonly clock: Clock;
  /** Told of each fetch: the set's text, or undefined when there was none. */
  readonly onFetch?: ((text: string | undefined) => void) | undefined;
}

/** Keys that end so soon are fetched anew by a token that they do not fit. Milliseconds. */
const nearlyOver = 30_000;

export class RemoteKeySet {
  readonly #options: KeySetOptions;
  #keys: readonly WebKey[] = [];
  /** Milliseconds since the epoch. */
  #until = 0;
  #fetching: Promise<readonly WebKey[]> | undefined;

  constructor(options: KeySetOptions) {
    this.#options = options;
  }

  /** Throws an Error when no key of the issuer made the signature, or its keys cannot be fetched. */
  async verify(jws: CompactJws): Promise<void> {
    // Whether they are over is asked later: an issuer that is away for a while then does no harm.
    if (fits(this.#keys, jws)) return;
    if (this.#options.clock.now() + nearlyOver <= this.#until) throw new Error("failed to verify id token signature");
    let keys: readonly WebKey[];
    try {
      keys = await (this.#fetching ??= this.#fetch().finally(() => (this.#fetching = undefined)));
    } catch (error) {
      throw new Error(`fetching keys ${asError(error).message}`, { cause: error });
    }
    if (!fits(keys, jws)) throw new Error("failed to verify id token signature");
  }

  async #fetch(): Promise<readonly WebKey[]> {
    const { url, http, clock, onFetch } = this.#options;
    const fail = (message: string, cause?: unknown): never => {
      onFetch?.(undefined);
      throw new Error(message, { cause });
    };
    let answer: HttpAnswer;
    try {
      answer = await http.get(url);
    } catch (error) {
      return fail(`oidc: get keys failed ${asError(error).message}`, error);
    }
    const { body } = answer;
    if (answer.status !== 200) return fail(`oidc: get keys failed: ${answer.statusText} ${body}`);
    try {
      this.#keys = parseKeySet(body);
    } catch (error) {
      return fail(`oidc: failed to decode keys: ${asError(error).message} ${body}`, error);
    }
    onFetch?.(body);
    const now = clock.now();
    this.#until = Math.max(now, freshUntil(answer.headers, now));
    return this.#keys;
  }
}

function fits(keys: readonly WebKey[], jws: CompactJws): boolean {
  return keys.some(({ id, key }) => (jws.keyId === "" || id === jws.keyId) && verifyJws(jws, key));
}

/** RFC 9111 §4.2.1, for a shared cache. Milliseconds since the epoch. */
function freshUntil(headers: HttpAnswer["headers"], now: number): number {
  const control = headers["cache-control"] ?? "";
  const seconds = (directive: string): number | undefined => {
    const found = new RegExp(`(?:^|[\\s,])${directive}="?(\\d+)`, "i").exec(control)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const age = seconds("s-maxage") ?? seconds("max-age");
  if (age !== undefined) return now + age * 1000;
  const [date, expires, modified] = [headers.date, headers.expires, headers["last-modified"]].map((h) => Date.parse(h ?? ""));
  if (expires !== undefined && !Number.isNaN(expires)) return now + expires - (date === undefined || Number.isNaN(date) ? now : date);
  if (modified !== undefined && !Number.isNaN(modified)) return now + Math.min((now - modified) / 10, 24 * 3600 * 1000);
  return now;
}
