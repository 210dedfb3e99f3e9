/**
 * The server's front: TLS with HTTP/2 and HTTP/1.1 on one port. One TLS listener reads the negotiated protocol and hands
 * the connection to an HTTP/2 session or to an HTTP/1.1 parser; so that HTTP/2 never passes Node's compatibility layer.
 */
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import type { IncomingMessage, Server as HttpServer } from "node:http";
import { performServerHandshake } from "node:http2";
import type { ServerHttp2Session, ServerOptions } from "node:http2";
import type { AddressInfo } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Server as TlsServer, TLSSocket } from "node:tls";
import { sleep, systemClock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { silent } from "../../core/log.ts";
import { splitBundle } from "../../host/pki.ts";
import { Exchange } from "./exchange.ts";
import type { AnswerHeaders } from "./cors.ts";
import type { RequestHandler } from "./exchange.ts";
import { serveMessage, serveUpgrade } from "./http1.ts";
import { serveSession } from "./http2.ts";
import { type Peer, peerOf } from "./peer-certificate.ts";

export interface FrontOptions extends AnswerHeaders, TlsChoices {
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** 0 takes any free port. */
  readonly port: number;
  readonly tls: FrontTls;
  readonly log?: Logger | undefined;
  /** Largest request body; default 3 MiB. */
  readonly maxBodyBytes?: number | undefined;
  /** Bytes of one answer that may wait for its reader before it is cut off; default 64 MiB. */
  readonly maxBufferedBytes?: number | undefined;
  /** Compress large answers for peers on this machine too; default false. */
  readonly compressLoopback?: boolean | undefined;
  /** Called for each connection whose TLS handshake fails. */
  readonly handshakeFailed?: (() => void) | undefined;
  /** HTTP/1.1 alone; default false. */
  readonly disableHttp2?: boolean | undefined;
  /** Requests at once on one HTTP/2 connection; default 2,000. */
  readonly maxStreams?: number | undefined;
  /** The chance, from 0 to 1, that a request tells its HTTP/2 connection to go; default 0. */
  readonly goawayChance?: number | undefined;
}

/** How TLS is spoken, in OpenSSL's names. */
export interface TlsChoices {
  readonly minVersion?: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3" | undefined;
  readonly ciphers?: string | undefined;
  readonly curves?: string | undefined;
}

/** PEM texts. */
export interface FrontTls {
  readonly certificate: string;
  readonly key: string;
  /**
   * Authorities of client certificates, any number: clients are told of them. Without them no certificate is asked for. What
   * a client shows is checked by the authenticators, not here.
   */
  readonly clientCa?: string | undefined;
  /** Other certificates, for clients that ask for one of their names. */
  readonly byName?: readonly { readonly names: readonly string[]; readonly certificate: string; readonly key: string }[] | undefined;
}

export interface HttpFront {
  readonly host: string;
  readonly port: number;
  /** Open connections. */
  readonly connections: number;
  /** New connections see the new certificate; present ones stay. */
  updateTls(tls: FrontTls): void;
  /** Takes no more connections and tells HTTP/2 peers to go; what runs goes on. */
  refuse(): void;
  /**
   * Takes no more connections, tells HTTP/2 peers to go (GOAWAY), waits until the running requests are answered or
   * `graceMs` (default 5,000) have passed, and closes what is left.
   */
  close(graceMs?: number): Promise<void>;
}

/**
 * client-go puts everything on one connection. Node's own bounds are meant for strangers: 10 MB a session refuse forty
 * large lists, and a thousand resets close the connection of a client that cancelled its watches. What an answer may hold
 * is bounded per stream instead ({@link FrontOptions.maxBufferedBytes}).
 */
const http2Options: ServerOptions = {
  maxSessionMemory: 100_000,
  streamResetBurst: 100_000,
  streamResetRate: 10_000,
  maxSessionRejectedStreams: 100_000,
  settings: { maxConcurrentStreams: 2_000, initialWindowSize: 256 * 1024, maxHeaderListSize: 1024 * 1024 },
};

/** What a connection may send before its windows are renewed. */
const sessionWindow = 8 * 1024 * 1024;

class Front implements HttpFront {
  readonly #tls: TlsServer;
  readonly #http: HttpServer;
  readonly #exchange: Exchange;
  readonly #log: Logger;
  readonly #sockets = new Set<TLSSocket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #peers = new WeakMap<object, Peer>();
  readonly #goawayChance: number;
  readonly #http2: ServerOptions;
  #refused: Promise<unknown> | undefined;
  #closing: Promise<void> | undefined;
  host = "";
  port = 0;

  constructor(handler: RequestHandler, options: FrontOptions) {
    this.#log = options.log ?? silent;
    this.#exchange = new Exchange(handler, {
      log: this.#log,
      maxBodyBytes: options.maxBodyBytes ?? 3 * 1024 * 1024,
      maxBuffered: options.maxBufferedBytes ?? 64 * 1024 * 1024,
      compressLoopback: options.compressLoopback ?? false,
      cors: options.cors,
      strictTransportSecurity: options.strictTransportSecurity,
    });
    this.#goawayChance = options.goawayChance ?? 0;
    this.#http2 = { ...http2Options, settings: { ...http2Options.settings, maxConcurrentStreams: options.maxStreams || 2_000 } };
    this.#http = this.#http1();
    this.#tls = createTlsServer({
      ...secureContext(options.tls),
      ALPNProtocols: options.disableHttp2 === true ? ["http/1.1"] : ["h2", "http/1.1"],
      minVersion: options.minVersion ?? "TLSv1.2",
      ...(options.ciphers === undefined ? {} : { ciphers: options.ciphers }),
      ...(options.curves === undefined ? {} : { ecdhCurve: options.curves }),
    });
    addContexts(this.#tls, options.tls);
    this.#tls.on("secureConnection", (socket) => this.#connected(socket));
    this.#tls.on("tlsClientError", (error) => {
      options.handshakeFailed?.();
      this.#log.debug("TLS handshake failed", { error });
    });
  }

  async listen(port: number, host: string): Promise<void> {
    this.#tls.listen({ port, host, backlog: 1024 });
    await once(this.#tls, "listening");
    const address = this.#tls.address() as AddressInfo;
    this.host = address.address;
    this.port = address.port;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  updateTls(tls: FrontTls): void {
    this.#tls.setSecureContext(secureContext(tls));
    addContexts(this.#tls, tls);
  }

  close(graceMs = 5_000): Promise<void> {
    return (this.#closing ??= this.#close(graceMs));
  }

  refuse(): void {
    if (this.#refused !== undefined) return;
    this.#refused = once(this.#tls, "close");
    this.#tls.close();
    for (const session of this.#sessions) session.close();
  }

  async #close(graceMs: number): Promise<void> {
    this.refuse();
    const closed = this.#refused;
    const end = systemClock.monotonic() + graceMs;
    while (this.#exchange.active > 0 && systemClock.monotonic() < end) await sleep(systemClock, 10);
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #connected(socket: TLSSocket): void {
    const peer = peerOf(socket);
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", (error) => this.#log.debug("connection failed", { error, peer: peer.remoteAddress }));
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 180_000);
    if (socket.alpnProtocol === "h2") {
      const session = performServerHandshake(socket, this.#http2);
      session.setLocalWindowSize(sessionWindow);
      this.#sessions.add(session);
      session.on("close", () => this.#sessions.delete(session));
      serveSession(session, peer, this.#exchange);
      if (this.#goawayChance > 0) session.on("stream", () => this.#mayGo(session));
      return;
    }
    this.#peers.set(socket, peer);
    this.#http.emit("connection", socket);
  }

  /** Clients of a long connection come to another server now and then: what runs on this one goes on. */
  #mayGo(session: ServerHttp2Session): void {
    if (Math.random() < this.#goawayChance && !session.closed) session.close();
  }

  #http1(): HttpServer {
    const server = createHttpServer({ keepAliveTimeout: 120_000, maxHeaderSize: 1024 * 1024, requireHostHeader: false });
    const peer = (incoming: IncomingMessage): Peer => this.#peers.get(incoming.socket) as Peer;
    server.on("request", (incoming, outgoing) => {
      if (this.#refused !== undefined) outgoing.shouldKeepAlive = false;
      serveMessage(incoming, outgoing, peer(incoming), this.#exchange);
    });
    server.on("upgrade", (incoming: IncomingMessage, socket: TLSSocket, head: Buffer) =>
      serveUpgrade(incoming, socket, head, peer(incoming), this.#exchange),
    );
    return server;
  }
}

/**
 * An empty list of revocations by nobody. Which authority vouches for whom is the authenticators' to say (there are several,
 * they change, and a proxy's is not a user's), and they need all that the peer sent. Node shows the certificates between
 * the leaf and an authority only where the library's own check did not end well: with a list of revocations loaded, and none
 * of the authority in question, it never does.
 */
const nobodysRevocations = `-----BEGIN X509 CRL-----
MIIBaTBTAgEBMA0GCSqGSIb3DQEBCwUAMBExDzANBgNVBAMMBm5vYm9keRcNMjYx
MTIxMjIyNzU0WhcNMzUwMjA3MjIyNzU0WqAOMAwwCgYDVR0UBAMCAQEwDQYJKoZI
hvcNAQELBQADggEBACgjbEI5g77O4AwUPTxHoyRNLkLJRb0e4q1SIlCuvkpQ/u3m
MiyCpmlY+WxKatomW5zF9q8wPJZYDPxMPy3/hEMX/AmqaJ3QKzEI2DPF9GEb81uQ
RBcE6FwWTnu4HyMusmWOkwT1pJCODdgHG2h/AOvAmAzzlAR4nz4Q30EOE0AgRZcX
k5qITiTfn4ztORnpTW57laVtaLKJGqbpR2+Q/Ky5HPN6i1+0zmLiQLrkGp4NdcGB
N+CVMudL3AI+QofpuUMFjpA1u4U270jzWRB07Lgg2xboVUosLbpxCKMJrjACihXn
w5EulehFx3TnCMPPQqiOvbHB/58tx3qtkwAhPIg=
-----END X509 CRL-----
`;

function secureContext(tls: FrontTls): {
  cert: string;
  key: string;
  ca?: string[];
  crl?: string;
  requestCert: boolean;
  rejectUnauthorized: false;
} {
  return {
    cert: tls.certificate,
    key: tls.key,
    ...(tls.clientCa === undefined ? {} : { ca: splitBundle(tls.clientCa), crl: nobodysRevocations }),
    requestCert: tls.clientCa !== undefined,
    // A certificate that is not ours gets a 401 that explains itself, not a broken handshake.
    rejectUnauthorized: false,
  };
}

function addContexts(server: TlsServer, tls: FrontTls): void {
  for (const { names, certificate, key } of tls.byName ?? []) {
    const ca = tls.clientCa === undefined ? {} : { ca: tls.clientCa };
    for (const name of names) server.addContext(name, { cert: certificate, key, ...ca });
  }
}

/** Listens, and answers every request through `handler`. Rejects with the system's error when the port is taken. */
export async function listen(handler: RequestHandler, options: FrontOptions): Promise<HttpFront> {
  const front = new Front(handler, options);
  await front.listen(options.port, options.host ?? "127.0.0.1");
  return front;
}
