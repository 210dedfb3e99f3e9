/** One request to its answer, whatever the protocol. */
import type { Logger } from "../../core/log.ts";
import { ApiError, unauthorized } from "../../core/api-error.ts";
import type { ApiRequest, ApiResponse } from "../request.ts";
import { answer, panicResponse, statusResponse } from "./answer.ts";
import type { Reply } from "./answer.ts";
import { type AnswerHeaders, corsHeaders, preflight } from "./cors.ts";
import type { Peer } from "./peer-certificate.ts";
import type { WireRequest } from "./wire-request.ts";

/** The part of the server that a front needs. */
export interface RequestHandler {
  handle(request: ApiRequest): Promise<ApiResponse>;
}

export interface ExchangeOptions extends AnswerHeaders {
  readonly log: Logger;
  /** Largest request body, in bytes. */
  readonly maxBodyBytes: number;
  /** Bytes of one answer that may wait for a peer before it is cut off. */
  readonly maxBuffered: number;
  /** Compress for peers on this machine too. */
  readonly compressLoopback: boolean;
}

export class Exchange {
  readonly log: Logger;
  readonly maxBodyBytes: number;
  readonly maxBuffered: number;
  readonly #handler: RequestHandler;
  readonly #compressLoopback: boolean;
  readonly #headers: AnswerHeaders;
  #active = 0;

  constructor(handler: RequestHandler, options: ExchangeOptions) {
    this.log = options.log;
    this.maxBodyBytes = options.maxBodyBytes;
    this.maxBuffered = options.maxBuffered;
    this.#handler = handler;
    this.#compressLoopback = options.compressLoopback;
    this.#headers = options;
  }

  /** Requests that have not been answered to the end. */
  get active(): number {
    return this.#active;
  }

  /** Answers `request`; never throws. */
  run(request: WireRequest, reply: Reply, peer: Peer): void {
    this.#active++;
    void this.#answered(request, reply, peer);
  }

  async #answered(request: WireRequest, reply: Reply, peer: Peer): Promise<void> {
    try {
      await this.#answer(request, reply, peer);
    } catch (error) {
      this.log.error("answering failed", { error, method: request.method, path: request.path });
      request.abort();
    } finally {
      this.#active--;
    }
  }

  async #answer(request: WireRequest, reply: Reply, peer: Peer): Promise<void> {
    const compress = !peer.loopback || this.#compressLoopback;
    let response: ApiResponse;
    const cors = corsHeaders(request.headers["origin"], this.#headers);
    if (cors !== undefined && request.method === "OPTIONS") response = preflight();
    else if (peer.badCertificate && request.headers["authorization"] === undefined) response = statusResponse(unauthorized());
    else {
      try {
        response = await this.#handler.handle(request);
      } catch (error) {
        this.log.error("a handler fell over", { error, method: request.method, path: request.path });
        response = panicResponse();
      }
    }
    if (!request.gone) await answer(reply, request, response, compress, this.#extra(cors));
  }

  #extra(cors: readonly string[] | undefined): readonly string[] | undefined {
    const { strictTransportSecurity } = this.#headers;
    if (strictTransportSecurity === undefined) return cors;
    return [...(cors ?? []), "strict-transport-security", strictTransportSecurity];
  }

  tooLarge(request: WireRequest, reply: Reply): void {
    const error = new ApiError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${this.maxBodyBytes}`);
    answer(reply, request, statusResponse(error), false).catch((reason: unknown) => {
      this.log.debug("answering failed", { error: reason });
    });
  }
}
