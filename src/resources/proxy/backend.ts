/** What the API server connects to on a client's behalf: kubelets, pods, endpoints of services. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders, type RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { connect as netConnect, isIPv6 } from "node:net";
import type { Duplex } from "node:stream";
import { connect as tlsConnect, type ConnectionOptions } from "node:tls";
import { goNetworkError } from "../../client/webhook/go-errors.ts";

export interface Backend {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
  readonly tls?: BackendTls | undefined;
  /** A node of this process: dials instead of TCP, in plain HTTP/1.1. */
  readonly dial?: (() => Promise<Duplex>) | undefined;
}

export interface BackendTls {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The name that is asked for and that the certificate must hold; the host's when absent. */
  readonly serverName?: string | undefined;
  /** False: the server's certificate is not checked. */
  readonly verify: boolean;
}

/** `host:port`, IPv6 in brackets, as Go's net.JoinHostPort. */
export function hostPort(backend: Pick<Backend, "host" | "port">): string {
  return `${isIPv6(backend.host) ? `[${backend.host}]` : backend.host}:${backend.port}`;
}

/** `https://host:port`. */
export function originOf(backend: Backend): string {
  return `${backend.scheme}://${hostPort(backend)}`;
}

/** Connections are kept for a while, a pool each set of TLS options. */
const idleMs = 30_000;
const plainAgent = new HttpAgent({ keepAlive: true, timeout: idleMs });
const tlsAgents = new WeakMap<BackendTls, HttpsAgent>();

function agentFor(backend: Backend): HttpAgent | HttpsAgent {
  if (backend.scheme === "http" || backend.tls === undefined) return plainAgent;
  let agent = tlsAgents.get(backend.tls);
  if (agent === undefined) {
    agent = new HttpsAgent({ keepAlive: true, timeout: idleMs, ...tlsOptions(backend.tls) });
    tlsAgents.set(backend.tls, agent);
  }
  return agent;
}

function tlsOptions(tls: BackendTls): ConnectionOptions {
  return {
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
    rejectUnauthorized: tls.verify,
  };
}

/** Opens a bare connection, TLS included. Rejects with an Error whose message is Go's. */
export async function dialBackend(backend: Backend, signal?: AbortSignal): Promise<Duplex> {
  if (backend.dial !== undefined) return await backend.dial();
  const { host, port } = backend;
  return await new Promise((resolve, reject) => {
    const secure = backend.scheme === "https";
    const socket = secure
      ? tlsConnect({ host, port, ALPNProtocols: ["http/1.1"], ...tlsOptions(backend.tls ?? { verify: false }) })
      : netConnect({ host, port });
    const onAbort = (): void => void socket.destroy(signal?.reason as Error);
    signal?.addEventListener("abort", onAbort, { once: true });
    const failed = (error: Error): void => {
      signal?.removeEventListener("abort", onAbort);
      reject(new Error(dialText(error, backend)));
    };
    socket.once("error", failed);
    socket.once(secure ? "secureConnect" : "connect", () => {
      signal?.removeEventListener("abort", onAbort);
      socket.off("error", failed);
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}

export interface BackendRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: Uint8Array | undefined;
  readonly signal: AbortSignal;
}

/** Bytes; what Go's transport takes. */
const maxAnswerHead = 10 * 1024 * 1024;

/** Sends one request; resolves with the answer's head, its body still to be read. Rejects with an Error in Go's words. */
export async function requestBackend(backend: Backend, what: BackendRequest): Promise<IncomingMessage> {
  const dialled = await backend.dial?.();
  const options: RequestOptions = {
    host: backend.host,
    port: backend.port,
    method: what.method,
    path: what.path,
    headers: what.headers,
    signal: what.signal,
    maxHeaderSize: maxAnswerHead,
    ...(dialled === undefined ? { agent: agentFor(backend) } : { createConnection: () => dialled }),
    ...(dialled === undefined && backend.scheme === "https" ? tlsOptions(backend.tls ?? { verify: false }) : {}),
  };
  return await new Promise((resolve, reject) => {
    const secure = backend.scheme === "https" && dialled === undefined;
    const sent = secure ? httpsRequest(options, resolve) : httpRequest(options, resolve);
    sent.once("error", (error) => reject(new Error(dialText(error, backend))));
    sent.end(what.body);
  });
}

const systemTexts: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connect: connection refused",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  ETIMEDOUT: "i/o timeout",
  ECONNRESET: "read: connection reset by peer",
};

/** What Go's net package would say. */
export function dialText(error: Error & { code?: string }, at: Pick<Backend, "host" | "port">): string {
  const code = error.code ?? "";
  const known = systemTexts[code];
  if (known !== undefined) return `dial tcp ${hostPort(at)}: ${known}`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `dial tcp: lookup ${at.host}: no such host`;
  if (/^(CERT_|DEPTH_|UNABLE_TO_|SELF_SIGNED|ERR_TLS_CERT)/.test(code)) return goNetworkError(error);
  return error.message;
}
