/**
 * One configuration of authentication and authorization, and servers that run with it: ours in this process, and upstream's
 * when its binaries are there. Issuers and webhooks are real servers beside them.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request as send } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClusterPki } from "../../src/cluster/pki.ts";
import { type CertificateAndKey, createCa, issueCertificate } from "../../src/host/pki.ts";
import { freePort } from "../control-plane/free-port.ts";
import { memoryControlPlane } from "../control-plane/memory-control-plane.ts";
import { type Issuer, startIssuer } from "./issuer.ts";
import { type ReviewServer, startReviewServer } from "./webhooks.ts";

export interface Ask {
  readonly method?: string;
  readonly path: string;
  readonly body?: object | undefined;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly token?: string | undefined;
  readonly certificate?: CertificateAndKey | undefined;
}

export interface Answer {
  readonly status: number;
  readonly warnings: readonly string[];
  readonly body: unknown;
}

/** A server that can be asked as anybody. */
export interface AskedServer extends AsyncDisposable {
  readonly url: string;
  ask(request: Ask): Promise<Answer>;
}

export interface World extends AsyncDisposable {
  readonly dir: string;
  /** The authority of everything here, and of its own. */
  readonly ca: CertificateAndKey;
  readonly proxyCa: CertificateAndKey;
  readonly issuer: Issuer;
  readonly second: Issuer;
  readonly tokenWebhook: ReviewServer;
  readonly accessWebhook: ReviewServer;
  readonly admin: CertificateAndKey;
  /** `NAME=VALUE` of kube-apiserver's flags. */
  readonly flags: readonly string[];
  file(name: string, text: string): string;
  client(commonName: string, organizations?: readonly string[], ca?: CertificateAndKey): CertificateAndKey;
}

/** What the token webhook knows. */
function tokenStatus(spec: Record<string, unknown>, count: number): { code?: number; status?: unknown } {
  switch (spec["token"]) {
    case "hook-user":
      return {
        status: { authenticated: true, user: { username: "hooked", uid: "h1", groups: ["hooks"], extra: { "example.org/a": ["b"] } } },
      };
    case "hook-error":
      return { status: { authenticated: false, error: "the webhook does not like it" } };
    case "hook-audience":
      return { status: { authenticated: true, user: { username: "hooked" }, audiences: ["elsewhere"] } };
    case "hook-flaky":
      return count % 2 === 1 ? { code: 500 } : { status: { authenticated: true, user: { username: "patient" } } };
    case "hook-broken":
      return { code: 404 };
    default:
      return { status: { authenticated: false } };
  }
}

/** What the access webhook decides. */
function accessStatus(spec: Record<string, unknown>): { code?: number; status?: unknown } {
  switch (spec["user"]) {
    case "hooked":
      return { status: { allowed: true, reason: "the webhook says so" } };
    case "denied":
      return { status: { allowed: false, denied: true, reason: "the webhook forbids it" } };
    case "both":
      return { status: { allowed: true, denied: true, reason: "both" } };
    case "shrug":
      return { status: { allowed: false, reason: "the webhook has no opinion" } };
    default:
      return { code: 400 };
  }
}

const indent = (text: string, by: string): string =>
  text
    .trim()
    .split("\n")
    .map((line) => by + line)
    .join("\n");

function authenticationConfig(world: { ca: CertificateAndKey; issuer: Issuer; second: Issuer }): string {
  const authority = `    certificateAuthority: |\n${indent(world.ca.certificate, "      ")}`;
  return `apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
jwt:
- issuer:
    url: ${world.issuer.url}
    audiences: [cluster]
${authority}
  claimMappings:
    username: {claim: name, prefix: "oidc:"}
    groups: {claim: groups, prefix: "oidc:"}
    uid: {claim: sub}
  claimValidationRules:
  - {claim: hd, requiredValue: example.com}
- issuer:
    url: ${world.second.url}
    discoveryURL: ${world.second.discoveryUrl}
    audiences: [one, two]
    audienceMatchPolicy: MatchAny
${authority}
  claimMappings:
    username: {expression: 'claims.email.split("@")[0]'}
    groups: {expression: 'claims.?roles.orValue([])'}
    uid: {expression: 'claims.sub'}
    extra:
    - {key: example.org/tenant, valueExpression: 'claims.tenant.name'}
    - {key: example.org/level, valueExpression: 'claims.level == 3.0 ? "three" : ""'}
  claimValidationRules:
  - {expression: 'claims.?email_verified.orValue(true) == true', message: the address is not verified}
  - {expression: 'claims.exp - claims.nbf <= 4e9', message: lives too long}
  userValidationRules:
  - {expression: '!user.username.startsWith("system:")', message: reserved}
  - {expression: 'user.groups.all(g, g != "forbidden")', message: forbidden group}
anonymous:
  enabled: true
  conditions:
  - {path: /livez}
  - {path: /healthz}
`;
}

