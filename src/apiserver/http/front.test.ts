/** What the front promises, under one suite for HTTP/1.1 and HTTP/2, and what only HTTP/2 needs. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { request as httpsRequest } from "node:https";
import type { IncomingMessage } from "node:http";
import { connect as tlsConnect } from "node:tls";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import WebSocket from "ws";
import { createCa, issueCertificate } from "../../host/pki.ts";
import type { CertificateAndKey } from "../../host/pki.ts";
import type { ApiRequest, ApiResponse, ResponseSink } from "../request.ts";
import { listen } from "./front.ts";
import { clientAuthUsage, readCertificates, verifyChain } from "../../host/x509.ts";
import type { HttpFront } from "./front.ts";

const ca = createCa({ commonName: "test" });
const stranger = createCa({ commonName: "stranger" });
const serving = issueCertificate(ca, { commonName: "s", sans: ["127.0.0.1"], usages: ["server"] });
const alice = issueCertificate(ca, { commonName: "alice", organizations: ["g1", "g2"], usages: ["client"] });
const mallory = issueCertificate(stranger, { commonName: "alice", organizations: ["system:masters"], usages: ["client"] });

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

interface Ask {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: Buffer;
  as?: CertificateAndKey | undefined;
}

const seen = new Map<string, ApiRequest>();
const sinks: ResponseSink[] = [];
const large = Buffer.alloc(4_000_000, "abcdefgh");

/** The shown certificate's subject, and what is wrong with who signed it. */
function who({ certificate }: ApiRequest): object | null {
  if (certificate === undefined) return null;
  const { leaf, intermediates } = certificate;
  const fault = verifyChain(leaf, intermediates, readCertificates(ca.certificate), { now: Date.now(), usage: clientAuthUsage });
  return { ...leaf.subject, fault };
}

const routes: Record<string, (request: ApiRequest) => ApiResponse | Promise<ApiResponse>> = {
  "/echo": (r) => ({ status: 200, headers: { "content-type": "text/plain" }, bytes: Buffer.from(r.body ?? "none") }),
  "/who": (r) => ({ status: 200, headers: {}, bytes: Buffer.from(JSON.stringify(who(r))) }),
  "/empty": () => ({ status: 204, headers: {} }),
  "/large": () => ({ status: 200, headers: { "content-type": "application/json" }, bytes: [large, large.subarray(0, 10)] }),
  "/proxied": () => ({
    status: 200,
    headers: { "Transfer-Encoding": "chunked", Connection: "keep-alive", "Content-Length": "99", "set-cookie": ["a=1", "b=2"] },
    bytes: Buffer.from("from afar"),
  }),
  "/panic": () => Promise.reject(new Error("broken")),
  "/warn": (r) => {
    r.warnings.push('say "no"', "two", "two");
    return { status: 200, headers: {}, bytes: Buffer.from("ok") };
  },
  "/watch": () => ({
    status: 200,
    headers: { "content-type": "application/json" },
    stream: (sink) => {
      sinks.push(sink);
      sink.write(Buffer.from('{"n":1}\n{"n":2}\n'));
    },
  }),
  "/firehose": (r) => ({
    status: 200,
    headers: {},
    stream: async (sink) => {
      const chunk = Buffer.alloc(256 * 1024);
      while (!r.signal.aborted) {
        sink.write(chunk);
        await new Promise((done) => setImmediate(done));
      }
    },
  }),
};

const handler = {
  handle: async (request: ApiRequest): Promise<ApiResponse> => {
    seen.set(request.path, request);
    const route = routes[request.path];
    return route === undefined ? { status: 404, headers: {}, bytes: Buffer.from("404 page not found\n") } : route(request);
  },
};

let front: HttpFront;
let compressing: HttpFront;
const sessions: ClientHttp2Session[] = [];

before(async () => {
  const tls = { certificate: serving.certificate, key: serving.key, clientCa: ca.certificate };
  front = await listen(handler, { port: 0, tls, maxBufferedBytes: 4 * 1024 * 1024 });
  compressing = await listen(handler, { port: 0, tls, compressLoopback: true });
});

after(async () => {
  for (const s of sessions) s.destroy();
  await Promise.all([front.close(0), compressing.close(0)]);
});

function identity(as: CertificateAndKey | undefined): { ca: string; cert?: string; key?: string } {
  return as === undefined ? { ca: ca.certificate } : { ca: ca.certificate, cert: as.certificate, key: as.key };
}

function session(to: HttpFront = front, as?: CertificateAndKey): ClientHttp2Session {
  const made = connect(`https://127.0.0.1:${to.port}`, { ...identity(as), maxSessionMemory: 10_000 });
  sessions.push(made);
  return made;
}

