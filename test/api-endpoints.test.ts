/**
 * A server with its front, over TLS: what it answers beside resources, who it lets in, and that kubectl takes it for
 * Kubernetes. Everything over HTTP/2 and HTTP/1.1 alike.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { existsSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { addEndpoints } from "../src/apiserver/endpoints/index.ts";
import { reviewHandlers } from "../src/apiserver/endpoints/reviews.ts";
import { type HttpFront, listen } from "../src/apiserver/http/front.ts";
import { ServerObjectSource } from "../src/apiserver/object-source.ts";
import { createApiServer } from "../src/apiserver/server.ts";
import type { ApiServer } from "../src/apiserver/server-interface.ts";
import { requestAuthenticator } from "../src/auth/request-authenticator.ts";
import { allowGroups, unionAuthorizer } from "../src/auth/authorizers.ts";
import { listSource } from "../src/auth/list-source.ts";
import { RbacAuthorizer } from "../src/auth/rbac/rbac-authorizer.ts";
import { type BoundObjectGetter, ServiceAccountAuthenticator } from "../src/auth/service-account/authenticator.ts";
import { tokenIssuer } from "../src/auth/service-account/issuer.ts";
import { signingKey } from "../src/auth/service-account/jwt.ts";
import { type HttpClient, httpClient } from "../src/client/http-client.ts";
import { inProcessClient } from "../src/client/in-process-client.ts";
import { systemClock as clock } from "../src/core/clock.ts";
import { silent as log } from "../src/core/log.ts";
import { MetricsRegistry } from "../src/core/metrics.ts";
import { type CertificateAndKey, createCa, generateKey, issueCertificate, keyPem } from "../src/host/pki.ts";
import { readCertificates } from "../src/host/x509.ts";
import { groupVersionPriority } from "../src/resources/api-services.ts";
import { startCustomResources } from "../src/resources/custom-resources.ts";
import { builtinResources, type ResourceDeps } from "../src/resources/index.ts";
import type { TokenRequest } from "../src/schema/types/authentication-v1.ts";
import { namespaces, secrets, serviceaccounts, pods, type Secret, type ServiceAccount } from "../src/schema/types/core-v1.ts";
import {
  type ClusterRole,
  type ClusterRoleBinding,
  clusterrolebindings,
  clusterroles,
  type Role,
  type RoleBinding,
} from "../src/schema/types/rbac-v1.ts";
import { memoryStore } from "../src/store/memory-store.ts";

const issuer = "https://kubernetes.default.svc.cluster.local";
const ca = createCa({ commonName: "test" });
const authorities = readCertificates(ca.certificate);
const serving = issueCertificate(ca, { commonName: "localhost", sans: ["localhost", "127.0.0.1"], usages: ["server"] });
const admin = issueCertificate(ca, { commonName: "admin", organizations: ["system:masters"], usages: ["client"] });
const ann = issueCertificate(ca, { commonName: "ann", organizations: ["team"], usages: ["client"] });

interface World extends AsyncDisposable {
  readonly server: ApiServer;
  readonly front: HttpFront;
  connect(as?: CertificateAndKey | string, http1?: boolean): HttpClient;
}

/** A server as a composition puts it together, without controllers. */
async function startWorld(): Promise<World> {
  const store = memoryStore({ clock });
  const metrics = new MetricsRegistry();
  const key = signingKey(keyPem(generateKey()));
  const objects: BoundObjectGetter = {
    serviceAccount: (namespace, name) => server.objects("", "serviceaccounts").get(namespace, name) as Promise<ServiceAccount | undefined>,
    secret: (namespace, name) => server.objects("", "secrets").get(namespace, name) as Promise<Secret | undefined>,
    pod: (namespace, name) => server.objects("", "pods").get(namespace, name),
    node: (name) => server.objects("", "nodes").get("", name),
  };
  const tokens = new ServiceAccountAuthenticator({ issuers: [issuer], keys: () => [key], audiences: [issuer], objects, clock });
  const late: { rbac?: RbacAuthorizer } = {};
  const authorizer = unionAuthorizer(allowGroups(), {
    authorize: (a) => late.rbac?.authorize(a) ?? { decision: "no-opinion", reason: "" },
  });
  const authenticator = requestAuthenticator({ clientAuthorities: () => authorities, tokens, audiences: [issuer], anonymous: {} });
  const server: ApiServer = createApiServer({
    store,
    clock,
    log,
    metrics,
    authenticator,
    authorizer,
    admission: [],
  });
  const tokenRequests = { issuer: tokenIssuer({ issuer, key: () => key, clock }), audiences: [issuer], objects, clock };
  const rules = { rulesFor: (...args: Parameters<RbacAuthorizer["rulesFor"]>) => (late.rbac as RbacAuthorizer).rulesFor(...args) };
  const deps: ResourceDeps = {
    clock,
    log,
    objects: (group, resource) => server.objects(group, resource),
    client: () => inProcessClient(server, { name: "system:apiserver", groups: ["system:masters"] }),
    authorizer,
    handlers: reviewHandlers({ authorizer, rules, authenticator, tokenRequests }),
  };
  for (const definition of builtinResources(deps)) server.install(definition);
  await server.start();
  const roles = new ServerObjectSource<ClusterRole>(server, clusterroles, { log, clock });
  const bindings = new ServerObjectSource<ClusterRoleBinding>(server, clusterrolebindings, { log, clock });
  await Promise.all([roles.start(), bindings.start()]);
  late.rbac = new RbacAuthorizer({
    roles: listSource<Role>(),
    roleBindings: listSource<RoleBinding>(),
    clusterRoles: roles,
    clusterRoleBindings: bindings,
  });
  const custom = await startCustomResources(server, { clock, log });
  const version = {
    major: "1",
    minor: "36",
    gitVersion: "v1.36.3+test",
    gitCommit: "",
    gitTreeState: "clean",
    buildDate: "2026-01-01T00:00:00Z",
    goVersion: "none",
    compiler: "none",
    platform: "test",
  };
  addEndpoints(server, {
    metrics,
    version,
    priority: groupVersionPriority,
    serverAddress: () => "127.0.0.1:6443",
    openId: { issuer, keys: () => [key] },
    healthChecks: [{ name: "etcd", check: () => undefined }],
  });
  const front = await listen(server, { port: 0, tls: { certificate: serving.certificate, key: serving.key, clientCa: ca.certificate } });
  const clients: HttpClient[] = [];
  return {
    server,
    front,
    connect: (as = admin, http1 = false) => {
      const client = httpClient({
        server: `https://127.0.0.1:${front.port}`,
        certificateAuthority: ca.certificate,
        ...(typeof as === "string" ? { token: as } : { clientCertificate: as.certificate, clientKey: as.key }),
        disableHttp2: http1,
      });
      clients.push(client);
      return client;
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.close();
      for (const source of [roles, bindings, custom]) source.stop();
      await front.close(10);
      await server.stop();
      await store.close();
    },
  };
}

