/** The kubelet's HTTPS API: logs, exec, attach, port-forward, pods, stats, metrics. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { KubeletAccess } from "./kubelet-access.ts";
import { serveLogs } from "./logs-handler.ts";
import { serveMetrics, serveResourceMetrics, serveSummary } from "./stats-handler.ts";
import { podsWithStatus } from "./pods-handler.ts";
import { sendJson, type KubeletServerOptions } from "./server-context.ts";
import { HttpProblem, targetOf } from "./targets.ts";
import { serveStream, serveStreamOverHttp } from "./streams.ts";

export interface KubeletServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Bytes; Go's `http.DefaultMaxHeaderBytes`. The words of a command come in the request line. */
const maxHeaderSize = 1024 * 1024;

export async function startKubeletServer(server: KubeletServerOptions): Promise<KubeletServer> {
  const { createServer } = await import("node:https");
  const { tls, kubeletPort = 10250, nodeIPs, trustedUsers = [] } = server.options;
  const access = new KubeletAccess({ client: server.node.client, clock: server.clock, nodeName: server.node.nodeName, trustedUsers });
  const https = createServer(
    { cert: tls.cert, key: tls.key, ca: tls.clientCA, requestCert: true, rejectUnauthorized: false, minVersion: "TLSv1.2", maxHeaderSize },
    (request, response) => void answer(server, access, request, response),
  );
  https.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => void upgrade(server, access, request, socket, head));
  https.on("tlsClientError", (error) => server.log.debug("TLS handshake failed", { error }));
  await new Promise<void>((resolve, reject) => {
    https.once("error", reject);
    // All addresses of the node's own network namespace.
    https.listen(kubeletPort, nodeIPs.some((ip) => ip.includes(":")) ? "::" : "0.0.0.0", resolve);
  });
  return {
    port: (https.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        https.close(() => resolve());
        https.closeAllConnections();
      }),
  };
}

async function answer(
  server: KubeletServerOptions,
  access: KubeletAccess,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "/", "https://kubelet");
  try {
    await access.check(request, url.pathname);
    await route(server, url, request, response);
  } catch (error) {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const status = error instanceof HttpProblem ? error.status : 500;
    response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${(error as Error).message}\n`);
  }
}

type Handler = (server: KubeletServerOptions, url: URL, request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

const text =
  (body: string, type = "text/plain; charset=utf-8"): Handler =>
  (_server, _url, _request, response) =>
    void response.writeHead(200, { "content-type": type }).end(body);

/** By the first part of the path. */
const handlers: Record<string, Handler> = {
  healthz: text("ok"),
  pods: ({ workers, statuses }, _url, _request, response) => sendJson(response, podsWithStatus(workers, statuses)),
  runningpods: ({ workers, statuses }, _url, _request, response) => sendJson(response, podsWithStatus(workers, statuses, true)),
  containerLogs: serveLogs,
  stats: serveSummary,
  metrics: (server, url, request, response) =>
    (url.pathname === "/metrics/resource" ? serveResourceMetrics : serveMetrics)(server, url, request, response),
  exec: serveStreamOverHttp,
  attach: serveStreamOverHttp,
  portForward: serveStreamOverHttp,
};

async function route(server: KubeletServerOptions, url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const first = url.pathname.split("/")[1] ?? "";
  const handler = Object.hasOwn(handlers, first) ? handlers[first] : undefined;
  if (handler === undefined) throw new HttpProblem(404, "404 page not found");
  await handler(server, url, request, response);
}

async function upgrade(
  server: KubeletServerOptions,
  access: KubeletAccess,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  socket.on("error", (error) => server.log.debug("stream broke off", { error }));
  const url = new URL(request.url ?? "/", "https://kubelet");
  try {
    await access.check(request, url.pathname);
    await serveStream(server, targetOf(server, url), url, request, socket, head);
  } catch (error) {
    // Whoever took the socket over has answered on it already.
    if (socket.writableEnded || socket.destroyed) return;
    const status = error instanceof HttpProblem ? error.status : 500;
    const body = `${(error as Error).message}\n`;
    socket.end(
      `HTTP/1.1 ${status} ${status === 404 ? "Not Found" : "Error"}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  }
}
