/** The server end of exec and attach, over SPDY/3.1 or WebSocket channels. */
import type { Readable, Writable } from "node:stream";
import { systemClock, type Clock } from "../../core/clock.ts";
import { SpdyConnection, type SpdyStream } from "../../host/spdy/index.ts";
import { acceptWebSocket, isWebSocketRequest, offeredProtocols } from "../../host/websocket/accept.ts";
import { ChannelSocket } from "./channel-socket.ts";
import { channel, commandSpdyProtocols, commandWebSocketProtocols, expectedStreams, negotiate, versionOf } from "./protocols.ts";
import {
  exitCodeOf,
  streamSelection,
  type AcceptOptions,
  type CommandStatus,
  type RemoteCommandSession,
  type StreamSelection,
  type TerminalSize,
  type UpgradeRequest,
} from "./session.ts";
import { TerminalSizes } from "./sizes.ts";
import { refuseUpgrade, switchToSpdy } from "./upgrade-response.ts";

const defaultCreationTimeout = 30_000;
const defaultIdleTimeout = 4 * 60 * 60 * 1000;

/**
 * Accepts exec or attach. A request that cannot be upgraded is answered on the socket with upstream's text, and the promise
 * rejects with UpgradeRefused; it also rejects when the client does not open its streams in time.
 */
export function acceptRemoteCommand(request: UpgradeRequest, options: AcceptOptions = {}): Promise<RemoteCommandSession> {
  const streams = options.streams ?? streamSelection(request.query);
  if (!streams.stdin && !streams.stdout && !streams.stderr)
    return Promise.reject(refuseUpgrade(request, 400, "you must specify at least 1 of stdin, stdout, stderr"));
  return isWebSocketRequest(request.headers) ? acceptChannels(request, streams) : acceptSpdy(request, streams, options);
}

async function acceptChannels(request: UpgradeRequest, streams: StreamSelection): Promise<RemoteCommandSession> {
  const offered = offeredProtocols(request.headers);
  const known = offered.filter((p) => !p.startsWith("base64url.bearer.authorization.k8s.io."));
  const protocol = known.length === 0 ? "" : negotiate(known, commandWebSocketProtocols);
  if (protocol === undefined) throw refuseUpgrade(request, 403, `requested protocol(s) are not supported: [${known.join(" ")}]`);
  const socket = new ChannelSocket(await acceptWebSocket(request, protocol), protocol);
  const sizes = new TerminalSizes(socket.reader(channel.resize));
  const stdin = streams.stdin ? socket.reader(channel.stdin) : undefined;
  // An empty message tells the client that the connection stands.
  socket.send(streams.stdout ? channel.stdout : streams.stderr ? channel.stderr : channel.error, Buffer.alloc(0));
  return session({
    protocol,
    streams,
    stdin,
    stdout: streams.stdout ? socket.writer(channel.stdout, false) : undefined,
    stderr: streams.stderr ? socket.writer(channel.stderr, false) : undefined,
    error: socket.writer(channel.error, false),
    sizes,
    gone: socket.gone,
    close: () => socket.close(),
  });
}

async function acceptSpdy(request: UpgradeRequest, streams: StreamSelection, options: AcceptOptions): Promise<RemoteCommandSession> {
  const clock = options.clock ?? systemClock;
  const protocol = switchToSpdy(request, commandSpdyProtocols);
  const wanted = expectedStreams(streams, protocol);
  const open = new Map<string, SpdyStream>();
  let complete: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (complete = resolve));
  const connection = new SpdyConnection(
    request.socket,
    {
      server: true,
      clock,
      idleTimeoutMs: options.idleTimeoutMs ?? defaultIdleTimeout,
      onStream: (stream) => {
        const type = stream.headers["streamtype"] ?? "";
        if (!["error", "stdin", "stdout", "stderr", "resize"].includes(type)) throw new Error(`unexpected stream type: "${type}"`);
        if (open.has(type)) throw new Error(`duplicate stream type: "${type}"`);
        stream.on("error", () => undefined);
        open.set(type, stream);
        if (wanted.every((name) => open.has(name))) complete();
      },
    },
    request.head,
  );
  await within(all, connection.closed, clock, options.creationTimeoutMs ?? defaultCreationTimeout).catch((error: unknown) => {
    connection.close();
    throw error;
  });
  for (const name of ["stdout", "stderr", "error"]) open.get(name)?.resume();
  if (versionOf(protocol) === 1 && protocol !== "") open.get("stdin")?.end();
  return session({
    protocol,
    streams,
    stdin: open.get("stdin"),
    stdout: open.get("stdout"),
    stderr: open.get("stderr"),
    error: open.get("error") as SpdyStream,
    sizes: new TerminalSizes(open.get("resize")),
    gone: connection.closed,
    close: () => connection.close(),
  });
}

async function within(done: Promise<void>, gone: Promise<void>, clock: Clock, ms: number): Promise<void> {
  let timer: { cancel(): void } | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = clock.setTimeout(() => reject(new Error("timed out waiting for client to create streams")), ms);
  });
  const left = gone.then(() => {
    throw new Error("the client left before it created its streams");
  });
  left.catch(() => undefined);
  try {
    await Promise.race([done, left, late]);
  } finally {
    timer?.cancel();
  }
}

interface Parts {
  protocol: string;
  streams: StreamSelection;
  stdin: Readable | undefined;
  stdout: Writable | undefined;
  stderr: Writable | undefined;
  error: Writable;
  sizes: TerminalSizes;
  gone: Promise<void>;
  close: () => void;
}

function session(parts: Parts): RemoteCommandSession {
  const controller = new AbortController();
  void parts.gone.then(() => controller.abort(new Error("the connection is closed")));
  for (const stream of [parts.stdin, parts.stdout, parts.stderr, parts.error]) stream?.on("error", () => undefined);
  let finished: Promise<void> | undefined;
  const finish = async (status: CommandStatus): Promise<void> => {
    await Promise.race([Promise.all([ended(parts.stdout), ended(parts.stderr)]), parts.gone]);
    const text = statusText(status, parts.protocol);
    if (text !== "") parts.error.write(text);
    await Promise.race([ended(parts.error), parts.gone]);
    parts.stdin?.destroy();
    parts.close();
    await parts.gone;
  };
  return {
    protocol: parts.protocol,
    streams: parts.streams,
    stdin: parts.stdin,
    stdout: parts.stdout,
    stderr: parts.stderr,
    onResize: (handler: (size: TerminalSize) => void) => parts.sizes.onResize(handler),
    finish: (status) => (finished ??= finish(status)),
    signal: controller.signal,
  };
}

/** From version 4 on a Status as JSON; before that the error's text, nothing on success. */
function statusText(status: CommandStatus, protocol: string): string {
  if (versionOf(protocol) >= 4) return JSON.stringify(status);
  if (status.status === "Success") return "";
  const code = exitCodeOf(status);
  return status.message ?? (code === undefined ? "" : `command terminated with exit code ${code}`);
}

function ended(stream: Writable | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (stream === undefined || stream.destroyed || stream.writableFinished) {
      resolve();
      return;
    }
    stream.once("close", resolve);
    stream.once("finish", resolve);
    stream.end();
  });
}