function authorizationConfig(kubeconfig: string): string {
  const webhook = (policy: string, conditions: string): string => `  webhook:
    timeout: 3s
    authorizedTTL: 10s
    unauthorizedTTL: 10s
    subjectAccessReviewVersion: v1
    matchConditionSubjectAccessReviewVersion: v1
    failurePolicy: ${policy}
    connectionInfo: {type: KubeConfigFile, kubeConfigFile: ${kubeconfig}}
    matchConditions:
${conditions}`;
  return `apiVersion: apiserver.config.k8s.io/v1
kind: AuthorizationConfiguration
authorizers:
- type: Webhook
  name: first
${webhook("Deny", `    - {expression: 'has(request.resourceAttributes) && request.user in ["hooked", "denied", "both", "broken"]'}\n    - {expression: 'request.resourceAttributes.resource != "secrets"'}`)}
- type: Node
  name: node
- type: RBAC
  name: rbac
- type: Webhook
  name: last
${webhook("NoOpinion", `    - {expression: 'request.user in ["shrug", "failing"] || ("strange" in request.groups && request.extra["missing"][0] == "x")'}`)}
`;
}

/** Everything but the servers that are asked. */
export async function startWorld(): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), "tsukube-auth-"));
  const ca = createCa({ commonName: "auth-test" });
  const proxyCa = createCa({ commonName: "front" });
  const file = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  const [issuer, second] = [await startIssuer(ca), await startIssuer(ca, "/second")];
  const tokenWebhook = await startReviewServer(ca, tokenStatus);
  const accessWebhook = await startReviewServer(ca, accessStatus);
  const [tokenConfig, accessConfig] = [join(dir, "tokens.yaml"), join(dir, "access.yaml")];
  tokenWebhook.kubeconfig(tokenConfig);
  accessWebhook.kubeconfig(accessConfig);
  const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  const client: World["client"] = (commonName, organizations = [], by = ca) =>
    issueCertificate(by, { commonName, organizations, usages: ["client"] });
  const flags = [
    `client-ca-file=${file("ca.crt", ca.certificate)}`,
    `token-auth-file=${file("tokens.csv", 'tok-alice,alice,u1,"dev,ops"\ntok-bob,bob,u2\n"tok-""q",quoted,u3\n')}`,
    `authentication-config=${file("authentication.yaml", authenticationConfig({ ca, issuer, second }))}`,
    `authorization-config=${file("authorization.yaml", authorizationConfig(accessConfig))}`,
    `authentication-token-webhook-config-file=${tokenConfig}`,
    "authentication-token-webhook-version=v1",
    "enable-bootstrap-token-auth=true",
    `requestheader-client-ca-file=${file("proxy.crt", proxyCa.certificate)}`,
    "requestheader-allowed-names=front-proxy",
    "requestheader-username-headers=X-Remote-User,X-Other-User",
    "requestheader-uid-headers=X-Remote-Uid",
    "requestheader-group-headers=X-Remote-Group",
    "requestheader-extra-headers-prefix=X-Remote-Extra-",
    `service-account-signing-key-file=${file("sa.key", key)}`,
    `service-account-key-file=${join(dir, "sa.key")}`,
    "service-account-issuer=https://kubernetes.default.svc.cluster.local",
    "service-account-issuer=https://older.example.org",
    "service-account-max-token-expiration=2h",
  ];
  return {
    dir,
    ca,
    proxyCa,
    issuer,
    second,
    tokenWebhook,
    accessWebhook,
    admin: client("admin", ["system:masters"]),
    flags,
    file,
    client,
    [Symbol.asyncDispose]: async () => {
      for (const server of [issuer, second, tokenWebhook, accessWebhook]) await server[Symbol.asyncDispose]();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function askOver(url: string): AskedServer["ask"] {
  const { hostname, port } = new URL(url);
  return ({ method, path, body, headers = {}, token, certificate }) =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const agent = new Agent({ maxCachedSessions: 0 });
      const outgoing = send(
        {
          agent,
          hostname,
          port,
          path,
          method: method ?? (text === undefined ? "GET" : "POST"),
          rejectUnauthorized: false,
          ...(certificate === undefined ? {} : { cert: certificate.certificate, key: certificate.key }),
          headers: {
            accept: "application/json",
            ...(text === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
            ...headers,
          },
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
          incoming.on("error", reject);
          incoming.on("end", () => {
            agent.destroy();
            const all = Buffer.concat(chunks).toString("utf8");
            const json = incoming.headers["content-type"]?.startsWith("application/json") === true && all !== "";
            const warnings = [...((incoming.headers as { warning?: string }).warning ?? "").matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)];
            resolve({ status: incoming.statusCode ?? 0, warnings: warnings.map((m) => m[1] ?? ""), body: json ? JSON.parse(all) : all });
          });
        },
      );
      outgoing.on("error", reject);
      outgoing.end(text);
    });
}

