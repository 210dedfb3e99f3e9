/**
 * exec, attach and port-forward: the runtime's streaming server speaks SPDY, so a SPDY client is joined with it byte by byte;
 * a WebSocket client is served here, and its streams are carried over.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { acceptPortForward } from "../../client/streaming/port-forward-server.ts";
import { openPortForward } from "../../client/streaming/port-forward-client.ts";
import { acceptRemoteCommand } from "../../client/streaming/remote-command-server.ts";
import { openRemoteCommand } from "../../client/streaming/remote-command-client.ts";
import {
  failureStatus,
  streamSelection,
  type RemoteCommandClient,
  type RemoteCommandSession,
  type UpgradeRequest,
} from "../../client/streaming/session.ts";
import type { KubeletServerOptions } from "./server-context.ts";
import { HttpProblem, targetOf, type StreamTarget } from "./targets.ts";

export async function serveStream(
  server: KubeletServerOptions,
  target: StreamTarget,
  url: URL,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const address = await streamingUrl(server, target, url);
  if (request.headers.upgrade?.toLowerCase() !== "websocket") {
    await join(address, request, socket, head);
    return;
  }
  const upgrade: UpgradeRequest = { method: request.method ?? "GET", headers: request.headers, query: url.searchParams, socket, head };
  if (target.what === "portForward") await carryPortForward(address, upgrade);
  else await carryCommand(address, upgrade);
}

/** Where the runtime waits for the stream. */
async function streamingUrl({ node }: KubeletServerOptions, target: StreamTarget, url: URL): Promise<URL> {
  const { cri } = node;
  if (target.what === "portForward") {
    const sandbox = target.worker.runtime.sandboxes.find((s) => s.ready);
    if (sandbox === undefined) throw new HttpProblem(500, `failed to find sandboxID for pod ${target.worker.pod.metadata?.name ?? ""}`);
    const ports = url.searchParams
      .getAll("port")
      .flatMap((p) => p.split(","))
      .map(Number)
      .filter((p) => p > 0);
    return new URL(await cri.portForward(sandbox.id, ports));
  }
  const streams = streamSelection(url.searchParams);
  if (!streams.stdin && !streams.stdout && !streams.stderr)
    throw new HttpProblem(400, "you must specify at least 1 of stdin, stdout, stderr");
  const id = target.container?.id ?? "";
  if (target.what === "attach") return new URL(await cri.attach(id, streams));
  return new URL(await cri.exec(id, url.searchParams.getAll("command"), streams));
}

/** Hands the upgrade on as it is: both ends speak the same protocol. */
function join(address: URL, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const runtime = connect({ host: address.hostname, port: Number(address.port) }, () => {
      const kept = ["connection", "upgrade", "x-stream-protocol-version"];
      const lines = request.rawHeaders.flatMap((name, i) =>
        i % 2 === 0 && kept.includes(name.toLowerCase()) ? [`${name}: ${request.rawHeaders[i + 1] ?? ""}`] : [],
      );
      runtime.write(
        `${request.method ?? "POST"} ${address.pathname}${address.search} HTTP/1.1\r\nHost: ${address.host}\r\n${lines.join("\r\n")}\r\nContent-Length: 0\r\n\r\n`,
      );
      if (head.length > 0) runtime.write(head);
      runtime.pipe(socket);
      socket.pipe(runtime);
      resolve();
    });
    runtime.setNoDelay(true);
    runtime.once("error", (error) => {
      socket.destroy();
      reject(error);
    });
    socket.once("close", () => runtime.destroy());
    runtime.once("close", () => socket.destroy());
  });
}

async function carryCommand(address: URL, upgrade: UpgradeRequest): Promise<void> {
  const session = await acceptRemoteCommand(upgrade);
  let client: RemoteCommandClient;
  try {
    client = await openRemoteCommand({ url: address }, session.streams, { transport: "spdy", signal: session.signal });
  } catch (error) {
    await session.finish(failureStatus((error as Error).message));
    return;
  }
  const drained = carryStreams(session, client);
  session.onResize((size) => client.resize(size));
  try {
    const status = await client.status;
    await drained;
    await session.finish(status);
  } catch (error) {
    await session.finish(failureStatus((error as Error).message));
  } finally {
    client.close();
  }
}

/** Resolves when everything that the command has written is handed over. */
async function carryStreams(session: RemoteCommandSession, client: RemoteCommandClient): Promise<void> {
  if (session.stdin !== undefined && client.stdin !== undefined) {
    const { stdin } = client;
    session.stdin.pipe(stdin);
    // The command may end before its input does.
    stdin.on("error", () => session.stdin?.unpipe(stdin));
  }
  const outputs = [
    [client.stdout, session.stdout],
    [client.stderr, session.stderr],
  ] as const;
  await Promise.all(
    outputs.map(([from, to]) => {
      if (from === undefined || to === undefined) return Promise.resolve();
      to.on("error", () => from.resume());
      from.pipe(to, { end: false });
      return new Promise<void>((done) => {
        from.once("end", done);
        from.once("close", done);
      });
    }),
  );
}

async function carryPortForward(address: URL, upgrade: UpgradeRequest): Promise<void> {
  const session = await acceptPortForward(upgrade);
  const client = await openPortForward({ url: address }, { transport: "spdy", signal: session.signal });
  void client.closed.finally(() => session.close());
  session.onConnection((connection) => {
    const far = client.connect(connection.port);
    far.on("error", (error: Error) => connection.fail(error.message));
    connection.data.on("error", () => far.destroy());
    connection.data.pipe(far);
    far.pipe(connection.data);
  });
}

/** The same paths without an upgrade. */
export function serveStreamOverHttp(server: KubeletServerOptions, url: URL, _request: IncomingMessage, _response: ServerResponse): void {
  targetOf(server, url);
  throw new HttpProblem(400, "Upgrade request required");
}
