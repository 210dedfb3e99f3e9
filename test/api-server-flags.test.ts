/** What kube-apiserver's flags do, seen from outside: a whole control plane, over HTTPS. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { memoryControlPlane } from "./control-plane/memory-control-plane.ts";

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

interface Running {
  readonly stop: () => Promise<void>;
  readonly ask: (method: string, path: string, headers?: Record<string, string>, body?: unknown) => Promise<Answer>;
}

async function start(t: TestContext, args: (dir: string) => readonly string[]): Promise<Running> {
  const dir = mkdtempSync(join(tmpdir(), "tsukube-flags-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const { plane, pki, config } = await memoryControlPlane({
    name: "flags",
    dataDir: join(dir, "data"),
    kubeApiserverArgs: args(dir),
    work: false,
  });
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= plane.stop());
  t.after(stop);
  return {
    stop,
    ask: async (method, path, headers = {}, body) => {
      const tls = { ca: pki.ca.certificate, cert: pki.admin.certificate, key: pki.admin.key };
      const sent = request({ ...tls, host: "127.0.0.1", port: config.port, method, path, headers, agent: false });
      sent.end(body === undefined ? undefined : JSON.stringify(body));
      const [answer] = (await once(sent, "response")) as [IncomingMessage];
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      return { status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(chunks).toString() };
    },
  };
}

void test("audit events reach a webhook that fails at first", async (t) => {
  const events: { verb: string; stage: string; requestObject?: unknown; responseStatus?: { code: number } }[] = [];
  let refusals = 2;
  const hook = createServer((incoming, answer) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      if (refusals-- > 0) return void answer.writeHead(500).end();
      const list = JSON.parse(Buffer.concat(chunks).toString()) as { kind: string; items: typeof events };
      assert.equal(list.kind, "EventList");
      events.push(...list.items);
      answer.writeHead(200).end();
    })();
  }).listen(0, "127.0.0.1");
  await once(hook, "listening");
  t.after(() => hook.close());
  const { ask, stop } = await start(t, (dir) => {
    const policy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Request
  resources: [{group: "", resources: [configmaps]}]
  namespaces: [default]
- level: None
`;
    const server = `http://127.0.0.1:${(hook.address() as AddressInfo).port}`;
    const kubeconfig = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "hook", cluster: { server } }],
      users: [{ name: "me", user: {} }],
      contexts: [{ name: "hook", context: { cluster: "hook", user: "me" } }],
      "current-context": "hook",
    };
    writeFileSync(join(dir, "policy.yaml"), policy);
    writeFileSync(join(dir, "hook.yaml"), JSON.stringify(kubeconfig));
    return [
      `audit-policy-file=${join(dir, "policy.yaml")}`,
      `audit-webhook-config-file=${join(dir, "hook.yaml")}`,
      "audit-webhook-mode=blocking",
      "audit-webhook-initial-backoff=10ms",
    ];
  });
  const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { x: "1" } };
  const made = await ask("POST", "/api/v1/namespaces/default/configmaps", { "content-type": "application/json" }, map);
  assert.equal(made.status, 201);
  assert.match(made.headers["audit-id"] as string, /^[0-9a-f-]{36}$/);
  assert.equal(events.length, 1, "the answer waits for it");
  await ask("GET", "/api/v1/namespaces/kube-system/configmaps");
  await stop();
  assert.deepEqual(
    events.map((e) => [e.verb, e.stage, e.responseStatus?.code, (e.requestObject as typeof map).data]),
    [["create", "ResponseComplete", 201, { x: "1" }]],
  );
});

void test("answers carry what browsers and fairness look at, and checks have upstream's names", async (t) => {
  const { ask } = await start(t, () => [
    "cors-allowed-origins=//example\\.com$",
    "strict-transport-security-directives=max-age=31536000,includeSubDomains",
  ]);
  const seen = await ask("GET", "/api/v1/namespaces", { origin: "https://example.com" });
  assert.equal(seen.status, 200);
  assert.equal(seen.headers["access-control-allow-origin"], "https://example.com");
  assert.equal(seen.headers["strict-transport-security"], "max-age=31536000; includeSubDomains");
  assert.equal(seen.headers["cache-control"], "no-cache, private");
  for (const header of ["flowschema", "prioritylevel"])
    assert.match(seen.headers[`x-kubernetes-pf-${header}-uid`] as string, /^[0-9a-f-]{36}$/);
  const other = await ask("GET", "/api/v1/namespaces", { origin: "https://example.com.evil.org" });
  assert.equal(other.headers["access-control-allow-origin"], undefined);
  const asked = await ask("OPTIONS", "/api/v1/namespaces", { origin: "https://example.com" });
  assert.equal(asked.status, 204);
  assert.match(asked.headers["access-control-allow-methods"] as string, /PATCH/);

  const refused = await ask("GET", "/api/v1/namespaces", { "impersonate-user": "jane" });
  assert.deepEqual([refused.status, refused.headers["x-content-type-options"]], [403, "nosniff"]);
  assert.equal((await ask("DELETE", "/api/v1/watch/namespaces")).status, 405);
  assert.equal((await ask("GET", "/index.html")).text, (await ask("GET", "/")).text);

  const ready = await ask("GET", "/readyz?verbose&exclude=etcd");
  assert.equal(ready.status, 200);
  for (const line of [
    "[+]ping ok",
    "[+]etcd excluded: ok",
    "[+]informer-sync ok",
    "[+]poststarthook/rbac/bootstrap-roles ok",
    "[+]shutdown ok",
  ])
    assert.ok(ready.text.split("\n").includes(line), line);
  assert.ok(ready.text.endsWith("readyz check passed\n"));
  assert.equal((await ask("GET", "/livez/ping")).text, "ok");
  assert.equal((await ask("GET", "/livez/nothing")).status, 404);
});

void test("pages tell of the server, as text and as objects", async (t) => {
  const { ask } = await start(t, () => ["v=4"]);
  const flags = await ask("GET", "/flagz", { accept: "application/json;v=v1alpha1;g=config.k8s.io;as=Flagz" });
  const told = JSON.parse(flags.text) as { kind: string; apiVersion: string; flags: Record<string, string> };
  assert.deepEqual([told.apiVersion, told.kind, told.flags["v"]], ["config.k8s.io/v1alpha1", "Flagz", "4"]);
  assert.match((await ask("GET", "/flagz", { accept: "text/plain" })).text, /^\napiserver flagz\n/);
  assert.match((await ask("GET", "/statusz", { accept: "text/plain" })).text, /^\napiserver statusz\n/);
  assert.equal((await ask("GET", "/statusz", { accept: "image/png" })).status, 406);
  assert.equal((await ask("PUT", "/debug/flags/v", {}, 2)).text, "successfully set klog.logging.verbosity to 2");
  const profile = await ask("GET", "/debug/pprof/heap");
  assert.deepEqual([profile.status, profile.headers["content-type"]], [200, "application/octet-stream"]);
  const vague = await ask("GET", "/debug/pprof/heap?seconds=x");
  assert.deepEqual([vague.status, vague.text], [400, 'invalid value for "seconds" - must be a positive integer\n']);
  assert.match((await ask("GET", "/debug/api_priority_and_fairness/dump_priority_levels")).text, /^PriorityLevelName, +ActiveQueues/);
  assert.equal((await ask("GET", "/configz")).status, 404);
});

void test("a server that leaves says so first, answers on, and then takes no more", async (t) => {
  const { ask, stop } = await start(t, () => ["shutdown-delay-duration=600ms", "shutdown-send-retry-after=true"]);
  const stopped = stop();
  const ready = await ask("GET", "/readyz");
  assert.equal(ready.status, 500);
  assert.match(ready.text, /\[-\]shutdown failed: reason withheld/);
  assert.equal((await ask("GET", "/api/v1/namespaces")).status, 200, "while it waits for others to notice");
  assert.equal((await ask("GET", "/livez")).status, 200);
  await stopped;
  await assert.rejects(ask("GET", "/api/v1/namespaces"));
});
