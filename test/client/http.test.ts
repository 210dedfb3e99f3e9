/** What only the network has: credentials, waiting when asked to, connections that die or are told to go. */
import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ClientConfig } from "../../src/client/config.ts";
import { httpClient } from "../../src/client/http-client.ts";
import { isApiError } from "../../src/core/api-error.ts";
import { FakeClock } from "../../src/core/clock.ts";
import { configmaps, namespaces } from "../../src/schema/types/core-v1.ts";
import { startReachable } from "./servers.ts";

/** A peer that answers as `handle` says. */
async function withPeer(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  run: (config: ClientConfig) => Promise<void>,
): Promise<void> {
  const peer: Server = createServer(handle);
  await new Promise<void>((resolve) => peer.listen(0, "127.0.0.1", resolve));
  try {
    await run({ server: `http://127.0.0.1:${(peer.address() as AddressInfo).port}/prefix` });
  } finally {
    peer.closeAllConnections();
    peer.close();
  }
}

function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "ns" } };

void test("a server that asks to wait is asked again, also after a write that it has refused so", async () => {
  let calls = 0;
  const handle = (_request: IncomingMessage, response: ServerResponse): void => {
    if (++calls % 3 !== 0) json(response, 429, {}, { "retry-after": "0" });
    else json(response, 200, namespace);
  };
  await withPeer(handle, async (config) => {
    const client = httpClient(config);
    assert.equal((await client.resource(namespaces).get("ns")).metadata?.name, "ns");
    await client.resource(namespaces).create(namespace);
    assert.equal(calls, 6);
    client.close();
  });
});

void test("answers that are no Status become errors in client-go's words", async () => {
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const status = Number(request.url?.split("/").pop());
    response.writeHead(status);
    response.end("oops");
  };
  await withPeer(handle, async (config) => {
    const client = httpClient(config);
    const failure = async (status: number): Promise<unknown[]> => {
      const error: unknown = await client
        .resource(namespaces)
        .get(String(status))
        .catch((e: unknown) => e);
      assert.ok(isApiError(error));
      return [error.code, error.reason, error.message];
    };
    assert.deepEqual(await failure(404), [404, "NotFound", "the server could not find the requested resource"]);
    assert.deepEqual(await failure(500), [
      500,
      "InternalError",
      'an error on the server ("oops") has prevented the request from succeeding',
    ]);
    assert.deepEqual(await failure(403), [403, "Forbidden", "oops"]);
    client.close();
  });
});

void test("tokens come from files that are read again, from plugins, and with impersonation", async () => {
  const directory = await mkdtemp(join(tmpdir(), "credentials-"));
  const seen: IncomingMessage["headers"][] = [];
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    seen.push(request.headers);
    json(response, request.headers.authorization === "Bearer stale" ? 401 : 200, namespace);
  };
  await withPeer(handle, async (config) => {
    const tokenFile = join(directory, "token");
    const clock = new FakeClock();
    await writeFile(tokenFile, "first\n");
    const byFile = httpClient({ ...config, tokenFile, clock });
    const ask = async (client = byFile): Promise<unknown> => {
      await client.resource(namespaces).get("ns");
      return seen.at(-1)?.authorization;
    };
    assert.equal(await ask(), "Bearer first");
    await writeFile(tokenFile, "second\n");
    assert.equal(await ask(), "Bearer first");
    await clock.advance(61_000);
    assert.equal(await ask(), "Bearer second");
    // A refused token is read again at once.
    await writeFile(tokenFile, "stale");
    await clock.advance(61_000);
    assert.equal(await ask().catch((e: unknown) => isApiError(e) && e.code), 401);
    await writeFile(tokenFile, "third");
    assert.equal(await ask(), "Bearer third");

    const plugin = join(directory, "plugin");
    const credential = { apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status: { token: "of-plugin" } };
    await writeFile(plugin, `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`);
    await chmod(plugin, 0o755);
    const byPlugin = httpClient({ ...config, exec: { apiVersion: "client.authentication.k8s.io/v1", command: plugin } });
    assert.equal(await ask(byPlugin as typeof byFile), "Bearer of-plugin");
    const missing = httpClient({ ...config, exec: { apiVersion: "client.authentication.k8s.io/v1", command: join(directory, "nothing") } });
    await assert.rejects(missing.resource(namespaces).get("ns"), /getting credentials: exec:/);

    const impersonate = { user: "jane", groups: ["dev", "ops"], extra: { "example.com/Scope": ["a"] } };
    await httpClient({ ...config, token: "t", impersonate })
      .resource(namespaces)
      .get("ns");
    const headers = seen.at(-1) ?? {};
    assert.deepEqual(
      [headers["impersonate-user"], headers["impersonate-group"], headers["impersonate-extra-example.com%2fscope"]],
      ["jane", "dev, ops", "a"],
    );
  });
  await rm(directory, { recursive: true });
});

