import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Readable } from "node:stream";
import { test } from "node:test";
import {
  exitCodeOf,
  exitStatus,
  type PortForwardSession,
  type RemoteCommandSession,
  type StreamTransport,
  type UpgradeRequest,
} from "./session.ts";
import { connectWebSocket, HandshakeRefused } from "../../host/websocket/connect.ts";
import { acceptPortForward } from "./port-forward-server.ts";
import { openPortForward } from "./port-forward-client.ts";
import { acceptRemoteCommand } from "./remote-command-server.ts";
import { openRemoteCommand } from "./remote-command-client.ts";

async function text(stream: Readable | undefined): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream ?? []) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}

async function serve(onUpgrade: (request: UpgradeRequest) => void): Promise<{ url: URL; server: Server } & AsyncDisposable> {
  const server = createServer((_request, response) => response.writeHead(404).end("404 page not found\n"));
  server.on("upgrade", (incoming, socket, head) => {
    const url = new URL(incoming.url ?? "/", "http://node");
    onUpgrade({ method: incoming.method ?? "", headers: incoming.headers, query: url.searchParams, socket, head });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/exec?input=1&output=1&error=1`);
  return {
    url,
    server,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

const all = { stdin: true, stdout: true, stderr: true, tty: false };
const transports: { name: string; transport: StreamTransport; protocols?: string[] }[] = [
  { name: "SPDY", transport: "spdy" },
  { name: "WebSocket v5", transport: "websocket" },
];

for (const { name, transport, protocols } of transports) {
  test(`a remote command over ${name} carries stdin to its end, both outputs and the exit code`, async () => {
    await using at = await serve((request) => void run(request));
    const run = async (request: UpgradeRequest): Promise<void> => {
      const session = await acceptRemoteCommand(request);
      const input = await text(session.stdin);
      session.stdout?.write(`got ${input}`);
      session.stderr?.write("oops");
      await session.finish(exitStatus(3));
    };
    const client = await openRemoteCommand({ url: at.url }, all, { transport, protocols });
    const out = text(client.stdout);
    const err = text(client.stderr);
    client.stdin?.end("hello");
    const status = await client.status;
    assert.equal(await out, "got hello");
    assert.equal(await err, "oops");
    assert.equal(exitCodeOf(status), 3);
    assert.equal(status.reason, "NonZeroExitCode");
  });

  test(`three megabytes go both ways over ${name}`, async () => {
    await using at = await serve((request) => void run(request));
    const run = async (request: UpgradeRequest): Promise<void> => {
      const session = await acceptRemoteCommand(request, { streams: { ...all, stderr: false } });
      if (session.stdin !== undefined && session.stdout !== undefined) session.stdin.pipe(session.stdout, { end: false });
      await new Promise((done) => session.stdin?.once("end", done));
      await session.finish(exitStatus(0));
    };
    const client = await openRemoteCommand({ url: at.url }, { ...all, stderr: false }, { transport, protocols });
    const payload = Buffer.alloc(3 << 20, "0123456789abcdef").toString();
    const out = text(client.stdout);
    client.stdin?.end(payload);
    assert.equal((await out).length, payload.length);
    assert.equal((await client.status).status, "Success");
  });

  test(`terminal sizes arrive over ${name}`, async () => {
    const sizes: string[] = [];
    let session: RemoteCommandSession | undefined;
    let got: () => void = () => undefined;
    const two = new Promise<void>((resolve) => (got = resolve));
    await using at = await serve((request) => void run(request));
    const run = async (request: UpgradeRequest): Promise<void> => {
      session = await acceptRemoteCommand(request, { streams: { stdin: true, stdout: true, stderr: false, tty: true } });
      session.onResize(({ width, height }) => {
        sizes.push(`${width}x${height}`);
        if (sizes.length === 2) got();
      });
    };
    const client = await openRemoteCommand({ url: at.url }, { stdin: true, stdout: true, stderr: false, tty: true }, { transport });
    client.stdout?.resume();
    client.resize({ width: 80, height: 24 });
    client.resize({ width: 120, height: 40 });
    await two;
    assert.deepEqual(sizes, ["80x24", "120x40"]);
    await session?.finish(exitStatus(0));
    await client.status;
  });

  test(`the session ends when the client of ${name} leaves`, async () => {
    let left: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => (left = resolve));
    await using at = await serve((request) => {
      void acceptRemoteCommand(request).then((session) => session.signal.addEventListener("abort", () => left()));
    });
    const client = await openRemoteCommand({ url: at.url }, all, { transport, protocols });
    client.close();
    await gone;
    await assert.rejects(client.status);
  });
}

for (const protocol of ["v4.channel.k8s.io", "v4.base64.channel.k8s.io", "channel.k8s.io", "base64.channel.k8s.io"]) {
  test(`the older WebSocket protocol ${protocol} is spoken`, async () => {
    await using at = await serve((request) => void run(request));
    const run = async (request: UpgradeRequest): Promise<void> => {
      const session = await acceptRemoteCommand(request);
      session.stdin?.once("data", (chunk: Buffer) => {
        session.stdout?.write(chunk);
        void session.finish(exitStatus(protocol.startsWith("v4") ? 7 : 0));
      });
    };
    const client = await openRemoteCommand({ url: at.url }, all, { transport: "websocket", protocols: [protocol] });
    const out = text(client.stdout);
    client.stdin?.write("ping");
    assert.equal(exitCodeOf(await client.status), protocol.startsWith("v4") ? 7 : 0);
    assert.equal(await out, "ping");
  });
}

test("a client that knows no common protocol is refused with the ones that are", async () => {
  await using at = await serve((request) => void acceptRemoteCommand(request).catch(() => undefined));
  await assert.rejects(openRemoteCommand({ url: at.url }, all, { transport: "websocket", protocols: ["v9.channel.k8s.io"] }), {
    code: 403,
  });
});

test("a client that asks for no stream is told to name one", async () => {
  await using at = await serve((request) => void acceptRemoteCommand(request).catch(() => undefined));
  const url = new URL(at.url);
  url.search = "";
  await assert.rejects(openRemoteCommand({ url }, all, { transport: "spdy" }), /you must specify at least 1 of stdin, stdout, stderr/);
});

test("a server without WebSocket is reached over SPDY", async () => {
  await using at = await serve((request) => {
    if (request.method === "GET") {
      request.socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      return;
    }
    void acceptRemoteCommand(request).then((session) => session.finish(exitStatus(0)));
  });
  const client = await openRemoteCommand({ url: at.url }, all);
  client.stdout?.resume();
  client.stderr?.resume();
  assert.equal(client.protocol, "v4.channel.k8s.io");
  assert.equal((await client.status).status, "Success");
});

for (const transport of ["spdy", "websocket"] as const) {
  test(`port-forward over ${transport} carries several connections and reports failures on their own`, async () => {
    const sessions: PortForwardSession[] = [];
    await using at = await serve((request) => void accept(request));
    const accept = async (request: UpgradeRequest): Promise<void> => {
      const session = await acceptPortForward(request);
      sessions.push(session);
      session.onConnection(({ port, data, fail }) => {
        if (port === 81) fail("error forwarding port 81: connection refused");
        else data.pipe(data);
      });
    };
    const client = await openPortForward({ url: at.url }, { transport });
    const echoes = ["one", "two", "three"].map(async (word) => {
      const data = client.connect(80);
      data.end(word);
      return await text(data);
    });
    assert.deepEqual(await Promise.all(echoes), ["one", "two", "three"]);
    const bad = client.connect(81);
    bad.resume();
    const error = await new Promise<Error>((resolve) => bad.once("error", resolve));
    assert.equal(error.message, "error forwarding port 81: connection refused");
    client.close();
    await client.closed;
    assert.equal(sessions.length, 1);
  });
}

test("port-forward over WebSocket channels says each port first, then carries its bytes", async () => {
  await using at = await serve((request) => {
    void acceptPortForward(request).then((session) => session.onConnection(({ data }) => data.pipe(data)));
  });
  const url = new URL("/portForward/ns/pod?port=80,8080", at.url);
  const { socket, protocol } = await connectWebSocket({ url }, ["v4.channel.k8s.io"]);
  assert.equal(protocol, "v4.channel.k8s.io");
  const messages: number[][] = [];
  await new Promise<void>((done) => {
    socket.on("message", (data) => {
      messages.push([...(data as Buffer)]);
      if (messages.length === 4) socket.send(Buffer.from([2, 0x68, 0x69]));
      if (messages.length === 5) done();
    });
  });
  socket.terminate();
  assert.deepEqual(messages, [
    [0, 80, 0],
    [1, 80, 0],
    [2, 0x90, 0x1f],
    [3, 0x90, 0x1f],
    [2, 0x68, 0x69],
  ]);
});

test("port-forward over WebSocket channels refuses ports that are none in the kubelet's words", async () => {
  await using at = await serve((request) => void acceptPortForward(request).catch(() => undefined));
  const refusalOf = async (query: string): Promise<[number, string]> => {
    try {
      (await connectWebSocket({ url: new URL(`/portForward/ns/pod?${query}`, at.url) }, ["v4.channel.k8s.io"])).socket.terminate();
    } catch (error) {
      if (error instanceof HandshakeRefused) return [error.status, error.body.trimEnd()];
      throw error;
    }
    return [101, ""];
  };
  assert.deepEqual(await refusalOf("ports=80"), [400, 'query parameter "port" is required']);
  assert.deepEqual(await refusalOf("port="), [400, 'query parameter "port" cannot be empty']);
  assert.deepEqual(await refusalOf("port=80,x"), [400, 'unable to parse "80,x" as a port: strconv.ParseUint: parsing "x": invalid syntax']);
  const tooBig = 'unable to parse "65536" as a port: strconv.ParseUint: parsing "65536": value out of range';
  assert.deepEqual(await refusalOf("port=65536"), [400, tooBig]);
  assert.deepEqual(await refusalOf("port=0"), [400, 'port "0" must be > 0']);
});
