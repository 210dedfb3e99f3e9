/** Dials, learns by ALPN which HTTP the server speaks, and keeps the connections. */
import { isIP } from "node:net";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import { connect as tlsConnect } from "node:tls";
import type { Clock } from "../../core/clock.ts";
import type { ClientConfig } from "../config.ts";
import { Http1Connection } from "./http1-connection.ts";
import { Http2Connection } from "./http2-connection.ts";
import { type Connection, WireError, type WireRequest, type WireResponse } from "./wire.ts";

const dialTimeout = 30_000;

/** A client certificate that a credential plugin gave. */
export interface PluginCertificate {
  readonly certificate: string;
  readonly key: string;
}

export class Connections {
  readonly #origin: URL;
  readonly #config: ClientConfig;
  readonly #clock: Clock;
  #open: Connection[] = [];
  #dialing: Promise<Connection> | undefined;
  #certificate: PluginCertificate | undefined;
  #closed = false;

  constructor(config: ClientConfig, clock: Clock) {
    this.#origin = new URL(config.server);
    this.#config = config;
    this.#clock = clock;
  }

  async exchange(request: WireRequest): Promise<WireResponse> {
    request.signal?.throwIfAborted();
    const connection = await this.#pick();
    request.signal?.throwIfAborted();
    return connection.exchange(request);
  }

  /** New connections present this certificate; present ones are left to their running exchanges. */
  useCertificate(certificate: PluginCertificate | undefined): void {
    if (this.#certificate?.certificate === certificate?.certificate) return;
    this.#certificate = certificate;
    this.#open = [];
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#open.splice(0)) connection.close();
  }

  async #pick(): Promise<Connection> {
    for (;;) {
      if (this.#closed) throw new WireError("the client was closed", true, undefined);
      this.#open = this.#open.filter((c) => c.available || !(c instanceof Http2Connection && c.dead));
      const ready = this.#open.find((c) => c.available);
      if (ready !== undefined) return ready;
      this.#dialing ??= this.#dial().finally(() => (this.#dialing = undefined));
      await this.#dialing;
    }
  }

  async #dial(): Promise<Connection> {
    const { dial } = this.#config;
    const connection = this.#origin.protocol === "http:" ? new Http1Connection(this.#origin, {}, dial) : await this.#dialTls();
    this.#open.push(connection);
    return connection;
  }

  async #dialTls(): Promise<Connection> {
    const options = this.#tlsOptions();
    const { dial } = this.#config;
    if (this.#config.disableHttp2 === true) return new Http1Connection(this.#origin, options, dial);
    const socket = await this.#connect(dial === undefined ? options : { ...options, ...(await dial()) });
    if (socket.alpnProtocol !== "h2") {
      socket.destroy();
      return new Http1Connection(this.#origin, { ...options, ALPNProtocols: ["http/1.1"] }, dial);
    }
    const connection: Http2Connection = new Http2Connection(this.#origin.origin, socket, this.#clock, () => {
      this.#open = this.#open.filter((c) => c !== connection);
    });
    return connection;
  }

  #connect(options: ConnectionOptions): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const socket = tlsConnect(options);
      const timer = this.#clock.setTimeout(() => socket.destroy(new Error("dial timeout")), dialTimeout);
      socket.once("secureConnect", () => {
        timer.cancel();
        socket.removeListener("error", failed);
        // Without this Nagle holds back the second of two small writes until the first is acknowledged.
        socket.setNoDelay(true);
        resolve(socket);
      });
      const failed = (error: Error): void => {
        timer.cancel();
        reject(new WireError(error.message, true, error));
      };
      socket.once("error", failed);
    });
  }

  #tlsOptions(): ConnectionOptions {
    const { certificateAuthority, clientCertificate, clientKey, tlsServerName, insecureSkipTlsVerify } = this.#config;
    const host = this.#origin.hostname.replace(/^\[|\]$/g, "");
    const cert = this.#certificate?.certificate ?? clientCertificate;
    const key = this.#certificate?.key ?? clientKey;
    const servername = tlsServerName ?? (isIP(host) === 0 ? host : undefined);
    return {
      host,
      port: this.#origin.port === "" ? 443 : Number(this.#origin.port),
      ALPNProtocols: this.#config.disableHttp2 === true ? ["http/1.1"] : ["h2", "http/1.1"],
      ...(servername === undefined ? {} : { servername }),
      // As in Go, whatever certificate the bundle has is trusted, be it no authority's.
      ...(certificateAuthority === undefined ? {} : { ca: certificateAuthority, allowPartialTrustChain: true }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
      ...(insecureSkipTlsVerify === true ? { rejectUnauthorized: false } : {}),
    };
  }
}