async function read(stream: ClientHttp2Stream): Promise<Answer> {
  const chunks: Buffer[] = [];
  const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return { status: Number(headers[":status"]), headers, body: Buffer.concat(chunks) };
}

async function overHttp2(ask: Ask, to: HttpFront = front): Promise<Answer> {
  const s = session(to, ask.as);
  const stream = s.request({ ":method": ask.method ?? "GET", ":path": ask.path, ...ask.headers });
  stream.end(ask.body);
  const answer = await read(stream);
  s.close();
  return answer;
}

async function overHttp1(ask: Ask, to: HttpFront = front): Promise<Answer> {
  const req = httpsRequest({
    host: "127.0.0.1",
    port: to.port,
    method: ask.method ?? "GET",
    path: ask.path,
    headers: ask.headers,
    agent: false,
    ...identity(ask.as),
  });
  req.end(ask.body);
  const [res] = (await once(req, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of res) chunks.push(chunk as Buffer);
  return { status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(chunks) };
}

for (const [name, send] of [
  ["HTTP/2", overHttp2],
  ["HTTP/1.1", overHttp1],
] as const) {
  void test(`${name}: a request comes through with method, path, query, headers and body`, async () => {
    const answer = await send({ method: "POST", path: "/echo?a=1&b=x%20y", headers: { "x-mine": "v" }, body: Buffer.from("hello") });
    assert.equal(answer.status, 200);
    assert.equal(answer.body.toString(), "hello");
    assert.equal(answer.headers["content-length"], "5");
    const request = seen.get("/echo") as ApiRequest;
    assert.equal(request.method, "POST");
    assert.equal(request.query.get("b"), "x y");
    assert.equal(request.headers["x-mine"], "v");
    assert.equal((await send({ path: "/echo" })).body.toString(), "none");
  });

  void test(`${name}: every answer has an audit id and must not be cached`, async () => {
    const answer = await send({ path: "/nowhere" });
    assert.equal(answer.status, 404);
    assert.match(String(answer.headers["audit-id"]), /^[0-9a-f-]{36}$/);
    assert.equal(answer.headers["cache-control"], "no-cache, private");
  });

  void test(`${name}: the client's certificate is handed on whole; whether to believe it is for others to say`, async () => {
    const answer = await send({ path: "/who", as: alice });
    assert.deepEqual(JSON.parse(answer.body.toString()), { commonName: "alice", organizations: ["g1", "g2"], uids: [] });
    assert.equal((await send({ path: "/who" })).body.toString(), "null");
    const strange = await send({ path: "/who", as: mallory });
    assert.match((JSON.parse(strange.body.toString()) as { fault: string }).fault, /unknown authority/);
  });

  void test(`${name}: a body beyond the bound is refused, announced or not`, async () => {
    const body = Buffer.alloc(3 * 1024 * 1024 + 1);
    for (const headers of [{ "content-length": String(body.length) }, {}]) {
      const answer = await send({ method: "POST", path: "/echo", headers, body });
      assert.equal(answer.status, 413);
      const status = JSON.parse(answer.body.toString()) as { message: string; reason: string };
      assert.equal(status.message, "Request entity too large: limit is 3145728");
      assert.equal(status.reason, "RequestEntityTooLarge");
    }
  });

  void test(`${name}: HEAD has the head of GET and no body; 204 has none either`, async () => {
    const head = await send({ method: "HEAD", path: "/large" });
    assert.equal(head.headers["content-length"], String(large.length + 10));
    assert.equal(head.body.length, 0);
    const none = await send({ path: "/empty" });
    assert.equal(none.status, 204);
    assert.equal(none.headers["content-length"], undefined);
  });

  void test(`${name}: a large answer arrives whole, compressed only for those who ask`, async () => {
    const plain = await send({ path: "/large" }, compressing);
    assert.equal(plain.headers["content-encoding"], undefined);
    assert.equal(plain.body.equals(Buffer.concat([large, large.subarray(0, 10)])), true);
    const zipped = await send({ path: "/large", headers: { "accept-encoding": "gzip" } }, compressing);
    assert.equal(zipped.headers["content-encoding"], "gzip");
    assert.equal(gunzipSync(zipped.body).length, large.length + 10);
    const local = await send({ path: "/large", headers: { "accept-encoding": "gzip" } });
    assert.equal(local.headers["content-encoding"], undefined);
  });

  void test(`${name}: warnings become headers, each once`, async () => {
    assert.equal((await send({ path: "/warn" })).headers["warning"], '299 - "say \\"no\\"", 299 - "two"');
  });

  void test(`${name}: headers about another connection are not passed on`, async () => {
    const answer = await send({ path: "/proxied" });
    assert.equal(answer.body.toString(), "from afar");
    assert.equal(answer.headers["content-length"], "9");
    assert.equal(answer.headers["transfer-encoding"], undefined);
    assert.deepEqual(answer.headers["set-cookie"], ["a=1", "b=2"]);
  });

  void test(`${name}: a handler that falls over gives a 500`, async () => {
    const answer = await send({ path: "/panic" });
    assert.equal(answer.status, 500);
    assert.match(answer.body.toString(), /caused apiserver to panic/);
  });
}

void test("forty large lists at once on one HTTP/2 connection all arrive", async () => {
  const s = session();
  const answers = await Promise.all(
    Array.from({ length: 40 }, async () => {
      const stream = s.request({ ":path": "/large" });
      stream.end();
      return read(stream);
    }),
  );
  assert.deepEqual(
    answers.map((a) => a.body.length),
    answers.map(() => large.length + 10),
  );
  s.close();
});

void test("a thousand cancelled watches leave the connection open", async () => {
  const s = session();
  for (let round = 0; round < 15; round++) {
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        const stream = s.request({ ":path": "/watch" });
        stream.on("error", () => undefined);
        stream.end();
        await once(stream, "response");
        stream.close(8);
        await once(stream, "close");
      }),
    );
  }
  const stream = s.request({ ":path": "/echo" });
  stream.end();
  assert.equal((await read(stream)).status, 200);
  assert.equal(s.closed, false);
  s.close();
});

