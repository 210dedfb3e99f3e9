/** The server end of port-forward: SPDY/3.1, SPDY through a WebSocket (KEP-4006), or plain WebSocket channels. */
import { Duplex } from "node:stream";
import { systemClock, type Timer } from "../../core/clock.ts";
import { goQuote } from "../../core/go-quote.ts";
import { SpdyConnection, type SpdyStream } from "../../host/spdy/index.ts";
import { acceptWebSocket, isWebSocketRequest, offeredProtocols } from "../../host/websocket/accept.ts";
import { WebSocketDuplex } from "../../host/websocket/duplex.ts";
import { ChannelSocket } from "./channel-socket.ts";
import { negotiate, portForwardProtocol, tunnelPrefix } from "./protocols.ts";
import type { AcceptOptions, ForwardedConnection, PortForwardSession, UpgradeRequest } from "./session.ts";
import { refuseUpgrade, switchToSpdy } from "./upgrade-response.ts";

const defaultCreationTimeout = 30_000;
const defaultIdleTimeout = 4 * 60 * 60 * 1000;
const channelProtocols = ["v4.channel.k8s.io", "v4.base64.channel.k8s.io", ""];

/** Accepts port-forward. A request that cannot be upgraded is answered on the socket, and the promise rejects. */
export async function acceptPortForward(request: UpgradeRequest, options: AcceptOptions = {}): Promise<PortForwardSession> {
  if (!isWebSocketRequest(request.headers)) {
    const protocol = switchToSpdy(request, [portForwardProtocol]);
    return new SpdyForward(request.socket, request.head, protocol, options);
  }
  const offered = offeredProtocols(request.headers).filter((p) => !p.startsWith("base64url.bearer.authorization.k8s.io."));
  const tunnel = tunnelPrefix + portForwardProtocol;
  if (offered.includes(tunnel)) {
    const socket = await acceptWebSocket(request, tunnel);
    return new SpdyForward(new WebSocketDuplex(socket), Buffer.alloc(0), portForwardProtocol, options);
  }
  const protocol = offered.length === 0 ? "" : negotiate(offered, channelProtocols);
  if (protocol === undefined) throw refuseUpgrade(request, 403, `requested protocol(s) are not supported: [${offered.join(" ")}]`);
  const ports = portsOf(request);
  const socket = await acceptWebSocket(request, protocol);
  return channelForward(new ChannelSocket(socket, protocol), ports);
}

/** The ports that the query parameter `port` names, repeated or with commas between them; refused in the kubelet's words. */
function portsOf(request: UpgradeRequest): number[] {
  const given = request.query.getAll("port");
  if (given.length === 0) throw refuseUpgrade(request, 400, 'query parameter "port" is required');
  return given.flatMap((list) => {
    if (list === "") throw refuseUpgrade(request, 400, 'query parameter "port" cannot be empty');
    return list.split(",").map((text) => {
      const fault = /^\d+$/.test(text) ? (Number(text) > 65_535 ? "value out of range" : "") : "invalid syntax";
      if (fault !== "")
        throw refuseUpgrade(
          request,
          400,
          `unable to parse ${goQuote(list)} as a port: strconv.ParseUint: parsing ${goQuote(text)}: ${fault}`,
        );
      if (Number(text) < 1) throw refuseUpgrade(request, 400, `port ${goQuote(list)} must be > 0`);
      return Number(text);
    });
  });
}

const validPort = (n: number): boolean => Number.isInteger(n) && n >= 1 && n <= 65535;

interface Pair {
  data?: SpdyStream;
  error?: SpdyStream;
  timer: Timer;
}

/** Each forwarded connection is a pair of streams, data and error, with the same request id. */
class SpdyForward implements PortForwardSession {
  readonly protocol: string;
  readonly signal: AbortSignal;
  readonly #connection: SpdyConnection;
  readonly #pairs = new Map<string, Pair>();
  readonly #early: ForwardedConnection[] = [];
  readonly #options: AcceptOptions;
  #handler: ((connection: ForwardedConnection) => void) | undefined;

