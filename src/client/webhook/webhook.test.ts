import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createSecureServer } from "node:http2";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, createServer as createTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createCa, issueCertificate } from "../../host/pki.ts";
import { callWebhook, goodBody } from "./call.ts";
import { clientConfigTarget, kubeconfigTarget, type WebhookClientConfig } from "./target.ts";
import { WebhookTargets } from "./targets.ts";

const ca = createCa({ commonName: "webhook-ca" });
const caBundle = Buffer.from(ca.certificate).toString("base64");
const serving = issueCertificate(ca, { commonName: "hook", sans: ["hook.ns.svc", "127.0.0.1"], usages: ["server"] });
const nowhere = { resolveService: () => Promise.reject(new Error("no services here")) };

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;
interface Listening {
  listen(port: number, host: string, done: () => void): unknown;
  address(): AddressInfo | string | null;
  close(done?: () => void): unknown;
}

async function serve(server: Listening, run: (port: number) => Promise<void>): Promise<void> {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  try {
    await run((server.address() as AddressInfo).port);
  } finally {
    (server as Server).closeAllConnections?.();
    await new Promise<void>((done) => server.close(() => done()));
  }
}

function hook(answer: Answer, pair = serving): Listening {
  return createHttps({ cert: pair.certificate, key: pair.key }, (request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => answer(request, response, body));
  });
}

const echo: Answer = (request, response, body) =>
  response.end(JSON.stringify({ url: request.url, agent: request.headers["user-agent"], body }));

/** The message of the failed call. */
async function failure(config: WebhookClientConfig, timeout?: number): Promise<string> {
  const target = await clientConfigTarget(config, nowhere);
  try {
    goodBody(await callWebhook(target, {}, { timeout, announceTimeout: true }));
    return "no failure";
  } catch (error) {
    return (error as Error).message;
  } finally {
    target.close();
  }
}

void test("a service is dialled where the resolver says, and verified under its own name", () =>
  serve(hook(echo), async (port) => {
    const asked: unknown[] = [];
    const target = await clientConfigTarget(
      { service: { namespace: "ns", name: "hook", path: "/admit?a=b", port: 8443 }, caBundle },
      { resolveService: (...at) => (asked.push(at), Promise.resolve({ host: "127.0.0.1", port })) },
    );
    const answer = await callWebhook(target, { x: 1 }, { timeout: 10_000, announceTimeout: true });
    assert.deepEqual(JSON.parse(goodBody(answer)), { url: "/admit?a=b&timeout=10s", agent: "kube-apiserver-admission", body: '{"x":1}' });
    goodBody(await callWebhook(target, {}));
    assert.deepEqual(asked, [["ns", "hook", 8443]], "the second call goes over the connection of the first");
    target.close();
  }));

void test("what a resolver throws is the failure of the call", async () => {
  assert.equal(await failure({ service: { namespace: "ns", name: "hook" }, caBundle }), 'Post "https://hook.ns.svc:443": no services here');
});

void test("failures are told in Go's words", async () => {
  await serve(hook(echo), async (port) => {
    const url = `https://127.0.0.1:${port}/path`;
    const other = Buffer.from(createCa({ commonName: "other" }).certificate).toString("base64");
    const x509 = "tls: failed to verify certificate: x509: ";
    assert.equal(await failure({ url, caBundle: other }, 9000), `Post "${url}?timeout=9s": ${x509}certificate signed by unknown authority`);
    assert.equal(
      await failure({ url: `https://localhost:${port}`, caBundle }),
      `Post "https://localhost:${port}": ${x509}certificate is valid for hook.ns.svc, not localhost`,
    );
  });
  const nameless = issueCertificate(ca, { commonName: "hook", sans: ["hook.ns.svc"], usages: ["server"] });
  await serve(hook(echo, nameless), async (port) => {
    const url = `https://127.0.0.1:${port}`;
    assert.equal(
      await failure({ url, caBundle }),
      `Post "${url}": tls: failed to verify certificate: x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs`,
    );
  });
  let closed = 0;
  await serve(hook(echo), (port) => Promise.resolve(void (closed = port)));
  const gone = `https://127.0.0.1:${closed}`;
  assert.equal(await failure({ url: gone, caBundle }), `Post "${gone}": dial tcp 127.0.0.1:${closed}: connect: connection refused`);
  await serve(createHttp(), async (port) => {
    const url = `https://127.0.0.1:${port}`;
    assert.equal(await failure({ url, caBundle }), `Post "${url}": http: server gave HTTP response to HTTPS client`);
  });
  const silent = createTcp((socket) =>
    socket
      .on("error", () => undefined)
      .resume()
      .end(),
  );
  await serve(silent, async (port) => {
    const url = `https://127.0.0.1:${port}`;
    assert.equal(await failure({ url, caBundle }), `Post "${url}": EOF`);
  });
});

