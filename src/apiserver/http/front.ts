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
import type { RequestHandler } from "./exchange.ts";
import { serveMessage, serveUpgrade } from "./http1.ts";
import { serveSession } from "./http2.ts";
import { type Peer, peerOf } from "./peer-certificate.ts";

export interface FrontOptions {
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
}

export interface HttpFront {
  readonly host: string;
  readonly port: number;
  /** Open connections. */
  readonly connections: number;
  /** New connections see the new certificate; present ones stay. */
  updateTls(tls: FrontTls): void;
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
    });
    this.#http = this.#http1();
    this.#tls = createTlsServer({ ...secureContext(options.tls), ALPNProtocols: ["h2", "http/1.1"], minVersion: "TLSv1.2" });
    this.#tls.on("secureConnection", (socket) => this.#connected(socket));
    this.#tls.on("tlsClientError", (error) => this.#log.debug("TLS handshake failed", { error }));
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
  }

  close(graceMs = 5_000): Promise<void> {
    return (this.#closing ??= this.#close(graceMs));
  }

  async #close(graceMs: number): Promise<void> {
    const closed = once(this.#tls, "close");
    this.#tls.close();
    for (const session of this.#sessions) session.close();
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
      const session = performServerHandshake(socket, http2Options);
      session.setLocalWindowSize(sessionWindow);
      this.#sessions.add(session);
      session.on("close", () => this.#sessions.delete(session));
      serveSession(session, peer, this.#exchange);
      return;
    }
    this.#peers.set(socket, peer);
    this.#http.emit("connection", socket);
  }

  #http1(): HttpServer {
    const server = createHttpServer({ keepAliveTimeout: 120_000, maxHeaderSize: 1024 * 1024, requireHostHeader: false });
    const peer = (incoming: IncomingMessage): Peer => this.#peers.get(incoming.socket) as Peer;
    server.on("request", (incoming, outgoing) => {
      if (this.#closing !== undefined) outgoing.shouldKeepAlive = false;
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

/** Listens, and answers every request through `handler`. Rejects with the system's error when the port is taken. */
export async function listen(handler: RequestHandler, options: FrontOptions): Promise<HttpFront> {
  const front = new Front(handler, options);
  await front.listen(options.port, options.host ?? "127.0.0.1");
  return front;
}
