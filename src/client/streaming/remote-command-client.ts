/** The client end of exec and attach, over WebSocket channels or SPDY/3.1. */
import type { Readable, Writable } from "node:stream";
import { SpdyConnection, type SpdyStream } from "../../host/spdy/index.ts";
import { connectWebSocket } from "../../host/websocket/connect.ts";
import { ChannelSocket } from "./channel-socket.ts";
import { channel, commandSpdyProtocols, expectedStreams, versionOf } from "./protocols.ts";
import {
  failureStatus,
  type CommandStatus,
  type RemoteCommandClient,
  type StreamSelection,
  type StreamTransport,
  type UpgradeTarget,
} from "./session.ts";
import { encodeSize } from "./sizes.ts";
import { asApiError, shouldFallBack, upgradeToSpdy } from "./upgrade-request.ts";

export interface RemoteCommandOptions {
  /** Default `websocket-then-spdy`. */
  readonly transport?: StreamTransport | undefined;
  /** WebSocket subprotocols offered. Default `v5.channel.k8s.io` alone, as client-go. */
  readonly protocols?: readonly string[] | undefined;
  /** Aborting closes the connection. */
  readonly signal?: AbortSignal | undefined;
}

/** Connects to `target` (an exec or attach URL, options in its query). Rejects with an ApiError when refused. */
export async function openRemoteCommand(
  target: UpgradeTarget,
  streams: StreamSelection,
  options: RemoteCommandOptions = {},
): Promise<RemoteCommandClient> {
  const transport = options.transport ?? "websocket-then-spdy";
  const client = await connect(target, streams, transport, options);
  options.signal?.addEventListener("abort", () => client.close(), { once: true });
  return client;
}

async function connect(
  target: UpgradeTarget,
  streams: StreamSelection,
  transport: StreamTransport,
  options: RemoteCommandOptions,
): Promise<RemoteCommandClient> {
  if (transport === "spdy") return await overSpdy(target, streams, options);
  try {
    return await overWebSocket(target, streams, options);
  } catch (error) {
    if (transport === "websocket-then-spdy" && shouldFallBack(error)) return await overSpdy(target, streams, options);
    throw asApiError(error);
  }
}

async function overWebSocket(target: UpgradeTarget, streams: StreamSelection, options: RemoteCommandOptions): Promise<RemoteCommandClient> {
  const { socket: raw, protocol } = await connectWebSocket(target, options.protocols ?? ["v5.channel.k8s.io"], options.signal);
  const socket = new ChannelSocket(raw, protocol);
  const sizes = socket.writer(channel.resize, false);
  return client({
    protocol,
    stdin: streams.stdin ? socket.writer(channel.stdin, true) : undefined,
    stdout: streams.stdout ? socket.reader(channel.stdout) : undefined,
    stderr: streams.stderr && !streams.tty ? socket.reader(channel.stderr) : undefined,
    error: socket.reader(channel.error),
    sizes,
    gone: socket.gone,
    close: () => socket.close(),
  });
}

async function overSpdy(target: UpgradeTarget, streams: StreamSelection, options: RemoteCommandOptions): Promise<RemoteCommandClient> {
  const { socket, head, protocol } = await upgradeToSpdy(target, commandSpdyProtocols, options.signal);
  const connection = new SpdyConnection(socket, { server: false, pingIntervalMs: 5000 }, head);
  const open = new Map<string, SpdyStream>();
  for (const name of expectedStreams({ ...streams, stderr: streams.stderr && !streams.tty }, protocol)) {
    const stream = connection.createStream({ streamtype: name });
    stream.on("error", () => undefined);
    open.set(name, stream);
  }
  // The halves that only the server writes are over from our side at once.
  open.get("error")?.end();
  open.get("stdin")?.resume();
  return client({
    protocol,
    stdin: open.get("stdin"),
    stdout: open.get("stdout"),
    stderr: open.get("stderr"),
    error: open.get("error") as SpdyStream,
    sizes: open.get("resize"),
    gone: connection.closed,
    close: () => connection.close(),
  });
}

interface Parts {
  protocol: string;
  stdin: Writable | undefined;
  stdout: Readable | undefined;
  stderr: Readable | undefined;
  error: Readable;
  sizes: Writable | undefined;
  gone: Promise<void>;
  close: () => void;
}

function client(parts: Parts): RemoteCommandClient {
  for (const stream of [parts.stdin, parts.stdout, parts.stderr, parts.sizes]) stream?.on("error", () => undefined);
  const status = readStatus(parts);
  status.catch(() => undefined);
  // Both sides are done once the status and all output are in.
  void status.then(
    async () => {
      await Promise.race([Promise.all([readToEnd(parts.stdout), readToEnd(parts.stderr)]), parts.gone]);
      parts.close();
    },
    () => parts.close(),
  );
  return {
    protocol: parts.protocol,
    stdin: parts.stdin,
    stdout: parts.stdout,
    stderr: parts.stderr,
    resize: (size) => void parts.sizes?.write(encodeSize(size)),
    status,
    close: () => parts.close(),
  };
}

function readToEnd(stream: Readable | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (stream === undefined || stream.readableEnded || stream.destroyed) {
      resolve();
      return;
    }
    stream.once("end", resolve);
    stream.once("close", resolve);
  });
}

async function readStatus(parts: Parts): Promise<CommandStatus> {
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve) => {
    parts.error.on("data", (chunk: Buffer) => chunks.push(chunk));
    parts.error.once("end", resolve);
    parts.error.once("close", resolve);
    parts.error.once("error", () => resolve());
    void parts.gone.then(resolve);
  });
  const text = Buffer.concat(chunks).toString("utf8");
  if (versionOf(parts.protocol) < 4) {
    if (text === "") return { metadata: {}, status: "Success" };
    return failureStatus(text);
  }
  if (text === "") throw new Error("the connection closed before the command's status came");
  return JSON.parse(text) as CommandStatus;
}