void test("a call ends with its time-out and with its signal", () =>
  serve(
    hook(() => undefined),
    async (port) => {
      const url = `https://127.0.0.1:${port}`;
      assert.equal(await failure({ url, caBundle }, 50), `Post "${url}?timeout=1s": context deadline exceeded`);
      const target = await clientConfigTarget({ url, caBundle }, nowhere);
      const signal = AbortSignal.abort();
      await assert.rejects(callWebhook(target, {}, { signal }), { message: `Post "${url}": context canceled`, ended: "canceled" });
      target.close();
    },
  ));

void test("answers that are not good ones are told as client-go does", async () => {
  const cases: [number, string, string, string][] = [
    [404, "text/plain", "404 page not found", "the server could not find the requested resource"],
    [500, "text/plain", "oh no\n", 'an error on the server ("oh no") has prevented the request from succeeding'],
    [500, "application/json", "{}", 'an error on the server ("unknown") has prevented the request from succeeding'],
    [403, "application/json", '{"kind":"Status","apiVersion":"v1","message":"not you","reason":"Forbidden"}', "not you"],
    [302, "text/plain", "", "the server responded with the status code 302 but did not return more information"],
    [200, "application/json", "", "0-length response with status code: 200 and content type: application/json"],
  ];
  for (const [status, type, body, message] of cases) {
    const server = hook((_, response) => response.writeHead(status, { "content-type": type }).end(body));
    await serve(server, async (port) => assert.equal(await failure({ url: `https://127.0.0.1:${port}`, caBundle }), message));
  }
});

void test("an answer that says when to come back is asked for again", () => {
  let calls = 0;
  const server = hook((_, response) => {
    calls++;
    response.writeHead(calls === 1 ? 503 : 200, calls === 1 ? { "retry-after": "0" } : {}).end("{}");
  });
  return serve(server, async (port) => {
    assert.equal(await failure({ url: `https://127.0.0.1:${port}`, caBundle }), "no failure");
    assert.equal(calls, 2);
  });
});

void test("more than the limit of an answer is not read", () =>
  serve(
    hook((_, response) => response.end("x".repeat(2000))),
    async (port) => {
      const target = await clientConfigTarget({ url: `https://127.0.0.1:${port}`, caBundle }, nowhere);
      await assert.rejects(callWebhook(target, {}, { bodyLimit: 1000 }), /the answer is larger than 1000 bytes/);
      target.close();
    },
  ));

void test("a kubeconfig file gives the server, its authority, and who calls", async () => {
  const directory = await mkdtemp(join(tmpdir(), "webhook-"));
  const protocols: string[] = [];
  const server = createSecureServer({ cert: serving.certificate, key: serving.key, allowHTTP1: true }, (request, response) => {
    protocols.push(request.httpVersion);
    response.end(JSON.stringify({ path: request.url, authorization: request.headers.authorization }));
  });
  try {
    await writeFile(join(directory, "ca.crt"), ca.certificate);
    await serve(server, async (port) => {
      const file = join(directory, "kubeconfig");
      await writeFile(
        file,
        JSON.stringify({
          clusters: [{ name: "c", cluster: { server: `https://127.0.0.1:${port}/authorize?a=1`, "certificate-authority": "ca.crt" } }],
          users: [{ name: "u", user: { username: "me", password: "secret" } }],
          contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
          "current-context": "x",
        }),
      );
      const target = await kubeconfigTarget(file);
      const body = goodBody(await callWebhook(target, {}));
      target.close();
      assert.deepEqual(JSON.parse(body), { path: "/authorize?a=1", authorization: `Basic ${Buffer.from("me:secret").toString("base64")}` });
      assert.deepEqual(protocols, ["2.0"]);
    });
  } finally {
    await rm(directory, { recursive: true });
  }
});

void test("users of an admission kubeconfig are chosen by host, with wildcards, a port of 443 left away, and a default", () =>
  serve(
    hook((request, response) => response.end(String(request.headers.authorization))),
    async (port) => {
      const user = (name: string) => ({ name, user: { token: name } });
      const resolveService = () => Promise.resolve({ host: "127.0.0.1", port });
      const call = async (users: string[], service: { namespace: string; name: string; port?: number }): Promise<string> => {
        const targets = new WebhookTargets({ resolveService, kubeconfig: { users: users.map(user) } });
        const answer = goodBody(await callWebhook(await targets.of({ service, caBundle }), {}));
        targets.close();
        return answer;
      };
      const service = { namespace: "ns", name: "hook" };
      assert.equal(await call(["*", "*.ns.svc"], service), "Bearer *.ns.svc");
      assert.equal(await call(["*", "*.svc", "hook.ns.svc"], service), "Bearer hook.ns.svc");
      assert.equal(await call(["*", "hook.ns.svc"], { ...service, port: 8443 }), "Bearer *");
      assert.equal(await call(["other"], service), "undefined");
    },
  ));

void test("a bundle may be the server's certificate itself", () =>
  serve(hook(echo), async (port) => {
    const leaf = Buffer.from(serving.certificate).toString("base64");
    assert.equal(await failure({ url: `https://127.0.0.1:${port}`, caBundle: leaf }), "no failure");
  }));
