/** APIServices with a server behind them, which is an HTTPS server in this process. */
import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { TLSSocket } from "node:tls";
import { Aggregator } from "../../src/apiserver/aggregation/aggregator.ts";
import { ownRequest } from "../../src/apiserver/object-source.ts";
import type { ApiResponse } from "../../src/apiserver/request.ts";
import type { UserInfo } from "../../src/auth/user.ts";
import { MetricsRegistry } from "../../src/core/metrics.ts";
import { createCa, issueCertificate } from "../../src/host/pki.ts";
import { Aggregation } from "../../src/resources/aggregation/index.ts";
import { ApiServiceRegistration } from "../../src/resources/loops/api-services.ts";
import { mutable } from "../../src/schema/object.ts";
import { apiservices } from "../../src/schema/types/apiregistration-v1.ts";
import { namespaces, services } from "../../src/schema/types/core-v1.ts";
import { startServer, type TestServer } from "./server.ts";

const authority = createCa({ commonName: "extension" });
const front = createCa({ commonName: "front-proxy-ca" });
const shown = issueCertificate(front, { commonName: "front-proxy-client", usages: ["client"] });

interface Seen {
  readonly headers: IncomingHttpHeaders;
  readonly by: string;
}

async function startExtension(): Promise<{ port: number; seen: Map<string, Seen>; server: Server }> {
  const own = issueCertificate(authority, { commonName: "api", sans: ["api.extension.svc"], usages: ["server"] });
  const seen = new Map<string, Seen>();
  const server = createServer(
    { cert: own.certificate, key: own.key, ca: front.certificate, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      const path = request.url ?? "";
      seen.set(path, { headers: request.headers, by: String((request.socket as TLSSocket).getPeerCertificate().subject.CN) });
      if (path.endsWith("/missing")) response.writeHead(404, { "content-type": "application/json" }).end('{"kind":"Status","code":404}');
      else if (path.startsWith("/apis/g.example.com/v1")) response.writeHead(200, { "content-type": "application/json" }).end("{}");
      else response.writeHead(404).end();
    },
  );
  await new Promise<void>((done) => server.listen(0, "localhost", done));
  return { port: (server.address() as AddressInfo).port, seen, server };
}

async function register(at: TestServer, port: number): Promise<void> {
  await at.client.resource(namespaces).create({ metadata: { name: "extension" } });
  await at.client
    .resource(services, "extension")
    .create({ metadata: { name: "api" }, spec: { type: "ExternalName", externalName: "localhost" } });
  await at.client.resource(apiservices).create({
    metadata: { name: "v1.g.example.com" },
    spec: {
      group: "g.example.com",
      version: "v1",
      groupPriorityMinimum: 100,
      versionPriority: 10,
      caBundle: Buffer.from(authority.certificate).toString("base64"),
      service: { namespace: "extension", name: "api", port },
    },
  });
}

