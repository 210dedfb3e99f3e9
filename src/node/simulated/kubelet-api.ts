/** The kubelet API of simulated nodes: there is nothing to look into, and it says so. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { duplexPair, type Duplex } from "node:stream";
import { acceptRemoteCommand } from "../../client/streaming/remote-command-server.ts";
import { failureStatus } from "../../client/streaming/session.ts";
import { formatMicroTime, type Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";

const because = "the pod runs on a simulated node: it has no containers";

export class SimulatedKubelet {
  readonly #server: Server;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #sockets = new Set<Duplex>();

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
    // As a kubelet's: the words of a command come in the request line.
    this.#server = createServer({ maxHeaderSize: 1024 * 1024 }, (request, response) => this.#answer(request, response));
    this.#server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#upgrade(request, socket, head).catch((error: unknown) => {
        this.#log.debug("a stream to a simulated pod broke", { error });
        socket.destroy();
      });
    });
  }

  /** A connection in this process: plain HTTP/1.1. */
  dial(): Promise<Duplex> {
    const [near, far] = duplexPair();
    this.#sockets.add(far);
    far.once("close", () => this.#sockets.delete(far));
    this.#server.emit("connection", far);
    return Promise.resolve(near);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", "http://node");
    const [, kind, namespace = "", pod = "", container = ""] = url.pathname.split("/");
    if (kind === "containerLogs") {
      const line = `pod ${namespace}/${pod} is simulated: container ${container} does not run and writes no log\n`;
      const time = url.searchParams.get("timestamps") === "true" ? `${formatMicroTime(this.#clock.now())} ` : "";
      response.writeHead(200, { "content-type": "text/plain" }).end(time + line);
    } else if (kind === "healthz") response.writeHead(200, { "content-type": "text/plain" }).end("ok");
    else if (kind === "pods")
      response.writeHead(200, { "content-type": "application/json" }).end('{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[]}');
    else response.writeHead(501, { "content-type": "text/plain" }).end(`${because}\n`);
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const url = new URL(request.url ?? "/", "http://node");
    const [, kind] = url.pathname.split("/");
    if (kind !== "exec" && kind !== "attach") {
      socket.end(
        `HTTP/1.1 501 Not Implemented\r\ncontent-type: text/plain\r\ncontent-length: ${because.length}\r\nconnection: close\r\n\r\n${because}`,
      );
      return;
    }
    const flag = (name: string): boolean => url.searchParams.get(name) === "1";
    const streams = { stdin: flag("input"), stdout: flag("output"), stderr: flag("error"), tty: flag("tty") };
    const session = await acceptRemoteCommand(
      { method: request.method ?? "GET", headers: request.headers, query: url.searchParams, socket, head },
      { streams },
    );
    await session.finish(failureStatus(`cannot ${kind}: ${because}`));
  }
}