void test("a server that nobody can reach is an error that says so", async () => {
  const client = httpClient({ server: "https://127.0.0.1:1" });
  const error: unknown = await client
    .resource(namespaces)
    .get("ns")
    .catch((e: unknown) => e);
  assert.ok(isApiError(error));
  assert.equal(error.code, 503);
  assert.match(error.message, /ECONNREFUSED/);
});

void test("a client goes on when its server has been restarted", async () => {
  await using server = await startReachable();
  const client = server.connect();
  await client.resource(namespaces).create({ metadata: { name: "ns" } });
  for (let i = 0; i < 3; i++) {
    await server.restart();
    await client.resource(configmaps, "ns").create({ metadata: { name: `m${i}` } });
  }
  assert.equal((await client.resource(configmaps, "ns").list()).items.length, 3);
});

void test("a connection that has fallen silent is given up after an unanswered ping", async () => {
  await using server = await startReachable();
  const direct = server.connect();
  await direct.resource(namespaces).create({ metadata: { name: "ns" } });
  let silent = false;
  const sockets = new Set<Socket>();
  const target = Number(new URL(server.url).port);
  const proxy = createTcpServer((incoming) => {
    const outgoing = connect(target, "127.0.0.1");
    sockets.add(incoming).add(outgoing);
    incoming.on("data", (chunk) => silent || outgoing.write(chunk));
    outgoing.on("data", (chunk) => silent || incoming.write(chunk));
    for (const socket of [incoming, outgoing]) socket.on("error", () => socket.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const clock = new FakeClock();
  const client = server.connect({ server: `https://127.0.0.1:${(proxy.address() as AddressInfo).port}`, clock });
  const watch = client.resource(configmaps, "ns").watch()[Symbol.asyncIterator]();
  const first = watch.next();
  await direct.resource(configmaps, "ns").create({ metadata: { name: "m" } });
  assert.equal((await first).value.object.metadata.name, "m");
  const second = watch.next().catch((e: unknown) => e);
  silent = true;
  await clock.advance(80_000);
  const error = await second;
  assert.ok(isApiError(error), String(error));
  assert.match(error.message, /does not answer pings/);
  for (const socket of sockets) socket.destroy();
  proxy.close();
});

void test("more streams than one connection takes go to another", async () => {
  await using server = await startReachable();
  const client = server.connect();
  await client.resource(namespaces).create({ metadata: { name: "ns" } });
  const stop = new AbortController();
  const watches = Array.from({ length: 1100 }, async () => {
    for await (const { type } of client.resource(configmaps, "ns").watch({ signal: stop.signal })) return type;
    return undefined;
  });
  await new Promise((resolve) => setTimeout(resolve, 200));
  await client.resource(configmaps, "ns").create({ metadata: { name: "m" } });
  assert.deepEqual(new Set(await Promise.all(watches)), new Set(["ADDED"]));
  stop.abort();
});