for (const [name, http1] of [
  ["HTTP/2", false],
  ["HTTP/1.1", true],
] as const) {
  void describe(`endpoints over ${name}`, () => {
    let world: World;
    let client: HttpClient;
    before(async () => {
      world = await startWorld();
      client = world.connect(admin, http1);
      await client.resource(namespaces).create({ metadata: { name: "ns" } });
      await client.resource(serviceaccounts, "ns").create({ metadata: { name: "robot" } });
    });
    after(() => world[Symbol.asyncDispose]());

    const get = async (
      path: string,
      headers: Record<string, string> = {},
    ): Promise<{ status: number; text: string; headers: Record<string, string> }> => {
      const response = await client.raw("GET", path, undefined, { headers });
      return { status: response.status, text: response.text(), headers: response.headers };
    };

    void it("health is told in upstream's words", async () => {
      assert.equal((await get("/healthz")).text, "ok");
      assert.equal((await get("/readyz?verbose")).text, "[+]ping ok\n[+]log ok\n[+]etcd ok\n[+]shutdown ok\nreadyz check passed\n");
      assert.equal(
        (await get("/livez?verbose&exclude=etcd&exclude=none")).text,
        '[+]ping ok\n[+]log ok\n[+]etcd excluded: ok\nwarn: some health checks cannot be excluded: no matches for "none"\nlivez check passed\n',
      );
      assert.equal((await get("/livez/ping")).text, "ok");
      assert.equal((await get("/livez/none")).status, 404);
    });

    void it("a check that fails makes the server unready and says no more than its name", async () => {
      let why: string | undefined = "disk is full";
      world.server.addReadyCheck("storage", () => why);
      const answer = await get("/readyz");
      assert.equal(answer.status, 500);
      assert.match(answer.text, /\[-\]storage failed: reason withheld\n\[\+\]shutdown ok\nreadyz check failed\n$/);
      assert.equal((await get("/readyz/storage")).text, "internal server error: disk is full\n");
      why = undefined;
      assert.equal((await get("/readyz")).status, 200);
    });

    void it("discovery is there in its plain form, and aggregated with a validator", async () => {
      const groups = JSON.parse((await get("/apis")).text) as { groups: { name: string }[] };
      assert.deepEqual(
        groups.groups.slice(0, 3).map((g) => g.name),
        ["apiregistration.k8s.io", "apps", "events.k8s.io"],
      );
      const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
      const whole = await get("/apis", { accept });
      assert.equal(whole.headers["content-type"], "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
      const again = await get("/apis", { accept, "if-none-match": whole.headers["etag"] ?? "" });
      assert.equal(again.status, 304);
      assert.equal(again.text, "");
    });

    void it("OpenAPI documents are named by their hashes", async () => {
      const index = JSON.parse((await get("/openapi/v3")).text) as { paths: Record<string, { serverRelativeURL: string }> };
      const url = index.paths["apis/apps/v1"]?.serverRelativeURL ?? "";
      const document = await get(url);
      assert.equal(document.headers["cache-control"], "public, immutable");
      assert.ok((JSON.parse(document.text) as { components: { schemas: object } }).components.schemas);
      assert.equal((await get(url, { "if-none-match": document.headers["etag"] ?? "" })).status, 304);
      assert.equal((await get("/openapi/v3/apis/apps/v1?hash=OLD")).status, 301);
      assert.equal((await get("/openapi/v3/apis/none/v1")).status, 404);
    });

    void it("what is not there is told apart: no page, no resource", async () => {
      assert.equal((await get("/nothing")).text, "404 page not found\n");
      assert.equal((await get("/apis/none.example/v1/things")).text, "404 page not found\n");
      const status = JSON.parse((await get("/api/v1/nothing")).text) as { message: string };
      assert.equal(status.message, "the server could not find the requested resource");
      assert.equal((await client.raw("PUT", "/api/v1/namespaces", {})).status, 405);
    });

    void it("somebody known may do what a binding says, and is refused the rest in upstream's words", async () => {
      const caller = world.connect(ann, http1);
      await assert.rejects(caller.resource(pods, "ns").list(), {
        message: 'pods is forbidden: User "ann" cannot list resource "pods" in API group "" in the namespace "ns"',
      });
      const roleName = `reader-${http1}`;
      await client
        .resource(clusterroles)
        .create({ metadata: { name: roleName }, rules: [{ verbs: ["list"], apiGroups: [""], resources: ["pods"] }] });
      await client.resource(clusterrolebindings).create({
        metadata: { name: roleName },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: roleName },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "team" }],
      });
      assert.deepEqual((await caller.resource(pods, "ns").list()).items, []);
    });

    void it("a token is issued, works as its account, and dies with it", async () => {
      const accounts = client.resource(serviceaccounts, "ns");
      const wish: TokenRequest = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { audiences: [] } };
      const { status } = await accounts.createSubresource<TokenRequest>("robot", "token", wish);
      const robot = world.connect(status?.token ?? "", http1);
      await assert.rejects(robot.resource(secrets, "ns").list(), {
        message: /User "system:serviceaccount:ns:robot" cannot list resource "secrets"/,
      });
      await accounts.delete("robot");
      await assert.rejects(robot.resource(secrets, "ns").list(), { message: "Unauthorized" });
    });
  });
}

