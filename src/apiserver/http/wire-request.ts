/** An {@link ApiRequest} over what came from the wire. Everything that most requests never ask for is made on demand. */
import type { Duplex } from "node:stream";
import type { Logger } from "../../core/log.ts";
import { unresolvedInfo } from "../request.ts";
import type { ApiRequest, RequestInfo } from "../request.ts";
import type { UserInfo } from "../../auth/user.ts";
import type { ClientCertificate } from "../../auth/authenticator.ts";
import type { Peer } from "./peer-certificate.ts";

/** Shared by every request without a query: nothing may write into it. */
const noQuery = new URLSearchParams();

/** Why every request's signal aborts in the end. One for all: each of its own would take a look at the stack. */
const over = new DOMException("This operation was aborted", "AbortError");

export class WireRequest implements ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly uri: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly remoteAddress: string | undefined;
  readonly certificate: ClientCertificate | undefined;
  readonly log: Logger;
  readonly warnings: string[] = [];
  body: Uint8Array | undefined = undefined;
  upgrade: { readonly socket: Duplex; readonly head: Buffer } | undefined = undefined;
  user: UserInfo | undefined = undefined;
  auditId: string | undefined = undefined;
  flow: ApiRequest["flow"] = undefined;
  /** False: the front has seen that no header asks for it. */
  impersonates: boolean | undefined = undefined;
  info: RequestInfo = unresolvedInfo;
  readonly search: string;
  #query: URLSearchParams | undefined;
  #abort: AbortController | undefined;
  #gone = false;

  constructor(method: string, url: string, headers: Readonly<Record<string, string | string[] | undefined>>, peer: Peer, log: Logger) {
    this.method = method;
    this.uri = url;
    const mark = url.indexOf("?");
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.search = mark < 0 ? "" : url.slice(mark + 1);
    this.headers = headers;
    this.remoteAddress = peer.remoteAddress;
    this.certificate = peer.certificate;
    this.log = log;
  }

  get query(): URLSearchParams {
    return (this.#query ??= this.search === "" ? noQuery : new URLSearchParams(this.search));
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#gone) this.#abort.abort(over);
    }
    return this.#abort.signal;
  }

  /** The peer went away, or the answer is over: whoever works for this request may stop. */
  abort(): void {
    this.#gone = true;
    this.#abort?.abort(over);
  }

  get gone(): boolean {
    return this.#gone;
  }
}
