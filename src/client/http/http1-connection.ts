/** HTTP/1.1, for servers without HTTP/2 and for plain http (`kubectl proxy`): Node's agent keeps the connections. */
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import type { ConnectionOptions } from "node:tls";
import type { ClientConfig } from "../config.ts";
import { type Connection, plainHeaders, WireError, type WireRequest, type WireResponse } from "./wire.ts";

type Dial = NonNullable<ClientConfig["dial"]>;

/** The agent goes on pooling by the origin; only the address of a new connection is another one. */
function connectElsewhere(agent: HttpAgent, dial: Dial): void {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    dial().then(
      (address) => callback?.(null, connect({ ...options, ...address }) as Duplex),
      // Only the error counts to Node; its type wants a socket beside it.
      (error: Error) => callback?.(error, undefined as unknown as Duplex),
    );
    return undefined;
  };
}

export class Http1Connection implements Connection {
  readonly available = true;
  readonly #origin: URL;
  readonly #agent: HttpAgent;

  /** @param dial where each connection goes, when that is not the origin's own address. */
  constructor(origin: URL, tls: ConnectionOptions, dial?: Dial) {
    this.#origin = origin;
    const agent = origin.protocol === "https:" ? new HttpsAgent({ ...tls, keepAlive: true }) : new HttpAgent({ keepAlive: true });
    if (dial !== undefined) connectElsewhere(agent, dial);
    this.#agent = agent;
  }

  exchange(request: WireRequest): Promise<WireResponse> {
    return new Promise((resolve, reject) => {
      const send = this.#origin.protocol === "https:" ? httpsRequest : httpRequest;
      const outgoing = send(
        {
          agent: this.#agent,
          host: this.#origin.hostname.replace(/^\[|\]$/g, ""),
          port: this.#origin.port === "" ? (this.#origin.protocol === "https:" ? 443 : 80) : Number(this.#origin.port),
          method: request.method,
          path: request.path,
          headers: {
            ...(request.headers as Record<string, string | string[]>),
            ...(request.body === undefined ? {} : { "content-length": request.body.byteLength }),
          },
          ...(request.signal === undefined ? {} : { signal: request.signal }),
        },
        (incoming: IncomingMessage) =>
          resolve({ status: incoming.statusCode ?? 0, headers: plainHeaders(incoming.headers), body: incoming }),
      );
      outgoing.on("error", (error: NodeJS.ErrnoException) => {
        if (request.signal?.aborted) reject(request.signal.reason as Error);
        else reject(new WireError(error.message, error.syscall === "connect", error));
      });
      outgoing.end(request.body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
