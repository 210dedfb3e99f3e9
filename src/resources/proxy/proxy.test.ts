import assert from "node:assert/strict";
import { createServer } from "node:http";
import { connect, createServer as createNetServer, type AddressInfo } from "node:net";
import { duplexPair } from "node:stream";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { unresolvedInfo, type ApiRequest, type ApiResponse, type ResponseSink } from "../../apiserver/request.ts";
import { silent } from "../../core/log.ts";
import type { Backend } from "./backend.ts";
import { isGlobalUnicast } from "./global-unicast.ts";
import { reverseProxy, rewrittenUrl } from "./reverse-proxy.ts";
import { targetName } from "./target-name.ts";
import { tunnelUpgrade } from "./upgrade-tunnel.ts";

function request(method: string, path: string, more: Partial<ApiRequest> = {}): ApiRequest {
  return {
    method,
    path,
    query: new URLSearchParams(),
    headers: {},
    signal: new AbortController().signal,
    warnings: [],
    info: unresolvedInfo,
    log: silent,
    ...more,
  };
}

async function text(response: ApiResponse): Promise<string> {
  const parts: Uint8Array[] = [];
  const sink: ResponseSink = {
    write: (chunk) => parts.push(chunk) > 0,
    onDrain: () => undefined,
    end: () => undefined,
    destroy: () => undefined,
    signal: new AbortController().signal,
    buffered: 0,
  };
  await response.stream?.(sink);
  return Buffer.concat(parts).toString();
}

async function backendOf(handler: Parameters<typeof createServer>[1]): Promise<Backend & AsyncDisposable> {
  const server = createServer(handler);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    scheme: "http",
    host: "127.0.0.1",
    port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

test("targets are named by scheme, name and port", () => {
  assert.deepEqual(targetName("web"), { scheme: "", name: "web", port: "" });
  assert.deepEqual(targetName("web:http"), { scheme: "", name: "web", port: "http" });
  assert.deepEqual(targetName("https:web:443"), { scheme: "https", name: "web", port: "443" });
  assert.deepEqual(targetName("https:web:"), { scheme: "https", name: "web", port: "" });
  for (const bad of ["ftp:web:1", "a:b:c:d", ":80", "http::80"]) assert.equal(targetName(bad), undefined, bad);
});

test("this machine's own addresses are not proxied to", () => {
  for (const ip of ["127.0.0.1", "169.254.1.1", "224.0.0.1", "0.0.0.0", "::1", "fe80::1", "ff02::1", "", "name"])
    assert.ok(!isGlobalUnicast(ip), ip);
  for (const ip of ["10.0.0.1", "192.168.1.1", "8.8.8.8", "fd00::1", "2001:db8::1"]) assert.ok(isGlobalUnicast(ip), ip);
});

test("redirects inside the backend go through the proxy, others stay", () => {
  const prefix = "/api/v1/namespaces/a/services/b/proxy";
  const rewrite = (location: string): string => rewrittenUrl(location, "10.0.0.1:80", "api:6443", prefix);
  assert.equal(rewrite("/login"), `${prefix}/login`);
  assert.equal(rewrite("/login/?x=1#y"), `${prefix}/login/?x=1#y`);
  assert.equal(rewrite("http://10.0.0.1:80/x"), `${prefix}/x`);
  assert.equal(rewrite(`${prefix}/done`), `${prefix}/done`);
  assert.equal(rewrite("relative"), "relative");
  assert.equal(rewrite("https://elsewhere/x"), "https://elsewhere/x");
});

test("a request reaches the backend without credentials and says where it came from", async () => {
  await using backend = await backendOf((incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => parts.push(chunk));
    incoming.on("end", () => {
      response.writeHead(201, { "x-seen": "yes" });
      response.end(
        JSON.stringify({ url: incoming.url, method: incoming.method, headers: incoming.headers, body: Buffer.concat(parts).toString() }),
      );
    });
  });
  const path = "/api/v1/namespaces/a/pods/b/proxy/x/y";
  const response = await reverseProxy(
    request("POST", path, {
      query: new URLSearchParams("q=1"),
      headers: { authorization: "Bearer s", "impersonate-user": "x", "x-own": "1", connection: "keep-alive, x-hop", "x-hop": "1" },
      remoteAddress: "192.0.2.7",
      body: Buffer.from("payload"),
    }),
    backend,
    "/x/y",
  );
  assert.deepEqual([response.status, response.headers["x-seen"]], [201, "yes"]);
  const seen = JSON.parse(await text(response)) as { url: string; method: string; headers: Record<string, string>; body: string };
  assert.deepEqual([seen.url, seen.method, seen.body], ["/x/y?q=1", "POST", "payload"]);
  const { headers } = seen;
  assert.deepEqual(
    [headers["authorization"], headers["impersonate-user"], headers["x-hop"], headers["x-own"]],
    [undefined, undefined, undefined, "1"],
  );
  assert.deepEqual([headers["x-forwarded-for"], headers["x-forwarded-uri"]], ["192.0.2.7", path]);
});