void test("cancelling a watch aborts its request", async () => {
  const s = session();
  const stream = s.request({ ":path": "/watch" });
  stream.end();
  await once(stream, "response");
  const { signal } = sinks.at(-1) as ResponseSink;
  assert.equal(signal.aborted, false);
  const aborted = once(signal, "abort");
  stream.close(8);
  await aborted;
  s.close();
});

void test("a reader that stands still is cut off, and its connection goes on serving", async () => {
  const s = session();
  const slow = s.request({ ":path": "/firehose" });
  slow.end();
  await once(slow, "response");
  slow.pause();
  const ended = once(slow, "error");
  // The stream's reset shows while nothing is read from it.
  const [error] = (await ended) as [Error];
  assert.match(error.message, /INTERNAL_ERROR/);
  const other = s.request({ ":path": "/echo" });
  other.end();
  assert.equal((await read(other)).status, 200);
  s.close();
});

void test("a watch over a WebSocket sends each event as a message", async () => {
  const socket = new WebSocket(`wss://127.0.0.1:${front.port}/watch`, { ca: ca.certificate });
  const messages: string[] = [];
  socket.on("message", (data: Buffer, isBinary: boolean) => messages.push(`${isBinary}:${data.toString().trim()}`));
  await once(socket, "message");
  const sink = sinks.at(-1) as ResponseSink;
  sink.write(Buffer.from('{"n":3}\n'));
  sink.end();
  await once(socket, "close");
  assert.deepEqual(messages, ['false:{"n":1}', 'false:{"n":2}', 'false:{"n":3}']);
});

void test("an upgrade that is refused gets its answer over HTTP/1.1", async () => {
  const socket = tlsConnect({ host: "127.0.0.1", port: front.port, ca: ca.certificate, ALPNProtocols: ["http/1.1"] });
  socket.write("POST /nowhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n");
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  assert.match(text, /^HTTP\/1\.1 404 Not Found\r\n/);
  assert.match(text, /\r\n\r\n404 page not found\n$/);
});

void test("closing answers what is running and refuses what comes after", async () => {
  const tls = { certificate: serving.certificate, key: serving.key };
  let release = (): void => undefined;
  const gate = new Promise<void>((open) => (release = open));
  const closing = await listen(
    {
      handle: async () => {
        await gate;
        return { status: 200, headers: {}, bytes: Buffer.from("done") };
      },
    },
    { port: 0, tls },
  );
  const s = session(closing);
  const stream = s.request({ ":path": "/slow" });
  stream.end();
  await once(stream, "ready");
  const goaway = once(s, "goaway");
  const answer = read(stream);
  while (closing.connections === 0) await new Promise((done) => setImmediate(done));
  const closed = closing.close(2_000);
  await goaway;
  release();
  assert.equal((await answer).body.toString(), "done");
  await closed;
  await assert.rejects(overHttp1({ path: "/" }, closing), /ECONNREFUSED/);
});