/** Ours, with these flags, over a memory store; with controllers when `work` is set. */
export async function startOurs(flags: readonly string[], work = false): Promise<AskedServer & { readonly pki: ClusterPki }> {
  const { plane, pki, ...started } = await memoryControlPlane({ name: "auth", kubeApiserverArgs: flags, work });
  return { url: plane.url, pki, ask: askOver(plane.url), [Symbol.asyncDispose]: () => started[Symbol.asyncDispose]() };
}

/** Upstream's, with the same flags. `bin`: where kube-apiserver and etcd are. */
export async function startReference(flags: readonly string[], bin: string): Promise<AskedServer> {
  const dir = mkdtempSync(join(tmpdir(), "auth-reference-"));
  const [client, peer, port] = [await freePort(), await freePort(), await freePort()];
  const children: ChildProcess[] = [];
  const run = (name: string, args: readonly string[]): void => {
    const child = spawn(join(bin, name), args, {
      stdio: ["ignore", "ignore", process.env["AUTH_LOG"] === undefined ? "ignore" : "inherit"],
    });
    children.push(child);
  };
  const serving = issueCertificate(createCa({ commonName: "reference" }), { commonName: "s", sans: ["127.0.0.1"], usages: ["server"] });
  writeFileSync(join(dir, "tls.crt"), serving.certificate);
  writeFileSync(join(dir, "tls.key"), serving.key);
  const etcd = `http://127.0.0.1:${client}`;
  const peers = `http://127.0.0.1:${peer}`;
  run("etcd", [
    "--data-dir",
    join(dir, "etcd"),
    "--listen-client-urls",
    etcd,
    "--advertise-client-urls",
    etcd,
    "--log-level",
    "error",
    "--listen-peer-urls",
    peers,
    "--initial-advertise-peer-urls",
    peers,
    "--initial-cluster",
    `default=${peers}`,
  ]);
  run("kube-apiserver", [
    "--etcd-servers",
    etcd,
    "--secure-port",
    String(port),
    "--bind-address",
    "127.0.0.1",
    "--advertise-address",
    "127.0.0.1",
    "--tls-cert-file",
    join(dir, "tls.crt"),
    "--tls-private-key-file",
    join(dir, "tls.key"),
    "--service-cluster-ip-range",
    "10.96.0.0/16",
    "--endpoint-reconciler-type",
    "none",
    ...flags.map((flag) => `--${flag}`),
  ]);
  const url = `https://127.0.0.1:${port}`;
  const ask = askOver(url);
  const stop = async (): Promise<void> => {
    for (const child of children) {
      child.kill("SIGKILL");
      await new Promise((ended) => child.once("exit", ended));
    }
    rmSync(dir, { recursive: true, force: true });
  };
  for (let left = 240; ; left--) {
    const answer = await ask({ path: "/livez" }).catch(() => undefined);
    if (answer?.status === 200) break;
    if (left === 0 || children.some((c) => c.exitCode !== null)) {
      await stop();
      throw new Error("the reference server did not start");
    }
    await new Promise((later) => setTimeout(later, 250));
  }
  return { url, ask, [Symbol.asyncDispose]: stop };
}