function findKubectl(): string | undefined {
  const named = process.env["KUBECTL"];
  if (named) return named;
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, "kubectl"))
    .find((file) => existsSync(file));
}

const kubectl = findKubectl();

void describe("kubectl", { skip: kubectl === undefined ? "kubectl is neither in PATH nor named by KUBECTL" : false }, () => {
  let world: World;
  let folder: string;
  before(async () => {
    world = await startWorld();
    folder = mkdtempSync(join(tmpdir(), "kubectl-"));
    const encode = (text: string): string => Buffer.from(text).toString("base64");
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        { name: "c", cluster: { server: `https://127.0.0.1:${world.front.port}`, "certificate-authority-data": encode(ca.certificate) } },
      ],
      users: [{ name: "u", user: { "client-certificate-data": encode(admin.certificate), "client-key-data": encode(admin.key) } }],
      contexts: [{ name: "c", context: { cluster: "c", user: "u", namespace: "ns" } }],
      "current-context": "c",
    };
    writeFileSync(join(folder, "config"), JSON.stringify(config));
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const run = async (...args: string[]): Promise<string> => {
    const env = { ...process.env, KUBECONFIG: join(folder, "config"), HOME: folder };
    const { stdout } = await promisify(execFile)(kubectl as string, ["--request-timeout=10s", ...args], { env });
    return stdout;
  };

  void it("creates, applies, shows, explains and deletes", async () => {
    assert.equal(await run("create", "namespace", "ns"), "namespace/ns created\n");
    const file = join(folder, "map.yaml");
    writeFileSync(file, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\ndata:\n  k: v\n");
    assert.equal(await run("apply", "-f", file), "configmap/m created\n");
    assert.equal(await run("apply", "-f", file), "configmap/m unchanged\n");
    assert.match(await run("get", "configmap", "m"), /^NAME\s+DATA\s+AGE\nm\s+1\s+/);
    assert.match(await run("explain", "deployment.spec.replicas"), /FIELD: replicas <integer>/);
    assert.match(await run("auth", "whoami"), /Username\s+admin/);
    assert.equal((await run("auth", "can-i", "delete", "nodes")).trim(), "yes");
    assert.match(await run("delete", "-f", file), /configmap "m" deleted/);
  });

  void it("serves a custom resource as soon as its definition is established", async () => {
    const file = join(folder, "crd.yaml");
    writeFileSync(
      file,
      `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, kind: Widget, shortNames: [wd]}
  versions:
  - name: v1
    served: true
    storage: true
    additionalPrinterColumns: [{name: Size, type: integer, jsonPath: .spec.size}]
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}
`,
    );
    await run("apply", "-f", file);
    await run("wait", "--for=condition=Established", "crd/widgets.example.com");
    writeFileSync(join(folder, "w.yaml"), "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 4}\n");
    assert.equal(await run("apply", "-f", join(folder, "w.yaml")), "widget.example.com/w created\n");
    assert.equal(await run("get", "wd"), "NAME   SIZE\nw      4\n");
    assert.match(await run("explain", "widget.spec.size"), /FIELD: size <integer>/);
    await run("delete", "crd", "widgets.example.com");
    await assert.rejects(run("get", "wd"), /doesn't have a resource type|could not find the requested resource/);
  });
});