  constructor(socket: Duplex, head: Buffer, protocol: string, options: AcceptOptions) {
    this.protocol = protocol;
    this.#options = options;
    const controller = new AbortController();
    this.signal = controller.signal;
    this.#connection = new SpdyConnection(
      socket,
      {
        server: true,
        ...(options.clock === undefined ? {} : { clock: options.clock }),
        idleTimeoutMs: options.idleTimeoutMs ?? defaultIdleTimeout,
        onStream: (stream) => this.#onStream(stream),
      },
      head,
    );
    void this.#connection.closed.then(() => {
      for (const pair of this.#pairs.values()) pair.timer.cancel();
      controller.abort(new Error("the connection is closed"));
    });
  }

  onConnection(handler: (connection: ForwardedConnection) => void): void {
    this.#handler = handler;
    for (const connection of this.#early.splice(0)) handler(connection);
  }

  close(): void {
    this.#connection.close();
  }

  #onStream(stream: SpdyStream): void {
    const type = stream.headers["streamtype"] ?? "";
    const portText = stream.headers["port"] ?? "";
    const port = /^\d+$/.test(portText) ? Number(portText) : 0;
    if (!validPort(port)) throw new Error(`unable to parse "${portText}" as a port`);
    if (type !== "data" && type !== "error") throw new Error(`invalid stream type "${type}"`);
    stream.on("error", () => undefined);
    // Clients before 1.? gave no id: their two streams have neighbouring numbers.
    const id = stream.headers["requestid"] ?? String(type === "error" ? stream.id : stream.id - 2);
    const pair = this.#pair(id);
    if (pair[type] !== undefined) throw new Error(`${type} stream already assigned`);
    pair[type] = stream;
    if (pair.data === undefined || pair.error === undefined) return;
    pair.timer.cancel();
    this.#pairs.delete(id);
    this.#deliver(port, pair.data, pair.error);
  }

  #pair(id: string): Pair {
    const known = this.#pairs.get(id);
    if (known !== undefined) return known;
    const timer = (this.#options.clock ?? systemClock).setTimeout(() => {
      this.#pairs.delete(id);
      pair.error?.end(`(request=${id}) timed out waiting for streams`);
      pair.data?.destroy();
    }, this.#options.creationTimeoutMs ?? defaultCreationTimeout);
    const pair: Pair = { timer };
    this.#pairs.set(id, pair);
    return pair;
  }

  #deliver(port: number, data: SpdyStream, error: SpdyStream): void {
    error.resume();
    let failed = false;
    data.once("close", () => {
      if (!failed) error.end();
    });
    const connection: ForwardedConnection = {
      port,
      data,
      fail: (message) => {
        if (failed) return;
        failed = true;
        error.end(message, () => data.destroy());
      },
    };
    if (this.#handler === undefined) this.#early.push(connection);
    else this.#handler(connection);
  }
}

/** Two channels a port, data and error; each starts with the port's number, little-endian. One connection a port. */
function channelForward(socket: ChannelSocket, ports: readonly number[]): PortForwardSession {
  const controller = new AbortController();
  void socket.gone.then(() => controller.abort(new Error("the connection is closed")));
  const connections = ports.map((port, i): ForwardedConnection => {
    const head = Buffer.alloc(2);
    head.writeUInt16LE(port);
    socket.send(2 * i, head);
    socket.send(2 * i + 1, head);
    const data = Duplex.from({ readable: socket.reader(2 * i), writable: socket.writer(2 * i, false) });
    data.on("error", () => undefined);
    const error = socket.writer(2 * i + 1, false);
    return { port, data, fail: (message) => void error.end(message, () => data.destroy()) };
  });
  return {
    protocol: socket.protocol,
    onConnection: (handler) => {
      for (const connection of connections.splice(0)) handler(connection);
    },
    close: () => socket.close(),
    signal: controller.signal,
  };
}