async function condition(at: TestServer, reason: string): Promise<string> {
  for (let i = 0; i < 500; i++) {
    const { status } = await at.client.resource(apiservices).get("v1.g.example.com");
    const found = status?.conditions?.[0];
    if (found?.reason === reason) return `${found.status} ${found.message}`;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(
    `the condition never said ${reason}: ${JSON.stringify((await at.client.resource(apiservices).get("v1.g.example.com")).status)}`,
  );
}

async function ask(at: TestServer, path: string, user: UserInfo, headers: IncomingHttpHeaders = {}): Promise<ApiResponse> {
  const request = ownRequest("GET", path, at.deps.log, new AbortController().signal);
  return await at.server.handle({ ...request, inProcess: false, headers, user });
}

test("an extension server is asked in the name of the user, and believes it by the certificate", async (t) => {
  await using at = await startServer();
  const extension = await startExtension();
  t.after(() => extension.server.close());
  const aggregator = new Aggregator({ clock: at.clock, log: at.deps.log });
  const frontProxy = { certificate: shown.certificate, key: shown.key };
  const aggregation = new Aggregation(at.deps, { aggregator, server: at.server, metrics: new MetricsRegistry(), frontProxy });
  t.after(() => aggregation.stop());
  await register(at, extension.port);
  assert.equal(await condition(at, "Passed"), "True all checks passed");

  const user = { name: "jane", uid: "7", groups: ["a", "b"], extra: { "example.com/team": ["x"] } };
  const path = "/apis/g.example.com/v1/things?limit=1";
  const answer = await ask(at, path, user, { "x-remote-user": "root", "x-remote-extra-other": "y", "x-kept": "z" });
  assert.equal(answer.status, 200);
  const { headers, by } = extension.seen.get(path) ?? { headers: {}, by: "" };
  assert.equal(by, "front-proxy-client");
  assert.deepEqual([headers["x-remote-user"], headers["x-remote-uid"], headers["x-remote-group"]], ["jane", "7", "a, b"]);
  assert.deepEqual([headers["x-remote-extra-example.com%2Fteam".toLowerCase()], headers["x-remote-extra-other"]], ["x", undefined]);
  assert.equal(headers["x-kept"], "z");
  assert.equal((await ask(at, "/apis/g.example.com/v1/missing", user)).status, 404);
  extension.server.closeAllConnections();
});

test("what cannot be reached is unavailable, and says why", async (t) => {
  await using at = await startServer();
  const extension = await startExtension();
  t.after(() => extension.server.close());
  const aggregator = new Aggregator({ clock: at.clock, log: at.deps.log });
  const aggregation = new Aggregation(at.deps, { aggregator, server: at.server, metrics: new MetricsRegistry() });
  t.after(() => aggregation.stop());
  await register(at, extension.port);
  assert.match(await condition(at, "FailedDiscoveryCheck"), /^False failing or missing response from https:\/\/localhost:\d+\/apis\/g/);
  const answer = await ask(at, "/apis/g.example.com/v1/things", { name: "jane", groups: [] });
  assert.deepEqual([answer.status, String(answer.bytes)], [503, "service unavailable\n"]);
  await at.client.resource(services, "extension").delete("api");
  assert.equal(await condition(at, "ServiceNotFound"), 'False service/api in "extension" is not present');
  await at.client.resource(apiservices).delete("v1.g.example.com");
  assert.equal((await ask(at, "/apis/g.example.com/v1/things", { name: "jane", groups: [] })).status, 404);
});

test("built-in groups are registered once; others are kept as served; what is somebody's own is left alone", async () => {
  await using at = await startServer();
  const definition = at.server.definition("apps", "deployments");
  assert.ok(definition);
  const custom = { ...definition, group: "g.example.com", resource: "things" };
  at.server.install(custom);
  const registration = new ApiServiceRegistration(at.deps, at.server);
  await registration.reconcile();
  const all = at.client.resource(apiservices);
  const own = mutable(await all.get("v1.g.example.com"));
  assert.equal(own.metadata?.labels?.["kube-aggregator.kubernetes.io/automanaged"], "true");
  await all.delete("v1.apps");
  await all.update({ ...own, spec: { group: "g.example.com", version: "v1", groupPriorityMinimum: 5, versionPriority: 5 } });
  await registration.reconcile();
  await assert.rejects(all.get("v1.apps"), { message: 'apiservices.apiregistration.k8s.io "v1.apps" not found' });
  assert.equal((await all.get("v1.g.example.com")).spec?.groupPriorityMinimum, 1000);
  await all.delete("v1.g.example.com");
  await registration.reconcile();
  const again = mutable(await all.get("v1.g.example.com"));
  await all.update({ ...again, metadata: { ...again.metadata, labels: {} } });
  at.server.uninstall("g.example.com", "things");
  await registration.reconcile();
  await all.get("v1.g.example.com");
  await registration.stop();
});