test("an answer's head may be long", async () => {
  const long = "x".repeat(100_000);
  await using backend = await backendOf((_incoming, response) => void response.writeHead(200, { "x-long": long }).end());
  const response = await reverseProxy(request("GET", "/a/proxy/"), backend, "/");
  assert.deepEqual([response.status, response.headers["x-long"]], [200, long]);
});

test("an empty path is redirected to its slash", async () => {
  const backend: Backend = { scheme: "http", host: "127.0.0.1", port: 1 };
  const response = await reverseProxy(request("GET", "/a/proxy", { query: new URLSearchParams("q=1") }), backend, "");
  assert.deepEqual([response.status, response.headers["location"]], [301, "/a/proxy/?q=1"]);
});

test("an empty path asks the backend for its root, with the query", async () => {
  await using backend = await backendOf((incoming, response) => void response.end(incoming.url));
  const response = await reverseProxy(request("PUT", "/a/proxy", { query: new URLSearchParams("method=PUT") }), backend, "");
  assert.equal(await text(response), "/?method=PUT");
});

test("links of a page lead through the proxy, compressed or not", async () => {
  await using backend = await backendOf((incoming, response) => {
    const page = Buffer.from('<a href="/rewriteme">\u00fc</a>');
    const zipped = incoming.url === "/zipped";
    response.writeHead(200, { "content-type": "text/html; charset=utf-8", ...(zipped ? { "content-encoding": "gzip" } : {}) });
    response.end(zipped ? gzipSync(page) : page);
  });
  for (const path of ["/plain", "/zipped"]) {
    const response = await reverseProxy(request("GET", `/a/proxy${path}`), backend, path);
    const bytes = response.bytes as Buffer;
    const page = response.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes;
    assert.equal(page.toString(), '<a href="/a/proxy/rewriteme">\u00fc</a>');
    assert.equal(response.headers["content-length"], undefined);
  }
});

test("a backend that is not there is unavailable", async () => {
  const backend: Backend = { scheme: "http", host: "127.0.0.1", port: 1 };
  await assert.rejects(reverseProxy(request("GET", "/a/proxy/"), backend, "/"), {
    code: 503,
    message: "error trying to reach service: dial tcp 127.0.0.1:1: connect: connection refused",
  });
});

test("a node of this process is asked without a socket", async () => {
  await using backend = await backendOf((incoming, response) => void response.end(`local ${incoming.url}`));
  const local: Backend = { ...backend, host: "node", dial: () => Promise.resolve(connect(backend.port, "127.0.0.1")) };
  assert.equal(await text(await reverseProxy(request("GET", "/proxy/stats"), local, "/stats")), "local /stats");
});

test("an upgrade is handed through byte by byte, without the bearer token", async () => {
  const server = createNetServer((socket) => {
    socket.once("data", (head) => {
      const asked = head.toString();
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n\r\n${JSON.stringify(asked.split("\r\n"))}`);
      socket.on("data", (chunk) => socket.write(chunk));
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const [client, ours] = duplexPair();
  const headers = {
    connection: "Upgrade",
    upgrade: "websocket",
    authorization: "Bearer s",
    "sec-websocket-protocol": "base64url.bearer.authorization.k8s.io.c2VjcmV0, v5.channel.k8s.io",
  };
  const response = await tunnelUpgrade(
    request("GET", "/exec", { headers, upgrade: { socket: ours, head: Buffer.alloc(0) } }),
    { scheme: "http", host: "127.0.0.1", port },
    "/exec/a/b/c?x=1",
  );
  assert.equal(response.hijacked, true);
  const got = await new Promise<string>((resolve) => client.once("data", (chunk: Buffer) => resolve(chunk.toString())));
  assert.match(got, /^HTTP\/1\.1 101/);
  assert.match(got, /GET \/exec\/a\/b\/c\?x=1 HTTP\/1\.1/);
  assert.match(got, /sec-websocket-protocol: v5\.channel\.k8s\.io"/);
  assert.doesNotMatch(got, /authorization|c2VjcmV0/i);
  client.write("ping");
  assert.equal(await new Promise<string>((resolve) => client.once("data", (chunk: Buffer) => resolve(chunk.toString()))), "ping");
  client.destroy();
  ours.destroy();
  await new Promise((done) => server.close(done));
});
